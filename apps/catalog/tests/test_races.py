"""Prices and categories, changed by many at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from apps.catalog.errors import PriceRefused, PromotionUsedUp
from apps.catalog.models import Category, Price, Product, PromotionUse
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import categories, price_lists, prices, products, promotions
from apps.catalog.services.pricing import Use
from backoffice.kernel import clock
from backoffice.kernel.errors import StaleRevision

from .factories import make_price, make_price_list, make_product

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def at_once(jobs: list[Callable[[], object]]) -> list[object]:
    """Run all jobs in threads of their own; the result or the exception of each."""

    def run(job: Callable[[], object]) -> object:
        try:
            return job()
        except Exception as error:  # noqa: BLE001 - what each got is the point
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_many_prices_at_once_leave_one_that_is_open() -> None:
    bread, counter = make_product(price="5"), make_price_list()
    jobs = [lambda n=n: prices.set_price(bread, counter, amount=Decimal(n)) for n in range(10, 20)]

    results = at_once(jobs)

    assert [result for result in results if isinstance(result, Exception)] == []
    rows = list(Price.objects.filter(product=bread).order_by("valid_from"))
    assert [row.valid_to for row in rows] == [row.valid_from for row in rows[1:]] + [None]


def test_who_writes_past_the_service_waits_and_is_refused_all_the_same() -> None:
    bread, counter, now = make_product(), make_price_list(), clock.now()

    def write(start: int) -> Price:
        begins = now + timedelta(hours=start)
        return Price.objects.create(
            price_list=counter, product=bread, amount=1, valid_from=begins, valid_to=now + timedelta(days=2)
        )

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            write(1)
            other = pool.submit(at_once, [lambda: write(2)])
            with pytest.raises(TimeoutError):  # it cannot see yet what is written here, and waits to see it
                other.result(timeout=0.5)
        assert isinstance(other.result()[0], IntegrityError)
    assert Price.objects.count() == 1


def test_of_many_edits_of_one_revision_one_succeeds() -> None:
    bread = make_product("Bread")
    results = at_once([lambda n=n: products.set_name(bread, f"Bread {n}", revision=1) for n in range(12)])

    assert sum(isinstance(result, Product) for result in results) == 1
    assert sum(isinstance(result, StaleRevision) for result in results) == 11
    bread.refresh_from_db()
    assert bread.revision == 2


def test_two_moves_do_not_close_a_circle_that_neither_sees() -> None:
    for number in range(5):
        first, second = categories.create(name=f"A{number}"), categories.create(name=f"B{number}")

        moves = [(first, second), (second, first)]
        at_once([lambda one=one, other=other: categories.update(one, parent=other) for one, other in moves])

        parents = dict(Category.objects.filter(pk__in=[first.pk, second.pk]).values_list("pk", "parent_id"))
        assert list(parents.values()).count(None) == 1


def test_of_many_products_with_one_sku_one_is_made() -> None:
    make_price_list()
    unit = make_product().unit
    results = at_once([lambda n=n: products.create(sku="ONE", name=f"P {n}", unit=unit) for n in range(8)])

    assert sum(isinstance(result, Product) for result in results) == 1
    assert Product.objects.filter(sku="ONE").count() == 1


def test_one_scheduled_price_is_cancelled_once() -> None:
    bread = make_product(price="5")
    scheduled = make_price(bread, "6", valid_from=clock.now() + timedelta(days=1))

    results = at_once([lambda: prices.cancel_scheduled(scheduled) for _n in range(4)])

    assert sum(isinstance(result, PriceRefused) for result in results) == 3
    assert list(Price.objects.values_list("amount", "valid_to")) == [(Decimal(5), None)]


def test_a_list_and_the_one_that_follows_it_agree_whoever_comes_first() -> None:
    bread, counter = make_product(price="10"), make_price_list()
    market = price_lists.create(name="Market", base=counter, percentage=Decimal(10))
    jobs: list[Callable[[], object]] = [
        *(lambda n=n: prices.set_price(bread, counter, amount=Decimal(n)) for n in range(20, 25)),
        *(lambda n=n: prices.set_price(bread, market, amount=Decimal(n)) for n in range(90, 93)),
        lambda: prices.withdraw(bread, market),
        lambda: price_lists.update(market, percentage=Decimal(50)),
    ]

    results = at_once(jobs)
    prices.withdraw(bread, market)

    assert [result for result in results if isinstance(result, Exception)] == []
    base, own = (price_reads.current(one, [bread])[bread.pk] for one in (counter, market))
    assert own == base * Decimal("1.5")


@pytest.mark.parametrize("limit", ["of all", "of one customer", "of a coupon"])
def test_a_limit_holds_when_many_use_it_up_at_once(limit: str) -> None:
    """Without the lock of an order's number before it: the counting itself holds the limit."""
    rule = promotions.create(
        name="Deal",
        kind="percent",
        value=Decimal(10),
        by_coupon=limit == "of a coupon",
        max_uses=3 if limit == "of all" else None,
        max_uses_each=3 if limit == "of one customer" else None,
    )
    if rule.by_coupon:
        promotions.add_coupons(rule, code="HELLO", max_uses=3)
    use = Use(rule.pk, "HELLO" if rule.by_coupon else "", Decimal(1))
    ready = Barrier(8)

    def redeem(place: int) -> None:
        ready.wait(30)
        with transaction.atomic():
            promotions.redeem([use], reference=f"order:{place}", customer=7)
            time.sleep(0.02)  # the others come meanwhile

    results = at_once([lambda place=place: redeem(place) for place in range(8)])

    rule.refresh_from_db()
    assert sum(result is None for result in results) == 3, results
    assert all(result is None or isinstance(result, PromotionUsedUp) for result in results), results
    assert (rule.uses, PromotionUse.objects.count()) == (3, 3)
