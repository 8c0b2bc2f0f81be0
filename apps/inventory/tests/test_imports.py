from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Product, ProductUnit
from apps.inventory.models import Location, Lot, ReorderRule, StockBalance, StockOperation, Supplier, SupplierItem
from apps.inventory.resources.opening import OpeningImporter
from apps.inventory.resources.reorder_rules import ReorderImporter
from apps.inventory.resources.suppliers import SupplierImporter
from apps.inventory.services import stock
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_product
from apps.inventory.tests.files import as_file, checked, outcomes, run
from backoffice.kernel import clock
from backoffice.transfers.rows import Row

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def file() -> list[dict[str, str]]:
    make_product("Flour", sku="FLR", unit="kg", shelf_life_days=60)
    make_product("Bag", sku="BAG", lot_tracked=False)
    make_location("Dry store", code="DRY")
    day = (clock.today() + timedelta(days=30)).isoformat()
    return [
        {"sku": "flr", "location": "dry", "quantity": "12.5", "lot": "L1", "expires_on": day, "unit_cost": "3.9"},
        {"sku": "FLR", "location": "Dry store", "quantity": "2", "lot": "", "expires_on": day, "unit_cost": "4"},
        {"sku": "BAG", "location": "DRY", "quantity": "300", "lot": "", "expires_on": "", "unit_cost": "0.1"},
    ]


@pytest.mark.parametrize(
    "importer, cells, facts",
    [
        (OpeningImporter, {"quantity": "12.5", "location": "DRY", "unit_cost": "3.9"},
         {"Quantity": "12.5\xa0kg", "Cost of one unit": "3.9000"}),
        (ReorderImporter, {"minimum": "5", "target": "10"}, {"Minimum": "5\xa0kg", "Target": "10\xa0kg"}),
        (SupplierImporter, {"supplier": "MILL", "name": "Mill", "lead_days": "2", "price": "9.5", "first": "yes"},
         {"Days to deliver": "2", "Price of one": "9.5000", "Bought here first": "yes"}),
    ],
)  # fmt: skip
def test_what_a_new_row_writes_is_told(importer: Any, cells: dict[str, str], facts: dict[str, str]) -> None:
    make_product("Flour", sku="FLR", unit="kg")
    make_location("Dry store", code="DRY")
    day = {"expires_on": "2030-01-31"} if importer is OpeningImporter else {}
    step: Any = importer(SimpleNamespace(options={}, mapping={}))  # type: ignore[arg-type]
    (result,) = step.check([Row(2, {"sku": "FLR", **cells, **day})])
    told = step.facts([SimpleNamespace(pk=1, data=result.data)])[1]
    assert facts.items() <= {str(fact.label): fact.value for fact in told}.items()


def test_opening_stock_is_taken_once_however_often_the_file_comes(file):
    assert outcomes(run(OpeningImporter, file)) == ["new"] * 3
    assert outcomes(run(OpeningImporter, file)) == ["unchanged"] * 3
    assert {row.product.sku: row.quantity for row in StockBalance.objects.filter(lot__code="L1")} == {"FLR": D("12.5")}
    assert sum(row.value for row in StockBalance.objects.all()) == D("48.75") + 8 + 30
    assert StockOperation.objects.count() == 1
    assert Lot.objects.get(product__sku="BAG").is_silent
    assert differences() == []


def test_the_same_entry_with_other_figures_is_refused(file):
    run(OpeningImporter, file)
    (result,) = run(OpeningImporter, [file[0] | {"quantity": "13"}])
    assert result.outcome == "refused"
    assert "Count it, or adjust it" in result.reason
    (result,) = run(OpeningImporter, [file[0] | {"expires_on": "2031-01-01"}])
    assert "Use another lot code" in result.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sku": "NOPE"}, "No product has this SKU"),
        ({"location": "attic"}, "no place of this code"),
        ({"quantity": ""}, "must not be blank"),
        ({"quantity": "0"}, "above zero"),
        ({"quantity": "-3"}, "above zero"),
        ({"quantity": "1.00005"}, "steps of"),
        ({"expires_on": ""}, "spoils"),
        ({"expires_on": "31/31/2026"}, "not a date"),
        ({"unit_cost": "-1"}, "at least 0"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_nothing_is_posted(file, change, reason):
    (result,) = run(OpeningImporter, [file[0] | change])
    assert result.outcome == "refused"
    assert reason in result.reason
    assert not StockOperation.objects.exists()


def test_a_row_that_is_twice_in_the_file_is_refused(file):
    assert outcomes(run(OpeningImporter, [file[0], file[0]])) == ["new", "refused"]
    assert StockBalance.objects.get().quantity == D("12.5")


def test_opening_two_thousand_rows_asks_little(django_assert_max_num_queries):
    place = make_location("Dry", code="D")
    products = [make_product(f"P{number}", sku=f"P{number}", lot_tracked=False) for number in range(20)]
    lines = [
        {"sku": product.sku, "location": place.code, "quantity": "1", "lot": f"L{number}", "unit_cost": "1"}
        for product in products
        for number in range(10)
    ]
    with django_assert_max_num_queries(40):
        assert set(outcomes(run(OpeningImporter, lines))) == {"new"}


def test_minimums_and_targets(file):
    lines = [{"sku": "FLR", "minimum": "10", "target": "50"}, {"sku": "BAG", "minimum": "5", "target": ""}]
    assert outcomes(run(ReorderImporter, lines)) == ["new", "new"]
    assert outcomes(run(ReorderImporter, lines)) == ["unchanged", "unchanged"]
    changed = run(ReorderImporter, [lines[0] | {"target": "60"}, lines[1] | {"target": "1"}])
    assert outcomes(changed) == ["changed", "refused"]
    assert changed[0].changes[0].after.startswith("60")
    rule = ReorderRule.objects.get(product__sku="FLR")
    assert (rule.target, rule.revision, rule.history.count()) == (60, 2, 2)


def test_the_imports_are_offered_to_who_may(as_user):
    from backoffice import composition

    for key in ("opening_stock", "reorder_rules", "suppliers"):
        assert key in composition.IMPORTS
    client = as_user("transfers.view_transferrun", "transfers.add_transferrun", "inventory.adjust_stock")
    assert client.get(reverse("transfers:upload", args=["opening_stock"])).status_code == 200


@pytest.fixture
def prices(file) -> list[dict[str, str]]:
    ProductUnit.objects.create(product=Product.objects.get(sku="FLR"), name="Sack 25 kg", numerator=25)
    return [
        {"supplier": "MILL", "name": "Mill", "email": "m@example.com", "lead_days": "3", "sku": "flr",
         "pack": "sack 25 kg", "price": "97.5", "minimum": "4"},
        {"supplier": "mill", "name": "", "sku": "BAG", "price": "0.1"},
    ]  # fmt: skip


def test_suppliers_and_their_prices(prices):
    assert outcomes(run(SupplierImporter, prices)) == ["new", "new"]
    assert outcomes(run(SupplierImporter, prices)) == ["unchanged", "unchanged"]
    mill = Supplier.objects.get()
    assert (mill.name, mill.lead_days, mill.items.count()) == ("Mill", 3, 2)
    item = SupplierItem.objects.get(product__sku="FLR")
    assert (item.unit_name, item.price, item.minimum) == ("Sack 25 kg", D("97.5"), 4)
    (dearer, _same) = run(SupplierImporter, [prices[0] | {"price": "99"}, prices[1]])
    assert (dearer.outcome, dearer.changes[0].after) == ("changed", "99.0000")
    item.refresh_from_db()
    assert (item.price, item.revision, item.history.count()) == (99, 2, 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"supplier": "NEW", "name": ""}, "needs a name"),
        ({"supplier": "X" * 21}, "at most 20"),
        ({"email": "nobody"}, "not an e-mail"),
        ({"sku": "NOPE"}, "No product has this SKU"),
        ({"pack": "bag"}, "Sack 25 kg"),
        ({"price": ""}, "must not be blank"),
        ({"price": "-1"}, "at least 0"),
        ({"minimum": "0"}, "above zero"),
        ({"lead_days": "999"}, "At most a year"),
    ],
)
def test_a_bad_price_row_says_what_is_wrong(prices, change, reason):
    (result,) = run(SupplierImporter, [prices[0] | change])
    assert result.outcome == "refused"
    assert reason in result.reason
    assert not Supplier.objects.exists()


def test_what_there_is_comes_back_without_a_change(file, prices):
    run(OpeningImporter, file)
    run(ReorderImporter, [{"sku": "FLR", "minimum": "10", "target": "50"}, {"sku": "BAG", "minimum": "5"}])
    run(ReorderImporter, [{"sku": "FLR", "minimum": "2", "location": "dry"}])
    run(SupplierImporter, [*prices, {"supplier": "NEW", "name": "New", "phone": "11", "minimum_order": "300"}])
    lot = Lot.objects.get(code="L1")
    stock.waste(lot=lot, location=StockBalance.objects.get(lot=lot).location, quantity=D(2), reason="fell")
    for importer, count in ((OpeningImporter, 3), (ReorderImporter, 3), (SupplierImporter, 3)):
        before = (StockOperation.objects.count(), ReorderRule.history.count(), Supplier.history.count())
        lines = as_file(importer)
        results = run(importer, lines)
        assert [(result.outcome, result.reason) for result in results] == [("unchanged", "")] * count
        assert (StockOperation.objects.count(), ReorderRule.history.count(), Supplier.history.count()) == before


def test_stock_that_came_another_way_is_not_opened_on_top(file):
    flour = file[0] | {"lot": "L9"}
    stock.receive(
        Location.objects.get(code="DRY"),
        [
            stock.ReceiptLine(
                Product.objects.get(sku="FLR"),
                D(5),
                lot_code="L9",
                unit_cost=D("3.9"),
                expires_on=date.fromisoformat(flour["expires_on"]),
            )
        ],
    )
    [result] = run(OpeningImporter, [flour])
    assert (result.outcome, result.column) == ("refused", "quantity")
    assert "has 5\xa0kg of this lot already" in result.reason
    assert outcomes(run(OpeningImporter, [flour | {"quantity": "5"}])) == ["unchanged"]
    step: Any = SimpleNamespace(options={}, mapping={})
    results = list(OpeningImporter(step).check([Row(2, file[0])]))
    stock.receive(
        Location.objects.get(code="DRY"),
        [
            stock.ReceiptLine(
                Product.objects.get(sku="FLR"),
                D(5),
                lot_code="L1",
                unit_cost=D("3.9"),
                expires_on=date.fromisoformat(flour["expires_on"]),
            )
        ],
    )
    applied = OpeningImporter(step).apply([SimpleNamespace(pk=1, data=results[0].data)])  # type: ignore[list-item]
    assert list(applied.refused) == [1]
    assert StockBalance.objects.get(lot__code="L1").quantity == 5


def test_a_supplier_and_its_prices_are_written_in_sets(django_assert_max_num_queries):
    products = [make_product(f"P{number}", sku=f"P{number}") for number in range(30)]
    lines = [
        {"supplier": f"S{number % 7}", "name": f"Supplier {number % 7}", "sku": product.sku, "price": "2"}
        for number, product in enumerate(products)
    ]
    with django_assert_max_num_queries(30):
        assert set(outcomes(run(SupplierImporter, lines))) == {"new"}
    with django_assert_max_num_queries(30):
        dearer = [line | {"price": "3", "note": "dearer", "item_days": "4", "first": "no"} for line in lines]
        assert set(outcomes(run(SupplierImporter, dearer))) == {"changed"}
    assert Supplier.objects.count() == 7
    assert {supplier.revision for supplier in Supplier.objects.all()} == {2}
    assert set(SupplierItem.objects.values_list("price", "lead_days", "is_preferred", "revision")) == {
        (D(3), 4, False, 2)
    }
    assert SupplierItem.history.count() == 60


def test_a_supplier_is_found_however_its_code_is_written(prices):
    run(SupplierImporter, prices)
    [result] = run(SupplierImporter, [{"supplier": "mIlL", "phone": "11 5555-0100"}])
    assert (result.outcome, result.changes[0].after) == ("changed", "11 5555-0100")
    assert Supplier.objects.get().phone == "11 5555-0100"


def test_a_rule_for_one_place_stands_beside_the_general_one(file):
    general, here = {"sku": "FLR", "minimum": "10"}, {"sku": "FLR", "minimum": "2", "location": "dry store"}
    assert outcomes(run(ReorderImporter, [general, here, here])) == ["new", "new", "refused"]
    assert sorted(ReorderRule.objects.values_list("location__code", "minimum"), key=str) == [
        ("DRY", D(2)),
        (None, D(10)),
    ]
    assert run(ReorderImporter, [here | {"location": "attic"}])[0].column == "location"


def test_a_dash_clears_what_is_said_of_a_supplier_and_a_blank_leaves_it(prices):
    full = prices[0] | {"phone": "11", "note": "by the gate", "minimum_order": "300", "code": "F-65", "item_days": "4"}
    run(SupplierImporter, [full])
    blank = {"supplier": "MILL", "sku": "FLR", "pack": "Sack 25 kg", "price": "97.5", "phone": "", "note": ""}
    assert outcomes(run(SupplierImporter, [blank])) == ["unchanged"]
    dashes = dict.fromkeys(("email", "phone", "note", "minimum_order", "code", "item_days"), "-")
    (result,) = run(SupplierImporter, [blank | dashes])
    assert {change.field: change.after for change in result.changes} == {
        "email": "", "phone": "", "note": "", "minimum_order": "0.00", "code": "", "item_days": "",
    }  # fmt: skip
    mill, item = Supplier.objects.get(), SupplierItem.objects.get()
    assert (mill.email, mill.phone, mill.note, mill.minimum_order, mill.lead_days) == ("", "", "", 0, 3)
    assert (item.code, item.lead_days, item.price) == ("", None, D("97.5"))
    assert outcomes(run(SupplierImporter, [blank | dashes])) == ["unchanged"]


def test_a_file_without_packs_leaves_them(prices):
    run(SupplierImporter, prices)
    (result,) = run(SupplierImporter, [{"supplier": "MILL", "sku": "FLR", "price": "99"}])
    assert [change.field for change in result.changes] == ["price"]
    assert SupplierItem.objects.get(product__sku="FLR").unit_name == "Sack 25 kg"
    (result,) = run(SupplierImporter, [{"supplier": "MILL", "sku": "FLR", "price": "4", "pack": ""}])
    assert result.outcome == "new", "a blank pack is the product's own unit, which they sell beside the sack"
    assert sorted(item.unit_name for item in SupplierItem.objects.filter(product__sku="FLR")) == ["Sack 25 kg", "kg"]
    (result,) = run(SupplierImporter, [{"supplier": "MILL", "sku": "FLR", "price": "98"}])
    assert (result.outcome, result.column) == ("refused", "sku")
    assert "is sold in Sack 25 kg, kg" in result.reason
    assert outcomes(run(SupplierImporter, as_file(SupplierImporter))) == ["unchanged"] * 3
    both = [{"supplier": "MILL", "sku": "FLR", "price": "99", "pack": pack} for pack in ("sack 25 kg", "kg", "")]
    assert outcomes(run(SupplierImporter, both)) == ["unchanged", "changed", "refused"]


def test_texts_that_a_file_cannot_say_are_no_change(prices):
    Supplier.objects.create(code="X", name="Cafe\u0301 ", note="-", phone="-")
    lines = as_file(SupplierImporter)
    assert outcomes(run(SupplierImporter, [{**line, "name": "Café"} for line in lines])) == ["unchanged"]


def test_what_somebody_changed_since_the_preview_is_not_written_over(prices):
    run(SupplierImporter, prices)
    importer, rows = checked(
        SupplierImporter, {"supplier": "MILL", "phone": "11"}, {"supplier": "MILL", "sku": "BAG", "price": "2"},
        prices[0] | {"price": "99"},
    )  # fmt: skip
    Supplier.objects.update(phone="22", revision=7)
    SupplierItem.objects.filter(product__sku="BAG").update(price=3, revision=7)
    applied = importer.apply(rows)
    assert (list(applied.refused), applied.figures) == ([0, 1], {"suppliers": 0, "items": 1})
    assert "Somebody changed this supplier" in applied.refused[0]
    assert Supplier.objects.get().phone == "22"
    assert set(SupplierItem.objects.values_list("price", flat=True)) == {D(3), D(99)}

    run(ReorderImporter, [{"sku": "FLR", "minimum": "10"}])
    importer, rows = checked(ReorderImporter, {"sku": "FLR", "minimum": "20"}, {"sku": "BAG", "minimum": "5"})
    run(ReorderImporter, [{"sku": "FLR", "minimum": "12"}])
    applied = importer.apply(rows)
    assert (list(applied.refused), list(applied.written)) == ([0], [1])
    assert sorted(ReorderRule.objects.values_list("minimum", flat=True)) == [5, 12]


def test_products_are_found_whatever_the_case_of_their_sku(prices):
    make_product("Filter", sku="Co-Filt", unit="un")
    for importer, line in (
        (SupplierImporter, {"supplier": "MILL", "name": "Mill", "price": "1"}),
        (ReorderImporter, {"minimum": "5"}),
        (OpeningImporter, {"location": "DRY", "quantity": "3", "unit_cost": "1", "expires_on": "2030-01-01"}),
    ):
        assert outcomes(run(importer, [{"sku": "co-FILT", **line}])) == ["new"]
