"""What an import, its undoing, a bulk edit or one statement wrote is found at once, and what it took away is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.urls import reverse

from apps.catalog.models import Price, Product, words
from apps.catalog.resources import ProductImporter
from apps.catalog.selectors import finding
from apps.catalog.selectors.schemas import Lack
from apps.catalog.services import attributes, categories, products, schema
from backoffice.kernel import audit
from backoffice.outbox import runner
from backoffice.transfers.services import runs, undoing

from .factories import make_price_list, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_of_the_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def found(text: str) -> list[str]:
    return sorted(Product.objects.filter(finding.find(text).condition).values_list("sku", flat=True))


def imported(*lines: str) -> Any:
    file = ContentFile("\n".join(["sku;name;barcode;price:counter;price:web", *lines]).encode(), name="goods.csv")
    run = runs.start(ProductImporter, file=file, decimal_style="dot", options={})
    runner.drain()
    runs.apply(run)
    runner.drain()
    run.refresh_from_db()
    assert run.status == "done", run.error
    return run


@pytest.mark.parametrize("at_once", [500, 1])
def test_an_import_and_its_undoing_are_found(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProductImporter, "apply_size", at_once)
    make_price_list("counter"), make_price_list("web")
    for number in range(3):
        make_product(f"Rustic loaf {number}", sku=f"OLD-{number}")

    run = imported(
        *(f"OLD-{number};Zabaglione {number};789000{number};;" for number in range(2)), "NEW-1;Stroopwafel;;5;"
    )

    assert found("zabaglione") == ["OLD-0", "OLD-1"]
    assert found("7890001") == ["OLD-1"], "a code that it brought"
    assert found("zabaglone") == ["OLD-0", "OLD-1"], "and a slip of a word that it brought"
    assert found("stropwafel") == found("new-1") == ["NEW-1"]
    assert found("rustic") == ["OLD-2"], "a name that is no more is not found"

    undoing.undo(run, reason="wrong file")
    runner.drain()

    assert found("rustic") == ["OLD-0", "OLD-1", "OLD-2"]
    assert found("rustik") == ["OLD-0", "OLD-1", "OLD-2"]
    for gone in ("zabaglione", "zabaglone", "stroopwafel", "new-1", "7890001"):
        assert found(gone) == [], gone


def test_what_a_form_a_deletion_and_an_attribute_change_is_found(as_user: Any) -> None:
    breads = categories.create(name="Breads")
    schema.add(breads, attributes.create(name="Taste", type="select", options=["Tangy", "Mild"]))
    loaves = [make_product(f"Loaf {number}", sku=f"L-{number}", category=breads) for number in range(3)]
    client = as_user("catalog.view_product", "catalog.change_product")

    data = {"action": "attributes", "ids": [loaf.pk for loaf in loaves[:2]], "confirm": "1", "attr_taste": "tangy"}
    assert client.post(reverse("catalog:product_list"), data).status_code == 302, "none was refused"
    assert found("tangy") == found("tagny") == ["L-0", "L-1"]

    loaves[0].refresh_from_db()
    products.update(loaves[0], name="Focaccia")
    assert (found("focaccia"), found("focacia")) == (["L-0"], ["L-0"])
    with transaction.atomic():
        loaves[2].delete()
    assert found("loaf") == ["L-1"]


def test_many_rows_of_one_statement_are_learnt_once_and_only_what_changed() -> None:
    one, two, three = (make_product(f"Same {number}", sku=f"S-{number}") for number in range(3))
    with transaction.atomic():
        for product, name in ((one, "Quark twist"), (two, "Quark knot"), (three, "Same 2")):
            product.name = name
            product.refresh_search_text()
        audit.bulk_update([one, two, three], ["name", "search_text"])

    assert (found("quarck"), found("knott"), found("same")) == (["S-0", "S-1"], ["S-1"], ["S-2"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM catalog_word WHERE term = 'quark'")
        assert cursor.fetchone() == (1,)


def test_a_new_product_may_have_a_price_of_its_own_in_a_list_that_follows() -> None:
    web = make_price_list("web", base=make_price_list("counter"), percentage=Decimal(10))
    run = imported("A;Loaf;;5;", "B;Rye;;5;9")
    assert (run.applied, run.refused_late) == (2, 0)
    rows = Price.objects.filter(price_list=web).values_list("product__sku", "amount", "is_derived")
    assert set(rows) == {("A", Decimal("5.5"), True), ("B", Decimal(9), False)}
    assert not Product.objects.filter(missing__in=Lack.PRICE.masks).exists()
    imported("A;Loaf;;6;7", "B;Rye;;6;")
    rows = Price.objects.filter(price_list=web, valid_to=None).values_list("product__sku", "amount", "is_derived")
    assert set(rows) == {("A", Decimal(7), False), ("B", Decimal(9), False)}


def test_words_are_told_apart_at_every_sign() -> None:
    """The statement that PostgreSQL keeps its words by says what Python says; SQLite has only Python's."""
    signs = {
        sign: f"rye{sign}bread 12{sign}5 {sign}oat-{sign}loaf.x{sign} рожь{sign}ß·rye" for sign in words.SEPARATORS
    }
    for sign, text in signs.items():
        told = {part for word in text.split() for part in words.parts_of(word)}
        assert {"rye", "bread", "oat", "loaf"} <= told, sign
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT tsvector_to_array(catalog_words(%s))", [text])
                assert set(cursor.fetchone()[0]) == told, sign
