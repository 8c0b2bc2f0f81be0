"""An import is taken back: what it made goes, what it changed is as before, what is used stays and says why."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Category, Price, Product, ProductUnit
from apps.catalog.resources import ProductImporter
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import categories, packs, prices, products
from backoffice.kernel import audit
from backoffice.kernel.errors import DomainError, NotAllowed
from backoffice.outbox import runner
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs, undoing

from .factories import make_price_list, make_product

pytestmark = pytest.mark.django_db
HEADINGS = "sku;name;category;unit;barcode;packs;tags;shelf_life_days;price:counter"
IMPORTING = (
    "catalog.import_product",
    "catalog.view_product",
    *(f"transfers.{verb}_transferrun" for verb in ("view", "add", "change")),
)
UNDOING = (*IMPORTING, "transfers.undo_transferrun")


@pytest.fixture(autouse=True)
def _files_of_the_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def imported(*lines: str, headings: str = HEADINGS) -> TransferRun:
    file = ContentFile("\n".join([headings, *lines]).encode(), name="goods.csv")
    run = runs.start(ProductImporter, file=file, decimal_style="dot", options={"new_categories": True})
    runner.drain()
    runs.apply(run)
    runner.drain()
    run.refresh_from_db()
    assert run.status == "done", (run.status, run.error, list(run.rows.refused().values_list("line", "reason")))
    return run


def undone(run: TransferRun, **more: Any) -> TransferRun:
    undoing.undo(run, reason="wrong file", **more)
    runner.drain()
    run.refresh_from_db()
    assert run.status == "undone", run.error
    return run


def told(row: Any) -> dict[str, Any]:
    left_out = {"revision", "updated_at"}
    return {field.name: getattr(row, field.attname) for field in row._meta.fields if field.name not in left_out}


def test_what_was_made_is_removed_and_what_was_changed_is_as_before() -> None:
    counter = make_price_list("counter")
    bakery = categories.create(name="Bakery")
    bread = make_product(
        "Bread", sku="A", price="5", barcode="X1", category=bakery, tags=["old"], shelf_life_days=3, description="Long"
    )
    packs.add(bread, name="box", quantity=Decimal(6))
    cake = make_product("Cake", sku="C", price="7")
    before = [told(product) for product in Product.objects.order_by("sku")]

    run = imported(
        "A;Loaf;Sweets > Cakes;un;X2;box = 8;new, hot;9;5.50",
        "B;Bun;Sweets > Buns;un;X3;bag = 3;;;1.20",
        "C;;;;;;;;7.30",
    )
    assert Product.objects.count() == 3
    ahead = undoing.prospect(run)
    assert (ahead.removed, ahead.put_back, ahead.kept) == (1, 2, 0)
    run = undone(run)

    assert (run.undone, run.kept) == (3, 0)
    assert [told(product) for product in Product.objects.order_by("sku")] == before
    assert price_reads.current(counter, [bread, cake]) == {bread.pk: Decimal(5), cake.pk: Decimal(7)}
    assert [(pack.name, pack.numerator) for pack in ProductUnit.objects.all()] == [("box", 6)]
    assert set(Category.objects.values_list("name", flat=True)) == {"Bakery"}
    bread.refresh_from_db()
    assert bread.revision == 3
    entry = bread.history.latest()
    assert "wrong file" in entry.history_change_reason
    assert f"#{run.pk}" in entry.history_change_reason
    assert Product.history.filter(sku="B", history_type="-").count() == 1
    assert Price.objects.filter(product=bread).count() == 3, "what was charged meanwhile stays in the books"
    assert undoing.can_be_asked(run) is False
    with pytest.raises(undoing.AlreadyUndone):
        undoing.undo(run, reason="again")


def test_the_same_file_can_be_imported_again_after_an_undo() -> None:
    make_price_list("counter")
    make_product("Bread", sku="A", price="5")
    lines = ["A;Loaf;Bakery;un;;;;;5.50", "B;Bun;Bakery;un;;;;;1.20"]
    undone(imported(*lines))
    run = imported(*lines)

    assert (run.new, run.changed, run.applied) == (1, 1, 2)
    assert set(Product.objects.values_list("name", flat=True)) == {"Loaf", "Bun"}


def test_what_somebody_built_on_stays_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    make_price_list("counter")
    for sku in ("E", "F", "G", "H"):
        make_product(sku, sku=sku, price="5", barcode=f"OLD-{sku}" if sku == "H" else "")
    run = imported(
        "A;Edited;Bakery;un;;;;;1", "B;Priced;;un;;;;;1", "C;Packed;;un;;;;;", "D;Free;;un;;;;;1",
        "E;Edited;;;;;;;6", "F;;;;;;;;6", "G;Free;;;;;;;6", "H;;;;NEW-H;;;;",
    )  # fmt: skip
    of = {product.sku: product for product in Product.objects.all()}
    products.set_name(of["A"], "By hand")
    prices.set_many(price_reads.default_list(), [prices.Change(of["B"].pk, Decimal(2))])  # type: ignore[arg-type]
    packs.add(of["C"], name="box", quantity=Decimal(2))
    products.set_name(of["E"], "By hand")
    prices.set_many(price_reads.default_list(), [prices.Change(of["F"].pk, Decimal(8))])  # type: ignore[arg-type]
    make_product("Taker", sku="T", barcode="OLD-H")

    ahead = undoing.prospect(run)
    assert [row.meta for row, _why in ahead.obstacles] == ["A", "B", "C", "E", "F", "H"]
    with pytest.raises(DomainError, match="6 rows"):
        undoing.undo(run, reason="oops")
    run = undone(run, keep=True)

    assert (run.undone, run.kept) == (2, 6)
    assert set(Product.objects.values_list("sku", "name")) == {
        ("A", "By hand"), ("B", "Priced"), ("C", "Packed"), ("E", "By hand"), ("F", "F"), ("G", "G"), ("H", "H"),
        ("T", "Taker"),
    }  # fmt: skip
    assert Category.objects.filter(name="Bakery").exists(), "a product is still in it"
    reasons = dict(run.rows.filter(state="kept").values_list("meta", "reason"))
    assert set(reasons) == {"A", "B", "C", "E", "F", "H"}
    assert "price" in reasons["B"]
    assert "packs" in reasons["C"]
    assert "barcode" in reasons["H"]


def test_a_product_that_another_room_uses_stays() -> None:
    make_price_list("counter")
    run = imported("A;Bundle;;un;;;;;1", "B;Free;;un;;;;;1")
    used = Product.objects.get(sku="A")
    # The nearest thing in this house that points to a product: a product that is a variant of it.
    Product.objects.filter(pk=make_product("Small", sku="V").pk).update(variant_of=used, variant_key="s")

    ahead = undoing.prospect(run)

    assert [row.meta for row, _why in ahead.obstacles] == ["A"]
    assert "products" in ahead.obstacles[0][1]


def test_used_between_the_question_and_the_undo_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    make_price_list("counter")
    run = imported("A;One;;un;;;;;1", "B;Two;;un;;;;;1")
    undoing.undo(run, reason="oops")
    products.set_name(Product.objects.get(sku="A"), "Mine")
    runner.drain()
    run.refresh_from_db()

    assert (run.status, run.undone, run.kept) == ("undone", 1, 1)
    assert Product.objects.get().name == "Mine"


def test_an_undo_that_was_killed_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    make_price_list("counter")
    monkeypatch.setattr(ProductImporter, "apply_size", 2)
    run = imported(*(f"S-{number};N;;un;;;;;1" for number in range(5)))
    whole = ProductImporter.undo

    def power_cut(self: Any, rows: Any) -> Any:
        if any(row.meta == "S-2" for row in rows):
            raise RuntimeError("power cut")
        return whole(self, rows)

    with monkeypatch.context() as patched:
        patched.setattr(ProductImporter, "undo", power_cut)
        undoing.undo(run, reason="oops")
        runner.drain()
    run.refresh_from_db()
    assert (run.status, run.undone, Product.objects.count()) == ("failed", 2, 3)
    with pytest.raises(DomainError, match="undone"):
        runs.apply(run)

    assert undone(run).undone == 5
    assert not Product.objects.exists()


def test_a_run_without_anything_written_cannot_be_undone() -> None:
    make_price_list("counter")
    file = ContentFile(f"{HEADINGS}\nA;A;;un;;;;;1".encode(), name="goods.csv")
    run = runs.start(ProductImporter, file=file, decimal_style="dot")
    runner.drain()
    run.refresh_from_db()

    assert not undoing.can_be_asked(run)
    with pytest.raises(NotAllowed):
        undoing.undo(run, reason="oops")


def test_statements_do_not_grow_with_the_rows(django_assert_max_num_queries: Any, monkeypatch: Any) -> None:
    make_price_list("counter")
    for number in range(20):
        make_product(sku=f"OLD-{number}", price="5")
    old = [f"OLD-{number};Renamed;;un;;box = 2;;;{number + 6}" for number in range(20)]
    run = imported(*old, *(f"S-{number};N;;un;;box = 3;;;1" for number in range(20)))
    importer = ProductImporter(run)
    rows = list(run.rows.order_by("-pk"))

    with audit.acting(system="undo"), django_assert_max_num_queries(90):
        assert importer.undo(rows) == {}

    assert Product.objects.count() == 20


def test_the_page_asks_shows_what_stays_and_needs_the_permission(as_user: Callable[..., Client]) -> None:
    make_price_list("counter")
    run = imported("A;One;;un;;;;;1", "B;Two;;un;;;;;1")
    products.set_name(Product.objects.get(sku="A"), "Mine")
    url = reverse("transfers:run_undo", args=[run.pk])

    stranger = as_user(*IMPORTING, username="stranger")
    assert stranger.get(url).status_code == 403
    assert url not in stranger.get(run.get_absolute_url()).content.decode()
    client = as_user(*UNDOING, username="boss")
    assert url in client.get(run.get_absolute_url()).content.decode()
    page = client.get(url).content.decode()
    assert "Mine" in page or "One" in page
    assert "Somebody changed the product since." in page

    answer = client.post(url, {"reason": "wrong file"})
    assert answer.status_code in (409, 422)
    assert Product.objects.count() == 2
    assert client.post(url, {"reason": "wrong file", "keep": "on"}).status_code == 302
    runner.drain()
    run.refresh_from_db()
    assert (run.status, run.undone, run.kept, run.undo_reason) == ("undone", 1, 1, "wrong file")
    assert run.undone_by is not None
    shown = client.get(run.get_absolute_url()).content.decode()
    assert "wrong file" in shown
    assert url not in shown
    assert "before it was undone" in shown, "what was written is not said to be written still"
    again = client.post(url, {"reason": "from another tab"})
    assert again.status_code == 409
    assert "This import was undone already, by " in again.content.decode()


def test_who_applies_the_same_file_second_reads_that_nothing_was_written(as_user: Callable[..., Client]) -> None:
    make_price_list("counter")
    file = f"{HEADINGS}\nA;One;;un;;;;;1\nB;Two;;un;;;;;1".encode()
    first, second = (
        runs.start(ProductImporter, file=ContentFile(file, name="goods.csv"), decimal_style="dot") for _tab in range(2)
    )
    runner.drain()
    for run in (first, second):
        runs.apply(TransferRun.objects.get(pk=run.pk))
        runner.drain()
    client = as_user(*UNDOING, username="boss")

    page = client.get(second.get_absolute_url(), {"tab": "refused"}).content.decode()
    assert "No row was written: all of them were refused." in page
    assert "0 of 2 rows written" in page
    assert page.count("A product with this SKU was added since the preview.") == 2
    assert "2 rows were written." in client.get(first.get_absolute_url()).content.decode()


def test_an_import_without_pictures_does_not_speak_of_them(as_user: Callable[..., Client]) -> None:
    make_price_list("counter")
    run = imported("A;One;;un;;;;;1")
    client = as_user(*UNDOING, username="boss")
    assert "panel-pictures" not in client.get(run.get_absolute_url()).content.decode()
    TransferRun.objects.filter(pk=run.pk).update(figures={"media": 1})
    assert "panel-pictures" in client.get(run.get_absolute_url()).content.decode()
