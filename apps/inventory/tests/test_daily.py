"""The last days of a product's stock: what was left, what was used, how long it lasts."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.inventory.models import StockOperation
from apps.inventory.selectors import daily
from apps.inventory.services import reorder, stock
from apps.inventory.services.stock import ConsumeLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


def _days_ago(number, hour=12):
    return clock.fixed(clock.at(clock.today() - timedelta(days=number), hour))


def _used(product, place, quantity):
    stock.consume(origin=make_origin(), lines=[ConsumeLine(product, D(quantity), place)])


@pytest.fixture
def flour():
    place, far = make_location("Dry store"), make_location("Mill room")
    flour = make_product("Flour", unit="kg")
    with _days_ago(20):
        lot = make_stock(flour, 100, place)
    with _days_ago(5, hour=23):
        _used(flour, place, 30)
    with _days_ago(5, hour=0):
        stock.transfer(lot=lot, quantity=D(10), source=place, destination=far)  # nothing left the house
    with _days_ago(2):
        stock.waste(lot=lot, location=place, quantity=D(1), reason="wet")  # gone, but nobody used it
    _used(flour, place, 12)
    return flour


def test_each_day_ends_with_what_the_moves_left(flour):
    found = daily.story(flour)
    assert len(found.days) == len(found.left) == len(found.used) == 14
    assert found.days[-1] == clock.today()
    assert found.left == [D(100)] * 8 + [D(70)] * 3 + [D(69)] * 2 + [D(57)]
    assert {day: used for day, used in zip(found.days, found.used, strict=True) if used} == {
        clock.today() - timedelta(days=5): 30,
        clock.today(): 12,
    }
    assert found.a_day == D(30) / 14  # today is not over: what was used on it makes no pace yet
    assert found.lasts == D("26.6")


def test_what_came_in_these_days_is_divided_by_the_days_it_was_there():
    place, salt = make_location("Dry store"), make_product("Salt", unit="kg")
    with _days_ago(3):
        make_stock(salt, 10, place)
    with _days_ago(1):
        _used(salt, place, 3)
    _used(salt, place, 1)
    found = daily.story(salt)
    assert found.left[-4:] == [10, 10, 7, 6]
    assert found.left[:10] == [0] * 10
    assert (found.a_day, found.lasts) == (1, 6)


def test_what_is_made_is_not_given_back_by_those_who_used_something():
    place, bun = make_location("Shop"), make_product("Bun")
    with _days_ago(2):
        stock.produce(
            origin=make_origin(), product=bun, quantity=D(20), location=place, total_cost=D(20),
            produced_on=clock.today(), expires_on=None,
        )  # fmt: skip
    with _days_ago(1):
        _used(bun, place, 6)
        _used(bun, place, 4)
        stock.reverse(StockOperation.objects.filter(kind="consumption").latest("pk"), reason="not these")
    found = daily.story(bun)
    assert found.used[-3:] == [0, 6, 0]
    assert (found.a_day, found.left[-3:]) == (3, [20, 14, 14])


def test_what_nobody_uses_lasts_for_nobody_knows_how_long():
    salt = make_product("Salt")
    assert daily.story(salt).lasts is None
    make_stock(salt, 5, make_location())
    found = daily.story(salt)
    assert (found.a_day, found.lasts, found.left[-1]) == (0, None, 5)


def test_the_card_shows_it_with_the_minimum_and_a_table(as_user, flour, django_assert_max_num_queries):
    reorder.set_minimum(flour, minimum=D(60), target=D(90))
    client = as_user("inventory.view_stockbalance")
    url = reverse("inventory:product_story", args=[flour.pk])
    assert url in client.get(reverse("inventory:product_card", args=[flour.pk])).content.decode()
    with django_assert_max_num_queries(6):
        part = client.get(url, headers={"HX-Request": "true", "HX-Target": "story"}).content.decode()
    assert "<html" not in part
    assert "lasts 26 days" in part
    assert part.count('class="line now"') == part.count('class="line prev"') == 1
    assert part.count("<tr>") == 15
    assert "<h1" in client.get(url).content.decode()  # a page of its own without scripts
    assert as_user("catalog.view_product", username="b").get(url).status_code == 403
