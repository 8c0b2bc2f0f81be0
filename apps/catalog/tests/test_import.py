from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.catalog.models import Category, Price, Product
from apps.catalog.resources import ProductImporter, ProductResource
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import categories, packs, products
from backoffice.kernel import audit
from backoffice.transfers.importer import Applied, Row, RowResult
from backoffice.transfers.neutral import restore

from .factories import make_price, make_price_list, make_product

pytestmark = pytest.mark.django_db


def importer(**options: Any) -> ProductImporter:
    return ProductImporter(SimpleNamespace(options=options, mapping={}))  # type: ignore[arg-type]


def check(*rows: dict[str, str], **options: Any) -> list[RowResult]:
    lines = [Row(number, cells, values=list(cells.values())) for number, cells in enumerate(rows, start=2)]
    return list(importer(**options).check(lines))


def apply(results: Sequence[RowResult]) -> Applied:
    wanted = [result for result in results if result.outcome in ("new", "changed")]
    rows = [SimpleNamespace(pk=number, line=row.line, data=row.data) for number, row in enumerate(wanted)]
    with audit.acting(system="import #7"):
        return importer().apply(rows)  # type: ignore[arg-type]


CROISSANT = {
    "sku": "PA-12", "name": "Croissant", "category": "Bakery > Viennoiserie", "unit": "un", "is_sellable": "sim",
    "barcode": "7898912340122", "shelf_life_days": "2", "allergens": "milk, Gluten", "tags": "classic, new",
    "tax_rate": "12.5", "packs": "box = 6; tray = 24", "price:counter": "9.50",
}  # fmt: skip


def test_a_new_product_with_everything() -> None:
    make_price_list("counter")

    (result,) = check(CROISSANT)
    applied = apply([result])

    product = Product.objects.get()
    assert result.outcome == "new"
    assert (product.name, str(product.category), product.unit.code, product.shelf_life_days) == (
        "Croissant", "Viennoiserie", "un", 2,
    )  # fmt: skip
    assert (product.allergens, product.tags, product.tax_rate) == (
        ["gluten", "milk"],
        ["classic", "new"],
        Decimal("12.5"),
    )
    assert [(pack.name, pack.numerator) for pack in product.packs.order_by("numerator")] == [("box", 6), ("tray", 24)]
    assert price_reads.current(price_reads.default_list(), [product]) == {product.pk: Decimal("9.50")}
    assert product.search_text.startswith("pa-12 croissant")
    assert product.history.get().history_change_reason == "import #7"
    assert applied.figures == {"categories": 2, "created": 1, "packs": 2, "prices": 1}
    assert Category.objects.get(name="Viennoiserie").parent == Category.objects.get(name="Bakery")


def test_what_a_new_product_will_be_is_told_before_it_is_made(django_assert_num_queries: Any) -> None:
    make_price_list("counter", name="Counter")
    results = check(CROISSANT, {**CROISSANT, "sku": "PA-13", "barcode": "", "media": "https://example.com/a%20b.jpg"})
    rows: Any = [SimpleNamespace(pk=number, data=result.data) for number, result in enumerate(results)]
    step = ProductImporter(SimpleNamespace(options={}, mapping={}, style="comma"))  # type: ignore[arg-type]

    told = step.facts(rows)

    said = {str(fact.label): fact.value for fact in told[0]}
    assert said == {
        "Category": "Bakery > Viennoiserie", "Price: Counter": "9.50", "Packs": "box = 6; tray = 24", "Unit": "un",
        "Barcode": "7898912340122", "Shelf life in days": "2", "Can be sold": "yes", "Allergens": "gluten, milk",
        "Tags": "classic, new", "Tax rate in per cent": "12.5",
    }  # fmt: skip
    assert [str(fact.label) for fact in told[0] if fact.is_new] == ["Category"]
    assert {str(fact.label): fact.value for fact in told[1]}["Pictures"] == "1: a b.jpg"
    apply(results[:1])
    with django_assert_num_queries(0):  # the house is read once
        step.facts(rows)
    again = ProductImporter(SimpleNamespace(options={}, mapping={}, style="dot"))  # type: ignore[arg-type]
    assert not [fact for fact in again.facts(rows)[0] if fact.is_new]


def test_the_same_file_again_changes_nothing() -> None:
    make_price_list("counter")
    apply(check(CROISSANT))

    (result,) = check(CROISSANT)

    assert result.outcome == "unchanged"


def test_changes_are_shown_before_and_after_and_then_made() -> None:
    make_price_list("counter")
    apply(check(CROISSANT))
    cells = {
        "sku": "pa-12",
        "name": "Big croissant",
        "description": "",
        "tags": "-",
        "price:counter": "9.90",
        "is_active": "no",
    }

    (result,) = check(cells)

    assert result.outcome == "changed"
    assert [(change.field, change.before, change.after) for change in result.changes] == [
        ("name", "Croissant", "Big croissant"),
        ("is_active", "yes", "no"),
        ("tags", "classic, new", ""),
        ("price:counter", "9.50", "9.90"),
    ]
    assert apply([result]).refused == {}
    product = Product.objects.get()
    assert (product.sku, product.name, product.tags, product.is_active, product.revision) == (
        "PA-12", "Big croissant", [], False, 2,
    )  # fmt: skip
    assert product.shelf_life_days == 2
    assert "big" in product.search_text
    assert product.history.count() == 2
    assert Price.objects.count() == 2


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"sku": ""}, "sku"),
        ({"sku": "PÃO"}, "sku"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "-"}, "name"),
        ({"unit": "bushel"}, "unit"),
        ({"kind": "ghost"}, "kind"),
        ({"category": "Bakery > "}, "category"),
        ({"barcode": "7898912340121"}, "barcode"),
        ({"barcode": "TAKEN"}, "barcode"),
        ({"shelf_life_days": "-3"}, "shelf_life_days"),
        ({"shelf_life_days": "99999"}, "shelf_life_days"),
        ({"is_active": "maybe"}, "is_active"),
        ({"allergens": "chalk"}, "allergens"),
        ({"tax_rate": "100"}, "tax_rate"),
        ({"packs": "box"}, "packs"),
        ({"packs": "box = 0"}, "packs"),
        ({"price:counter": "1,5"}, "price:counter"),
        ({"price:counter": "-1"}, "price:counter"),
        ({"price:counter": "1.00001"}, "price:counter"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_names_the_column(cells: dict[str, str], column: str) -> None:
    make_price_list("counter")
    make_product(barcode="TAKEN")

    result, good = check({"sku": "A", "name": "A", **cells}, {"sku": "B", "name": "B"})

    assert (result.outcome, result.column, result.line) == ("refused", column, 2)
    assert result.reason
    assert good.outcome == "new"


def test_doubles_in_the_file_are_refused_with_the_line() -> None:
    rows = [
        {"sku": "A", "name": "A", "barcode": "X1"},
        {"sku": "a", "name": "A"},
        {"sku": "B", "name": "B", "barcode": "X1"},
    ]

    results = check(*rows)

    assert [result.outcome for result in results] == ["new", "refused", "refused"]
    assert "2" in results[1].reason
    assert "2" in results[2].reason


def test_an_unknown_category_is_created_only_when_asked() -> None:
    cells = {"sku": "A", "name": "A", "category": "Bakery"}

    assert check(cells, new_categories=False)[0].outcome == "refused"
    categories.create(name="Bakery")
    assert check(cells, new_categories=False)[0].outcome == "new"


def test_what_changed_since_the_preview_is_refused() -> None:
    product = make_product("Bread", sku="A")
    results = check({"sku": "A", "name": "Loaf"}, {"sku": "B", "name": "Bun"})
    products.set_name(product, "Country bread")
    make_product("Another", sku="b")

    applied = apply(results)

    assert set(applied.refused) == {0, 1}
    assert set(Product.objects.values_list("name", flat=True)) == {"Country bread", "Another"}


def test_the_unit_of_a_product_in_use_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    make_product("Bread", sku="A")
    assert check({"sku": "A", "unit": "kg"})[0].outcome == "changed"
    monkeypatch.setattr(products, "used_among", lambda ids: set(ids))

    (result,) = check({"sku": "A", "unit": "kg"})

    assert (result.outcome, result.column) == ("refused", "unit")


def test_a_dash_takes_a_product_off_a_list() -> None:
    counter = make_price_list("counter")
    product = make_product(sku="A", price="5")

    apply(check({"sku": "A", "price:counter": "-"}))

    assert price_reads.current(counter, [product]) == {}


def as_rows(text: str) -> list[Row]:
    rows = csv.DictReader(io.StringIO(text))
    return [
        Row(number, {name: restore(cell) for name, cell in cells.items()}, values=list(cells.values()))
        for number, cells in enumerate(rows, start=2)
    ]


def test_what_is_exported_is_unchanged_when_imported(django_assert_max_num_queries: Any) -> None:
    make_price_list("counter")
    wholesale = make_price_list("wholesale")
    bakery = categories.create(name="Bakery")
    bread = categories.create(name="Bread", parent=bakery)
    plain = make_product("=1+1", sku="-X", description="Two\nlines, and “more”", category=bread, tags=["a", "b c"])
    full = make_product(
        "Farinha de trigo",
        unit="kg",
        kind="ingredient",
        barcode="7898912340122",
        shelf_life_days=180,
        is_sellable=False,
        is_purchasable=True,
        allergens=["gluten"],
        tax_rate=Decimal("7.25"),
        price="4.2567",
        icon="wheat",
    )
    make_price(plain, "12", price_list=wholesale)
    packs.add(full, name="sack 25 kg", quantity=Decimal(25))
    packs.add(full, name="bag", quantity=Decimal("2.5"))
    make_product(is_active=False)

    with django_assert_max_num_queries(13):
        exported = ProductResource().export()
    results = list(importer().check(as_rows(exported.csv)))

    assert [(result.outcome, list(result.changes), result.reason) for result in results] == [("unchanged", [], "")] * 3
    assert "'=1+1" in exported.csv


def test_queries_do_not_grow_with_the_rows(django_assert_max_num_queries: Any) -> None:
    make_price_list("counter")
    rows = [{"sku": f"S-{n}", "name": f"N {n}", "category": "Bakery", "price:counter": "1.5"} for n in range(60)]

    with django_assert_max_num_queries(9):
        results = check(*rows)
    with django_assert_max_num_queries(30):
        apply(results)

    assert Product.objects.count() == 60
