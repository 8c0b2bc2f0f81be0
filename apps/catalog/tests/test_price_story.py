"""The development of a product's prices, and the lowest one of the 30 days before a discount."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.selectors import price_story, prices
from apps.catalog.services import packs
from apps.catalog.services import prices as price_service
from backoffice.kernel import clock

from .factories import make_price, make_price_list, make_product

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
D = Decimal


def told(product: Any, *steps: tuple[int, str]) -> list[Any]:
    for days, amount in steps:
        with clock.fixed(clock.now() + days * DAY):
            make_price(product, amount)
    return list(prices.history(product))


def test_the_lowest_price_of_the_30_days_before_a_discount() -> None:
    bread = make_product()

    rows = told(bread, (-90, "7"), (-40, "9"), (-20, "8"), (-10, "10"), (-2, "6"))

    (found,) = [one for one in price_story.reductions(rows) if one.amount == D(6)]
    assert found.before == D(8)
    assert [one.amount for one in price_story.reductions(rows)] == [D(6)]


def test_a_price_that_held_until_the_30_days_began_does_not_count() -> None:
    rows = told(make_product(), (-90, "5"), (-32, "9"), (-2, "8"))
    assert [one.before for one in price_story.reductions(rows)] == [D(9)]
    rows = told(make_product(), (-90, "5"), (-31, "9"), (-2, "8"))
    assert [one.before for one in price_story.reductions(rows)] == [D(5)]


def test_a_scheduled_discount_is_told_and_a_raise_is_none() -> None:
    bread = make_product()
    rows = told(bread, (-90, "5"), (-9, "9"))
    assert price_story.reductions(rows) == []

    make_price(bread, "4", valid_from=clock.now() + 5 * DAY)

    (found,) = price_story.reductions(list(prices.history(bread)))
    assert (found.amount, found.before) == (D(4), D(5))


def test_a_discount_after_a_few_days_without_a_price_is_told_too() -> None:
    bread, counter = make_product(), make_price_list()
    with clock.fixed(clock.now() - 50 * DAY):
        make_price(bread, "9")
    with clock.fixed(clock.now() - 5 * DAY):
        price_service.withdraw(bread, counter)
    make_price(bread, "8")

    assert [one.before for one in price_story.reductions(list(prices.history(bread)))] == [D(9)]


def test_the_chart_reads_the_price_of_each_week_in_each_list() -> None:
    bread = make_product()
    with clock.fixed(clock.now() - 60 * DAY):
        make_price(bread, "9")
    make_price(bread, "10", valid_from=clock.now() + 8 * DAY)
    make_price(bread, "3", min_quantity=D(6))
    make_price(bread, "1", unit=packs.add(bread, name="box", quantity=D(6)))
    make_price_list("empty")

    days = price_story.weeks(clock.today())
    (story,) = price_story.development(prices.history(bread), days)

    by_day = dict(zip(days, story.amounts, strict=True))
    assert (by_day[days[0]], by_day[clock.today()], by_day[days[-1]]) == (None, D(9), D(10))


def test_the_page_shows_chart_table_and_the_lowest_price(as_user: Any, django_assert_max_num_queries: Any) -> None:
    bread = make_product()
    told(bread, (-60, "9"), (-3, "8"))
    client = as_user("catalog.view_product")
    url = reverse("catalog:product_prices", args=[bread.pk])
    client.get(url)

    with django_assert_max_num_queries(12):
        page = client.get(url).content.decode()

    assert "lowest of the 30 days before: 9.00" in page
    assert re.search(r"<small>since [^<]+</small>", page)
    price_service.set_price(bread, make_price_list(), amount=D(7), valid_from=clock.now() + 2 * DAY)
    assert re.search(r"<small>from [^<]+ on</small>", client.get(url).content.decode())
    assert 'role="img"' in page
    assert client.get(reverse("catalog:product_prices", args=[make_product().pk])).status_code == 200
