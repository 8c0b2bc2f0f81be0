"""One function tells how much there is: for a day, a channel, without an owner; and the rows behind it add up to it."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.inventory.models import Location, Lot
from apps.inventory.selectors import availability
from apps.inventory.services import expected, holds, lots
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


def day(number: int) -> Any:
    return clock.today() + timedelta(days=number)


def test_what_expires_until_then_is_not_there_then_and_what_comes_until_then_is_expected():
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 5, shop, lot_code="A", expires_on=day(0))
    make_stock(bun, 3, shop, lot_code="B", expires_on=day(4))
    order = make_origin()
    expected.record(order, product=bun, quantity=D(7), location=shop, due_at=clock.at(day(2), 10))

    def told(**asked: Any) -> tuple[Decimal, Decimal, Decimal]:
        found = availability.of_one(bun, **asked)
        return found.on_hand, found.available, found.expected

    assert told() == (8, 8, 7)
    assert told(on=day(1)) == (8, 3, 0)
    assert told(on=day(2)) == (8, 3, 7)
    assert told(on=day(5)) == (8, 0, 7)


def test_a_channel_takes_from_its_places_and_only_what_lasts_long_enough():
    bun = make_product()
    shop, store = make_location("Shop", kind="sale"), make_location("Store")
    make_stock(bun, 5, shop, lot_code="A", expires_on=day(0))
    make_stock(bun, 3, shop, lot_code="B", expires_on=day(1))
    make_stock(bun, 9, store, lot_code="C")

    assert availability.of_one(bun, locations=[shop]).available == 8
    assert availability.of_one(bun, locations=[shop], margin_days=1).available == 3
    assert availability.of_one(bun, locations=[shop], margin_days=2).available == 0
    assert availability.of_one(bun, margin_days=2).available == 9


def test_an_owner_is_not_in_its_own_way():
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 5, shop)
    mine, yours = make_origin(), make_origin()
    for owner in (mine, yours):
        holds.place(origin=owner, lines=[HoldLine(bun, D(2))], locations=[shop])

    assert availability.of_one(bun).available == 1
    assert availability.of_one(bun, exclude=mine).available == 3


@pytest.mark.parametrize("count", [1, 100])
def test_a_hundred_products_at_once_are_asked_in_three_queries_at_most(count):
    shop, owner = make_location("Shop", kind="sale"), make_origin()
    products = [make_product() for _ in range(count)]
    for product in products:
        make_stock(product, 5, shop)
        holds.place(origin=owner, lines=[HoldLine(product, D(2))], locations=[shop])
    asked: dict[str, Any] = {"locations": [shop], "on": day(1), "margin_days": 1, "exclude": owner}
    availability.of(products, **asked)  # content types are known from then on

    with CaptureQueriesContext(connection) as queries:
        found = availability.of(products, **asked)

    assert len(queries) <= 3
    assert [found[product.pk].available for product in products] == [5] * count
    assert [row.available for row in availability.of(products).values()] == [3] * count


@pytest.mark.parametrize("seed", range(4))
def test_the_rows_behind_the_numbers_add_up_to_them_however_one_asks(seed):
    chance = Random(seed)
    bun = make_product()
    shop, store, jail = (
        make_location("Shop", kind="sale"),
        make_location("Store"),
        make_location("Jail", kind="quarantine"),
    )
    shelf = make_location("Shelf", parent=store)
    places: list[Location] = [shop, store, shelf, jail]
    owners = [make_origin() for _ in range(3)]
    for number in range(8):
        lot: Lot = make_stock(
            bun, chance.randint(1, 9), chance.choice(places), lot_code=f"L{number}",
            expires_on=chance.choice([None, day(0), day(1), day(3)]),
        )  # fmt: skip
        if chance.random() < 0.2:
            lots.block(lot, reason="Smell")
    for owner in owners:
        where = chance.choice([None, [shop], [store], [shelf, shop]])
        line = HoldLine(bun, D(chance.randint(1, 12)), needed_on=day(chance.randint(0, 2)))
        holds.place(origin=owner, lines=[line], locations=where, partial=True)
        expected.record(
            owner, product=bun, quantity=D(chance.randint(1, 5)), location=chance.choice(places),
            due_at=clock.at(day(chance.randint(0, 3)), 10),
        )  # fmt: skip

    for where in (None, [shop], [store], [shelf], [jail, shop]):
        for on in (None, day(0), day(1), day(3)):
            for margin in (0, 1):
                for owner in (None, owners[0]):
                    asked: dict[str, Any] = {
                        "locations": where, "on": on, "margin_days": margin, "exclude": owner,
                    }  # fmt: skip
                    assert availability.why(bun, **asked).numbers == availability.of_one(bun, **asked), asked


def test_the_page_tells_of_another_day_and_place(as_user):
    bun = make_product("Bun")
    shop, store = make_location("Shop", kind="sale"), make_location("Store")
    make_stock(bun, 5, shop, lot_code="OLD-1", expires_on=day(0))
    make_stock(bun, 9, store, lot_code="NEW-1")
    client = as_user("inventory.view_stockbalance")
    url = reverse("inventory:product_why", args=[bun.pk])

    today = client.get(url).text
    assert "Why 14" in today
    assert "too old then" not in today
    tomorrow = client.get(url, {"day": day(1).isoformat()}).text
    assert "Why 9" in tomorrow
    assert "too old then" in tomorrow
    there = client.get(url, {"place": shop.code, "margin": "1"}).text
    assert "Why 0" in there
    assert "NEW-1" not in there
    assert "That day is over" in client.get(url, {"day": day(-1).isoformat()}).text
    panel = client.get(url, headers={"HX-Request": "true", "HX-Target": f"why-{bun.pk}"}).text
    assert "<form" not in panel
    assert url in panel
