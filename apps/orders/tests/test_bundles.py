"""A bundle is sold by what it is made of."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.services import bundles
from apps.catalog.tests.factories import make_product
from apps.inventory.errors import InsufficientStock
from apps.inventory.models import DailyDemand, Location
from apps.inventory.selectors import availability
from apps.inventory.selectors import bundles as bundle_stock
from apps.inventory.services import verify as stock_books
from apps.inventory.tests.factories import make_stock
from apps.orders.models import Order, OrderLineLot
from apps.orders.selectors import carts
from apps.orders.selectors import counter as counter_reads
from apps.orders.services import commit, orders, sessions, verify
from apps.orders.services.payments import Tender
from apps.orders.tests.build import D, counter, croissant, order, shelf, tab

pytestmark = pytest.mark.django_db


@pytest.fixture
def jam() -> Product:
    return croissant(7, name="Jam", sell_policy="stock_only")


@pytest.fixture
def basket(jam: Product) -> Product:
    """Two jams, and a set of one jam, one honey and a coffee made on demand."""
    honey = croissant(5, name="Honey", sell_policy="stock_only")
    inner = make_product("Set", kind="bundle", price="20")
    for part in (jam, honey, make_product("Coffee", sell_policy="on_demand")):
        bundles.put(inner, part, quantity=D(1))
    outer = make_product("Basket", kind="bundle", price="50")
    bundles.put(outer, jam, quantity=D(2))
    bundles.put(outer, inner, quantity=D(1))
    return outer


def left(product: Product) -> object:
    return availability.of([product])[product.pk].available


def test_there_are_as_many_as_the_scarcest_part_allows(basket: Product, jam: Product) -> None:
    channel = counter()

    assert bundle_stock.available([basket.pk], locations=[shelf()]) == {basket.pk: 2}
    [tile] = counter_reads.tiles([basket], channel=channel, in_cart={})
    assert tile.left == 2
    [place] = bundle_stock.by_place(basket)
    assert (place.location, place.available, place.scarce) == (shelf(), 2, jam)


def test_a_bundle_is_never_said_to_be_out_of_stock_for_having_none_of_its_own(as_user: Any, basket: Product) -> None:
    counter()
    client = as_user("inventory.view_stockbalance", "catalog.view_product")

    panel = client.get(reverse("inventory:product_stock", args=[basket.pk])).content.decode()
    assert "limited by Jam" in panel
    assert reverse("inventory:product_why", args=[basket.pk]) not in panel
    card = client.get(reverse("inventory:product_card", args=[basket.pk]))
    assert (card.status_code, card["Location"]) == (302, basket.get_absolute_url())


def test_each_place_gives_what_nobody_holds_there(basket: Product, jam: Product) -> None:
    honey = Product.objects.get(name="Honey")
    cellar = Location.objects.create(code="CELLAR", name="Cellar", kind=Location.Kind.STORAGE)
    rack = Location.objects.create(code="RACK", name="Rack", kind=Location.Kind.STORAGE, parent=cellar)
    for product, place, quantity in ((jam, cellar, "3"), (jam, rack, "3"), (honey, rack, "9")):
        make_stock(product, quantity, place)
    assert {each.location.name: each.available for each in bundle_stock.by_place(basket)} == {
        shelf().name: 2, "Cellar": 2, "Rack": 1,
    }  # fmt: skip

    tab((jam, 5))

    assert {each.location.name: each.available for each in bundle_stock.by_place(basket)} == {"Cellar": 2, "Rack": 1}
    for place in (shelf(), cellar, rack):
        of = availability.of([jam, honey], locations=[place])
        there = availability.by_place([jam, honey]).get(place.pk, {})
        below = availability.by_place([jam, honey]).get(rack.pk, {}) if place == cellar else {}
        for product in (jam, honey):
            assert of[product.pk].available == there.get(product.pk, 0) + below.get(product.pk, 0)


def test_many_places_cost_as_much_as_one(basket: Product, jam: Product, django_assert_max_num_queries: Any) -> None:
    shelf()
    with django_assert_max_num_queries(7) as one:
        bundle_stock.by_place(basket)
    for number in range(7):
        place = Location.objects.create(code=f"P{number}", name=f"P{number}", kind=Location.Kind.STORAGE)
        make_stock(jam, "1", place)

    with django_assert_max_num_queries(len(one)):
        bundle_stock.by_place(basket)


def test_a_tab_keeps_the_parts_and_says_what_is_short(basket: Product, jam: Product) -> None:
    cart = tab((basket, 3))

    assert (left(jam), [entry.held for entry in cart.lines], [entry.short for entry in cart.lines]) == (0, [2], [1])
    assert len(cart.blocking) == 1
    cart = sessions.set_quantity(
        cart.session, line=cart.lines[0].line.pk, quantity=D(2), revision=cart.session.revision
    )
    assert cart.ready
    assert carts.read(cart.session).ready
    assert left(jam) == 1


def test_a_bundle_and_its_part_on_one_tab_share_the_stock(basket: Product, jam: Product) -> None:
    cart = tab((jam, 3), (basket, 2))

    assert [entry.held for entry in cart.lines] == [3, 1]


def test_what_is_sold_leaves_lot_by_lot_and_costs_what_the_parts_cost(basket: Product, jam: Product) -> None:
    sold = order((basket, 2), (jam, 1), hand_over=True)

    line, single = sold.lines.order_by("position")
    assert sold.status == Order.Status.COMPLETED
    assert left(jam) == 0
    assert sum(lot.quantity for lot in OrderLineLot.objects.filter(line=line)) == 8
    assert single.lots.get().quantity == 1
    assert line.unit_cost == 4 * D("3.42")
    assert verify.differences() == []
    assert stock_books.differences() == []
    wanted = dict(DailyDemand.objects.values_list("product__name", "quantity"))
    assert wanted == {"Jam": 7, "Honey": 2, "Coffee": 2}


def test_a_bundle_put_together_otherwise_meanwhile_is_handed_over_as_it_was_ordered(
    basket: Product, jam: Product
) -> None:
    made = order((basket, 1), paid=True)
    bundles.take_out(basket.parts.get(component=jam))
    for status in ("preparing", "ready", "completed"):
        if status in type(made).TRANSITIONS[made.status]:
            made = orders.advance(made, status, revision=made.revision)

    made.refresh_from_db()
    assert made.is_fulfilled
    assert sum(lot.quantity for lot in OrderLineLot.objects.filter(line__order=made)) == 4
    assert verify.differences() == []
    assert stock_books.differences() == []


def test_a_commit_without_a_part_leaves_no_trace(basket: Product, jam: Product) -> None:
    cart = tab((basket, 2))
    sessions.holds.release_for(cart.session)
    other = tab((jam, 5))

    with pytest.raises(InsufficientStock):
        commit.commit(
            cart.session, key="k", revision=cart.session.revision, expected_total=cart.total,
            tenders=[Tender("cash", cart.total)],
        )  # fmt: skip

    assert not Order.objects.exists()
    assert other.ready
    make_stock(jam, 10, shelf(), cost="3")
