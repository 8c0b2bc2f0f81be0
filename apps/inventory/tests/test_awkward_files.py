"""Files with something wrong in them: what is refused, with which line and reason, and what is done all the same."""

from decimal import Decimal

import pytest

from apps.inventory.models import Location, ReorderRule, StockBalance, StockOperation, Supplier
from apps.inventory.resources.opening import OpeningImporter
from apps.inventory.resources.reorder_rules import ReorderImporter
from apps.inventory.resources.suppliers import SupplierImporter
from apps.inventory.services import stock
from apps.inventory.services.verify import differences
from apps.inventory.tests import test_imports
from apps.inventory.tests.factories import make_location, make_product
from apps.inventory.tests.test_imports import outcomes, run

pytestmark = pytest.mark.django_db
D = Decimal
file, prices = test_imports.file, test_imports.prices


def test_a_name_that_several_places_have_is_not_guessed_and_a_code_comes_before_a_name(file):
    other = make_location("Dry store", code="DRY2")
    make_location("DRY2", code="X")
    (result,) = run(OpeningImporter, [file[0] | {"location": "dry store"}])
    assert (result.outcome, result.reason, result.hint) == (
        "refused", "Several places have this name.", "Write the code: DRY, DRY2."
    )  # fmt: skip
    assert outcomes(run(OpeningImporter, [file[0] | {"location": "dry2"}])) == ["new"]
    assert StockBalance.objects.get().location == other
    Location.objects.filter(pk=other.pk).update(is_active=False)
    assert run(ReorderImporter, [{"sku": "FLR", "minimum": "1", "location": "Dry store"}])[0].outcome == "new"
    (closed,) = run(OpeningImporter, [file[0] | {"location": "dry2", "lot": "L7"}])
    assert "Dry store is closed. Choose another place" in closed.reason


def test_a_lot_that_the_file_tells_twice_in_two_ways_is_not_opened_twice(file):
    make_location("Shop", code="SHOP")
    elsewhere = file[0] | {"location": "SHOP"}
    results = run(OpeningImporter, [file[0], elsewhere | {"unit_cost": "4"}, elsewhere | {"expires_on": "2031-01-01"}])
    assert outcomes(results) == ["new", "refused", "refused"]
    assert "Lot L1 of Flour cost 3.9 a unit" in results[1].reason
    assert results[2].hint == "It stands so on line 2."
    assert outcomes(run(OpeningImporter, [file[0], elsewhere])) == ["unchanged", "new"]


def test_what_is_too_long_is_refused_and_not_cut(file, prices):
    (lot,) = run(OpeningImporter, [file[0] | {"lot": "L" * 61}])
    assert (lot.outcome, lot.column) == ("refused", "lot")
    (supplier,) = run(SupplierImporter, [prices[0] | {"note": "x" * 201, "phone": "1" * 41}])
    assert supplier.outcome == "refused"
    assert supplier.reason.count("At most") == 2


def test_a_file_without_targets_leaves_them(file):
    run(ReorderImporter, [{"sku": "FLR", "minimum": "10", "target": "50"}])
    (result,) = run(ReorderImporter, [{"sku": "FLR", "minimum": "20"}])
    assert [change.field for change in result.changes] == ["minimum"]
    run(ReorderImporter, [{"sku": "FLR", "minimum": "60"}])
    assert set(ReorderRule.objects.values_list("minimum", "target")) == {(D(60), D(60))}


def test_a_supplier_whose_first_row_is_refused_keeps_its_name(prices):
    assert outcomes(run(SupplierImporter, [prices[0] | {"price": "dear"}, prices[1]])) == ["refused", "new"]
    assert Supplier.objects.get().name == "Mill"


def test_what_is_made_on_demand_is_told_from_what_is_not_known(file, prices):
    make_product("Espresso", sku="ESP", sell_policy="on_demand")
    for importer, line in (
        (OpeningImporter, file[0]),
        (ReorderImporter, {"minimum": "5"}),
        (SupplierImporter, prices[0]),
    ):
        (result,) = run(importer, [line | {"sku": "esp"}])
        assert (result.outcome, result.reason) == ("refused", "ESP is made on demand and has no stock.")


def test_an_opening_that_was_reversed_by_hand_can_come_again_with_the_right_figures(file):
    run(OpeningImporter, file)
    stock.reverse(StockOperation.objects.get(kind="receipt"), reason="the wrong sheet")
    assert outcomes(run(OpeningImporter, [file[0] | {"quantity": "13"}, *file[1:]])) == ["new"] * 3
    assert StockBalance.objects.get(lot__code="L1").quantity == 13
    assert outcomes(run(OpeningImporter, [file[0] | {"quantity": "13"}, *file[1:]])) == ["unchanged"] * 3
    assert differences() == []


@pytest.mark.parametrize("code", ["7891000100103", "99999999999999999", "1000000000"])
def test_a_code_that_was_scanned_into_a_figure_is_refused_and_does_not_break_the_import(file, prices, code):
    for importer, line, column in (
        (OpeningImporter, file[0] | {"quantity": code}, "quantity"),
        (OpeningImporter, file[0] | {"unit_cost": code}, "unit_cost"),
        (OpeningImporter, file[0] | {"quantity": "99999", "unit_cost": "99999"}, "unit_cost"),
        (ReorderImporter, {"sku": "FLR", "minimum": code}, "minimum"),
        (ReorderImporter, {"sku": "FLR", "minimum": "1", "target": code}, "target"),
        (SupplierImporter, prices[0] | {"price": code}, "price"),
        (SupplierImporter, prices[0] | {"minimum": code}, "minimum"),
        (SupplierImporter, prices[0] | {"minimum_order": code}, "minimum_order"),
    ):
        (result,) = run(importer, [line])
        assert (result.outcome, result.column) == ("refused", column)
        assert "Was a code scanned into the field?" in result.reason
