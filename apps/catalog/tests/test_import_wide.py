"""All that a product file can say: attributes, variants, packs, bundles and media, in whatever order the rows stand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import translation

from apps.catalog.models import Attribute, BundleItem, Category, Product, ProductMedia, ProductUnit, RemotePicture
from apps.catalog.resources import ProductImporter
from apps.catalog.services import attributes, bundles, categories, media, packs, products, schema, variants
from backoffice.outbox import runner
from backoffice.transfers import outgoing
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs, undoing

from .factories import make_price_list, make_product

pytestmark = pytest.mark.django_db
AXES = "sku;name;kind;category;variant_of;axes;attribute:size;attribute:filling;attribute:weight;price:counter"


@pytest.fixture(autouse=True)
def _files_of_the_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def cakes(db: None) -> Category:
    """A category whose products have a size, a filling, and a weight."""
    make_price_list("counter")
    found = categories.create(name="Cakes")
    kinds = Attribute.Type
    for name, kind, options, axis in (
        ("Size", kinds.SELECT, ("Small", "Large, round"), True),
        ("Filling", kinds.SELECT, ("Jam", "Cream"), True),
        ("Weight", kinds.NUMBER, (), False),
        ("Vegan", kinds.BOOLEAN, (), False),
        ("Best on", kinds.DATE, (), False),
        ("Suits", kinds.MULTISELECT, ("Tea", "Rum, dark"), False),
        ("Origin", kinds.TEXT, (), False),
    ):
        made = attributes.create(name=name, type=kind, options=options)
        schema.add(found, made, is_variant_axis=axis)
    return found


def previewed(*lines: str, headings: str = AXES, style: str = "dot") -> TransferRun:
    file = ContentFile("\n".join([headings, *lines]).encode(), name="goods.csv")
    run = runs.start(ProductImporter, file=file, decimal_style=style, options={"new_categories": True})
    runner.drain()
    run.refresh_from_db()
    assert run.status == "ready", run.error
    return run


def applied(run: TransferRun) -> TransferRun:
    runs.apply(run)
    runner.drain()
    run.refresh_from_db()
    assert run.status == "done", run.error
    return run


def undone(run: TransferRun, **more: Any) -> TransferRun:
    undoing.undo(run, reason="wrong file", **more)
    runner.drain()
    run.refresh_from_db()
    assert run.status == "undone", run.error
    return run


def told(run: TransferRun) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.reason) for row in run.rows.filter(outcome="refused").order_by("line")]


def reimported(kind: str = "csv", language: str = "en") -> TransferRun:
    """What there is goes out as a file and is previewed again, as a person of that language would."""
    with translation.override(language):
        answer: Any = outgoing.file("products", kind, *ProductImporter.export())
        content = b"".join(answer)
        file = ContentFile(content, name=f"products.{kind}")
        run = runs.start(ProductImporter, file=file, decimal_style=outgoing.own_style(), options={})
    runner.drain()
    run.refresh_from_db()
    assert run.status == "ready", run.error
    return run


def values(sku: str) -> dict[str, Any]:
    return Product.objects.get(sku=sku).attributes


# --- attributes ---------------------------------------------------------------------------------------------------
WIDE = "sku;name;category;attribute:weight;attribute:vegan;attribute:best_on;attribute:suits;attribute:origin"


def test_attributes_are_read_shown_and_cleared() -> None:
    applied(previewed("A;Cake;Cakes;1,250.5;sim;24/12/2026;tea;Serra", headings=WIDE))
    assert values("A") == {
        "weight": "1250.5", "vegan": True, "best_on": "2026-12-24", "suits": ["tea"], "origin": "Serra"
    }  # fmt: skip
    assert "serra" in Product.objects.get().search_text

    run = previewed("A;;;1.250,5;;;rum-dark;-", headings=WIDE, style="comma")
    assert [(c["field"], c["before"], c["after"]) for c in run.rows.get().changes] == [
        ("attribute:suits", "Tea", "rum-dark"), ("attribute:origin", "Serra", "")
    ]  # fmt: skip
    applied(run)
    assert values("A") == {"weight": "1250.5", "vegan": True, "best_on": "2026-12-24", "suits": ["rum-dark"]}
    undone(run)
    assert values("A")["origin"] == "Serra"


def test_numbers_of_the_preview_are_written_as_in_the_file() -> None:
    make_product(sku="A", price="9.5")
    run = previewed("A;12,5;1.234,5", headings="sku;tax_rate;price:counter", style="comma")
    assert [(c["before"], c["after"]) for c in run.rows.get().changes] == [("0", "12,5"), ("9,50", "1234,50")]


def test_every_wrong_cell_of_a_row_is_told() -> None:
    make_product(sku="OLD", barcode="X1")
    run = previewed("A;Cake;Cakes;x;maybe;31/31/2026;coffee;ok", headings=WIDE)
    assert [column for column, *_why in run.rows.get().data["wrong"]] == [
        "attribute:weight", "attribute:vegan", "attribute:best_on", "attribute:suits"
    ]  # fmt: skip
    run = previewed("A;Cake;", "OLD2;B;X1", "a;C;X1", headings="sku;name;barcode")
    assert [(line, column) for line, column, _why in told(run)] == [(3, "barcode"), (4, "sku")]
    (clash,) = run.rows.filter(line=4)
    assert [column for column, *_why in clash.data["wrong"]] == ["sku", "barcode"]
    assert clash.reason == "Line 2 has this SKU already. OLD has this barcode already."


def test_an_attribute_of_another_category_is_refused_and_hidden_values_stay(cakes: Category) -> None:
    run = previewed("A;Bread;;80", headings="sku;name;category;attribute:weight")
    assert told(run)[0][:2] == (2, "attribute:weight")
    cake = make_product("Cake", sku="C", category=cakes, attributes={"weight": Decimal(80)})
    products.update(cake, category=None)
    assert (reimported().unchanged, values("C")) == (1, {"weight": "80"})


def test_a_new_category_asks_for_what_those_above_it_ask() -> None:
    run = applied(previewed("A;Cake;Cakes > Cheesecakes > Baked;80", headings="sku;name;category;attribute:weight"))
    assert (run.applied, values("A")) == (1, {"weight": "80"})


# --- variants -----------------------------------------------------------------------------------------------------
CAKE = "CAKE;Birthday cake;configurable;Cakes;;size, Filling;;;;"
SMALL = "CAKE-S;;;;CAKE;;Small;jam;500;40"
LARGE = "CAKE-L;Big one;;;cake;;large-round;Cream;900;70"


@pytest.mark.parametrize("lines", [(CAKE, SMALL, LARGE), (SMALL, LARGE, CAKE), (LARGE, CAKE, SMALL)])
def test_a_product_with_its_variants_comes_in_any_order(
    lines: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProductImporter, "apply_size", 2)
    monkeypatch.setattr(ProductImporter, "check_size", 2)
    run = applied(previewed(*lines))

    assert (run.new, run.applied) == (3, 3)
    cake, small, large = (Product.objects.get(sku=sku) for sku in ("CAKE", "CAKE-S", "CAKE-L"))
    assert (cake.kind, cake.axes, cake.is_sellable, cake.sell_policy) == (
        "configurable", ["size", "filling"], False, "on_demand"
    )  # fmt: skip
    assert (small.name, small.variant_of, small.variant_key) == (
        "Birthday cake, Small, Jam", cake, "size=small;filling=jam"
    )  # fmt: skip
    assert (large.name, str(large.category), large.attributes["weight"]) == ("Big one", "Cakes", "900")
    assert small.attributes == {"size": "small", "filling": "jam", "weight": "500"}
    assert previewed(*lines).unchanged == 3

    undone(run)
    assert not Product.objects.exists()
    assert Product.history.filter(history_type="-").count() == 3


def test_variants_that_do_not_fit_are_refused_with_the_line() -> None:
    applied(previewed(CAKE, SMALL))
    run = previewed(
        "V1;;;;CAKE;;small;jam;;", "V2;;;;CAKE;;small;;;", "V3;;;;NONE;;small;jam;;", "V4;;;;CAKE-S;;small;jam;;",
        "V5;;;Bread;CAKE;;large-round;cream;;", "V6;;;;CAKE;;small;cream;;", "V7;;;;CAKE;;small;cream;;",
        "CAKE-S;;;;CAKE;;large-round;jam;;", "CAKE;;;;;size;;;;", "N;New;;Cakes;;size;;;;",
        "P;Parent;configurable;Cakes;;weight;;;;", "P-1;;;;P;;small;;;",
    )  # fmt: skip
    assert [(line, column) for line, column, _why in told(run)] == [
        (2, "attribute:size"), (3, "attribute:filling"), (4, "variant_of"), (5, "variant_of"), (6, "category"),
        (8, "attribute:size"), (9, "attribute:size"), (10, "axes"), (11, "axes"), (12, "axes"), (13, "variant_of"),
    ]  # fmt: skip
    reasons = {line: reason for line, _column, reason in told(run)}
    assert "CAKE-S" in reasons[2]
    assert "line 12" in reasons[13]
    assert "Line 7" in reasons[8]


def test_what_happened_to_the_product_since_the_preview_refuses_its_variants() -> None:
    cake = applied(previewed(CAKE)).rows.get()
    run = previewed(SMALL, LARGE)
    parent = Product.objects.get(pk=cake.written["pk"])
    variants.make(parent, [("small", "jam")])
    run = applied(run)
    assert (run.applied, run.refused_late) == (1, 1)
    assert "variant" in run.rows.get(line=2).reason


def test_a_variant_that_is_sold_keeps_its_product_when_the_import_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    run = applied(previewed(CAKE, SMALL, LARGE))
    products.set_name(Product.objects.get(sku="CAKE-L"), "Mine")

    ahead = undoing.prospect(run)
    assert [(row.meta, ahead.kept) for row, _why in ahead.obstacles] == [("CAKE", 2), ("CAKE-L", 2)]
    undone(run, keep=True)
    assert set(Product.objects.values_list("sku", flat=True)) == {"CAKE", "CAKE-L"}


# --- packs --------------------------------------------------------------------------------------------------------
def test_packs_have_barcodes_are_approximate_and_not_only_decimal() -> None:
    headings = "sku;name;packs"
    applied(previewed('A;Herb;"box = 6 [7898912340122]; bunch = ~0,4; third = 1/3"', headings=headings, style="comma"))
    found = {
        pack.name: (pack.numerator, pack.denominator, pack.barcode, pack.is_approximate)
        for pack in ProductUnit.objects.all()
    }
    assert found == {
        "box": (6, 1, "7898912340122", False), "bunch": (2, 5, "", True), "third": (1, 3, "", False)
    }  # fmt: skip
    assert reimported().unchanged == 1

    run = applied(previewed('A;;"BOX = 8; bunch = 0.4"', headings=headings))
    assert (ProductUnit.objects.get(name="box").barcode, ProductUnit.objects.get(name="box").numerator) == (
        "7898912340122", 8,
    )  # fmt: skip
    assert not ProductUnit.objects.get(name="bunch").is_approximate
    undone(run)
    assert ProductUnit.objects.get(name="box").numerator == 6
    assert ProductUnit.objects.get(name="bunch").is_approximate
    applied(previewed('A;;"box = 6 []"', headings=headings))
    assert ProductUnit.objects.get(name="box").barcode == ""


def test_barcodes_of_packs_clash_like_those_of_products() -> None:
    bread = make_product(sku="OLD", barcode="X1")
    packs.add(bread, name="box", quantity=Decimal(6), barcode="X2")
    run = previewed(
        'A;A;;"box = 6 [X1]"', 'B;B;;"box = 6 [X2]"', "C;C;X2;", 'D;D;X3;"box = 2 [X3]"',
        'E;E;;"box = 2 [X4]; bag = 3 [X4]"',
        'F;F;;"box = 2 [7898912340121]"', 'G;G;;"box = 0"', 'H;H;;"box = 1; Box = 2"', 'I;I;;"box; bag = 1"',
        'OLD;;X1;"box = 7 [X2]"', headings="sku;name;barcode;packs",
    )  # fmt: skip
    expected = ["packs", "packs", "barcode", *["packs"] * 6]
    assert [(line, column) for line, column, _why in told(run)] == list(enumerate(expected, start=2))
    assert run.changed == 1


def test_a_hostile_cell_costs_little_time() -> None:
    cells = ["a" + " " * 30000, "a=" * 15000, "a=1;" * 5000, "=" + "1" * 30000, "a = " + "1," * 15000]
    started = time.process_time()
    run = previewed(*(f'S{n};N;"{cell}"' for n, cell in enumerate(cells)), headings="sku;name;packs")
    assert [(line, column) for line, column, _why in told(run)] == [(n, "packs") for n in range(2, 7)]
    assert time.process_time() - started < 5


# --- bundles ------------------------------------------------------------------------------------------------------
BUNDLE = "sku;name;kind;parts"


@pytest.fixture
def goods() -> Iterator[list[Product]]:
    return [make_product(sku=sku) for sku in ("JAM", "BEAN", "A;B=C")]  # type: ignore[return-value]


@pytest.mark.parametrize("size", [1, 500])
def test_bundles_in_bundles_come_before_their_parts_and_go_again(
    goods: list[Product], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProductImporter, "apply_size", size)
    lines = ['BASK;Basket;bundle;"SET = 1; NEW = 2.5; A;B=C = 4"', 'SET;Set;bundle;"jam = 1; BEAN = 2"', "NEW;New;;"]
    run = applied(previewed(*lines, headings=BUNDLE))

    held = {
        (i.bundle.sku, i.component.sku): i.quantity for i in BundleItem.objects.select_related("bundle", "component")
    }
    assert held == {
        ("BASK", "SET"): 1, ("BASK", "NEW"): Decimal("2.5"), ("BASK", "A;B=C"): 4,
        ("SET", "JAM"): 1, ("SET", "BEAN"): 2,
    }  # fmt: skip
    assert BundleItem.history.count() == 5
    assert previewed(*lines, headings=BUNDLE).unchanged == 3
    assert reimported("xlsx", "pt-br").unchanged == 6

    change = applied(previewed('SET;;;"BEAN = 3"', headings=BUNDLE))
    assert list(BundleItem.objects.filter(bundle__sku="SET").values_list("component__sku", "quantity")) == [("BEAN", 3)]
    undone(change)
    assert BundleItem.objects.filter(bundle__sku="SET").count() == 2
    undone(run)
    assert set(Product.objects.values_list("sku", flat=True)) == {"JAM", "BEAN", "A;B=C"}
    assert not BundleItem.objects.exists()


def test_circles_are_refused_with_the_path_and_its_lines(goods: list[Product]) -> None:
    bundle = make_product(sku="OLD", kind=Product.Kind.BUNDLE)
    bundles.put(bundle, goods[0], quantity=Decimal(1))
    run = previewed(
        "A;A;bundle;B = 1", "B;B;bundle;C = 1; JAM = 1", "C;C;bundle;A = 1", "D;D;bundle;A = 1", "E;E;bundle;E = 1",
        "F;F;bundle;NONE = 1", "G;G;;JAM = 1", "H;H;bundle;OLD = 1", "OLD;;;H = 1", headings=BUNDLE,
    )  # fmt: skip
    reasons = {line: reason for line, _column, reason in told(run)}
    assert set(reasons) == {2, 3, 4, 5, 6, 7, 8, 9, 10}
    assert "A (line 2) → B (line 3) → C (line 4) → A (line 2)" in reasons[2]
    assert "line 2" in reasons[5]
    assert "OLD (line 10) → H (line 9) → OLD (line 10)" in reasons[10]
    deep = [f"L{n};L;bundle;L{n + 1} = 1" for n in range(6)]
    run = previewed(*deep, "L6;L;;", headings=BUNDLE)
    assert [line for line, *_more in told(run)] == [2]


def test_a_circle_that_closed_since_the_preview_is_refused(goods: list[Product]) -> None:
    one, two = (make_product(sku=sku, kind=Product.Kind.BUNDLE) for sku in ("ONE", "TWO"))
    run = previewed('ONE;;;"TWO = 1; JAM = 1"', "JAM;Jelly;;", headings=BUNDLE)
    bundles.put(two, one, quantity=Decimal(1))
    run = applied(run)
    assert (run.applied, run.refused_late) == (1, 1)
    assert "circle" in run.rows.get(line=2).reason


def test_a_part_that_somebody_put_into_a_bundle_stays(goods: list[Product]) -> None:
    run = applied(previewed("NEW;New;;", "SET;Set;bundle;NEW = 1", headings=BUNDLE))
    other = make_product(sku="OTHER", kind=Product.Kind.BUNDLE)
    bundles.put(other, Product.objects.get(sku="NEW"), quantity=Decimal(1))
    assert [row.meta for row, _why in undoing.prospect(run).obstacles] == ["NEW"]
    bundles.put(Product.objects.get(sku="SET"), goods[0], quantity=Decimal(1))
    assert {row.meta: why for row, why in undoing.prospect(run).obstacles}["SET"] == "Its parts were changed since."


# --- media --------------------------------------------------------------------------------------------------------
def test_pictures_are_asked_for_once_and_videos_written_down() -> None:
    headings, url = "sku;name;media", "https://shop.invalid/a.jpg"
    lines = [f"A;A;{url} https://shop.invalid/b.png video:https://video.invalid/v", f"B;B;{url}"]
    run = previewed(*lines, headings=headings)
    assert not RemotePicture.objects.exists()
    run = applied(run)
    assert run.figures["media"] == 4
    assert sorted(RemotePicture.objects.values_list("product__sku", "url")) == [
        ("A", url), ("A", "https://shop.invalid/b.png"), ("B", url)
    ]  # fmt: skip
    assert ProductMedia.objects.get().url == "https://video.invalid/v"
    assert previewed(*lines, headings=headings).unchanged == 2
    assert reimported().unchanged == 2

    undone(run)
    assert not Product.objects.exists()
    assert not RemotePicture.objects.exists()


def test_addresses_that_are_none_are_refused() -> None:
    run = previewed(
        "A;A;picture.jpg", "B;B;ftp://a.example/x", "C;C;video:http://a.example/x", "D;D;-", headings="sku;name;media"
    )
    assert [(line, column) for line, column, _why in told(run)] == [(n, "media") for n in (2, 3, 4, 5)]


# --- out and in again ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_everything_that_goes_out_comes_back_without_a_change(cakes: Category, kind: str, language: str) -> None:
    applied(previewed(CAKE, SMALL, LARGE))
    full = make_product(
        "=Flour; “00”", sku="-F 1", unit="kg", price="4.2567", category=cakes, description="Two\r\nlines, ", tags=["-"],
        attributes={"weight": Decimal("1.25"), "vegan": False, "suits": ["tea", "rum-dark"], "origin": "-"},
        tax_rate=Decimal("7.25"), shelf_life_days=0,
    )  # fmt: skip
    packs.add(full, name="bag", quantity=Decimal("1.234"), barcode="X1", is_approximate=True)
    media.add_video(full, url="https://video.invalid/1")
    bundle = make_product(sku="SET", kind=Product.Kind.BUNDLE, price="1234.5")
    bundles.put(bundle, full, quantity=Decimal("1.234"))

    make_product("Cafe\u0301 🥐", sku="NFD", description="pasted\x0bfrom a letter; _x000D_", tags=["cafe\u0301", "b"])

    run = reimported(kind, language)

    assert [(row.meta, row.changes, row.reason) for row in run.rows.exclude(outcome="unchanged")] == []
    assert run.unchanged == 6
