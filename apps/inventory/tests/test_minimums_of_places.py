"""The minimum of a place: it counts what lies inside it, and rests while the place is closed."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.models import Location, ReorderRule, StockAlert
from apps.inventory.resources.reorder_rules import ReorderImporter
from apps.inventory.selectors import alerts as alert_reads
from apps.inventory.selectors import purchasing as reads
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import alerts, holds, locations, reorder, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from apps.inventory.tests.files import as_file, checked, outcomes, run
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def shop() -> Location:
    return make_location("Shop", code="SHOP", kind="sale")


@pytest.fixture
def shelf(shop: Location) -> Location:
    return make_location("Shelf", code="SHELF", kind="sale", parent=shop)


@pytest.fixture
def store() -> Location:
    return make_location("Store", code="ST")


@pytest.fixture
def bun() -> Any:
    return make_product("Bun", sku="BUN", is_purchasable=True)


def low() -> list[tuple[str, Decimal]]:
    """What is low as all four ways say it, which agree."""
    said = [(rule.location.name if rule.location else "", rule.available) for rule in stock_reads.below_minimum()]
    crossed = alert_reads.now().crossed
    assert sorted(rule.available for rule in stock_reads.below_minimum()) == sorted(
        line.measured for (kind, _pk), line in crossed.items() if kind == "low"
    )
    StockAlert.objects.all().delete()
    everything = set(ReorderRule.objects.values_list("product_id", flat=True))
    assert bool(alert_reads.out_of_step(everything)) == bool(said)
    return sorted(said)


# --- what lies inside it ----------------------------------------------------------------------------------------------
def test_what_lies_inside_a_place_counts_for_its_minimum_and_what_lies_beside_it_does_not(shop, shelf, store, bun):
    box = make_location("Box", parent=shelf, kind="sale")
    reorder.set_minimum(bun, minimum=D(10), location=shop)
    make_stock(bun, 50, store)
    make_stock(bun, 4, shop)
    make_stock(bun, 3, shelf)
    assert low() == [("Shop", 7)]
    make_stock(bun, 3, box)
    assert low() == []
    holds.place(origin=make_origin(), lines=[HoldLine(bun, D(1), clock.today())], locations=[box])
    assert low() == [("Shop", 9)]


def test_what_lies_in_quarantine_inside_a_place_does_not_count(shop, bun):
    away = make_location("Away", kind="quarantine", parent=shop)
    reorder.set_minimum(bun, minimum=D(10), location=shop)
    make_stock(bun, 9, shop)
    make_stock(bun, 9, away)
    assert low() == [("Shop", 9)]


def test_a_place_that_is_put_inside_another_is_counted_there_at_once(shop, store, bun, committed):
    reorder.set_minimum(bun, minimum=D(10), location=shop)
    committed(make_stock, bun, 20, store)
    assert StockAlert.objects.open().count() == 1
    committed(locations.update, store, code="ST", name="Store", kind=store.kind, parent=shop)
    assert StockAlert.objects.open().count() == 0
    committed(locations.update, store, code="ST", name="Store", kind=store.kind, parent=None)
    assert StockAlert.objects.open().count() == 1


def test_nothing_is_fetched_within_a_place_for_the_place_and_its_own_shelf_is_served_from_it(shop, shelf, store, bun):
    make_stock(bun, 12, shop)
    reorder.set_minimum(bun, minimum=D(10), location=shop)
    reorder.set_minimum(bun, minimum=D(4), target=D(6), location=shelf)
    (lack,) = reads.plan().lacks
    assert (lack.location, lack.missing) == (shelf, 6)
    assert [(fetch.balance.location, fetch.quantity) for fetch in lack.fetches] == [(shop, 6)], "it stays in the shop"
    reorder.set_minimum(bun, minimum=D(30), target=D(40), location=shop)
    plan = reads.plan()
    assert {one.location.name: (one.available, one.missing, len(one.fetches)) for one in plan.lacks} == {
        "Shelf": (0, 6, 1),
        "Shop": (12, 28, 0),
    }


def test_what_a_shelf_is_brought_is_in_the_shop_too_and_is_not_fetched_twice(shop, shelf, store, bun):
    make_stock(bun, 100, store)
    reorder.set_minimum(bun, minimum=D(5), target=D(8), location=shelf)
    reorder.set_minimum(bun, minimum=D(10), target=D(20), location=shop)
    plan = reads.plan()
    assert {one.location.name: sum(fetch.quantity for fetch in one.fetches) for one in plan.lacks} == {
        "Shelf": 8,
        "Shop": 12,
    }
    reorder.set_minimum(bun, minimum=D(8), target=D(20), location=shop)
    assert [one.location.name for one in reads.plan().lacks] == ["Shelf"]


def test_a_place_around_another_keeps_its_own_minimum_when_something_leaves_it(shop, shelf, store, bun):
    make_stock(bun, 12, shelf)
    reorder.set_minimum(bun, minimum=D(10), location=shop)
    reorder.set_minimum(bun, minimum=D(5), target=D(9), location=store)
    (lack,) = reads.plan().lacks
    assert ([fetch.quantity for fetch in lack.fetches], lack.rest) == ([2], 7)


def test_a_shop_and_its_shelf_ask_once_for_what_both_want(shop, shelf, store, bun):
    reorder.set_minimum(bun, minimum=D(10), target=D(20), location=shop)
    reorder.set_minimum(bun, minimum=D(4), target=D(6), location=shelf)
    reorder.set_minimum(bun, minimum=D(3), target=D(7), location=store)
    ((row,),) = [group.rows for group in reads.suggestions()]
    assert (row.minimum, row.target) == (13, 27)
    reorder.set_minimum(bun, minimum=D(15), target=D(30), location=shelf)
    ((row,),) = [group.rows for group in reads.suggestions()]
    assert (row.minimum, row.target) == (18, 37)


# --- closed -----------------------------------------------------------------------------------------------------------
def test_the_minimums_of_a_closed_place_rest_and_count_again_when_it_is_opened(shop, bun, committed):
    lot = committed(make_stock, bun, 12, shop)
    reorder.set_minimum(bun, minimum=D(10), location=shop)
    committed(stock.waste, lot=lot, location=shop, quantity=D(12), reason="fell")
    assert StockAlert.objects.open().get().kind == "low"
    committed(locations.close, shop)
    assert not StockAlert.objects.open().exists()
    assert low() == []
    assert alerts.sweep() == 0
    assert reads.plan().lacks == []
    committed(locations.reopen, Location.objects.get(pk=shop.pk))
    assert StockAlert.objects.open().get().kind == "low"
    assert ReorderRule.objects.get().minimum == 10


def test_a_general_minimum_does_not_rest_with_a_place(shop, store, bun, committed):
    committed(reorder.set_minimum, bun, minimum=D(10))
    committed(locations.close, shop)
    assert StockAlert.objects.open().count() == 1
    assert low() == [("", 0)]


def test_before_a_place_is_closed_or_opened_its_minimums_are_named(as_owner, shop, bun):
    for number in range(3):
        reorder.set_minimum(make_product(f"Roll {number}"), minimum=D(2), location=shop)
    reorder.set_minimum(bun, minimum=D(2), location=shop)
    close, reopen = (reverse(f"inventory:location_{name}", args=[shop.pk]) for name in ("close", "reopen"))
    page = unescape(as_owner.get(close).content.decode())
    assert "Its minimums rest until it is opened again: Bun, Roll 0, Roll 1 and 1 more." in page
    assert as_owner.post(close).status_code == 302
    rules = unescape(as_owner.get(reverse("inventory:product_minimum", args=[bun.pk])).content.decode())
    assert "Shop (closed) 2" in rules
    assert "Its minimums count again: Bun, Roll 0, Roll 1 and 1 more." in unescape(
        as_owner.get(reopen).content.decode()
    )
    empty = make_location("Attic")
    assert "minimums" not in as_owner.get(reverse("inventory:location_close", args=[empty.pk])).content.decode()


def test_the_minimums_of_a_closed_place_come_back_from_their_own_file_and_are_not_changed(shop, store, bun):
    reorder.set_minimum(bun, minimum=D(10), target=D(20), location=shop)
    locations.close(shop)
    (line,) = as_file(ReorderImporter)
    assert outcomes(run(ReorderImporter, [line])) == ["unchanged"]
    (changed,) = run(ReorderImporter, [line | {"minimum": "11"}])
    assert (changed.outcome, changed.column) == ("refused", "location")
    assert "Shop is closed, and its minimums rest. Open it again to set them." in changed.reason
    make_product("Roll", sku="ROLL")
    (new,) = run(ReorderImporter, [line | {"sku": "ROLL"}])
    assert new.reason == changed.reason
    importer, rows = checked(ReorderImporter, {"sku": "ROLL", "minimum": "1", "location": "ST"})
    locations.close(store)
    assert list(importer.apply(rows).refused.values()) == [changed.reason.replace("Shop", "Store")]
