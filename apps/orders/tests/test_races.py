"""Four processes on the same tabs, goods and points: by service, and over HTTP against the real web server."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Product
from apps.inventory.models import Hold, HoldAllocation, Move
from apps.inventory.services import verify as stock_books
from apps.orders.models import Channel, Order, OrderSession
from apps.orders.selectors import carts
from apps.orders.services import commit, sessions, verify
from apps.orders.services.payments import Tender
from apps.orders.tests.build import D, counter, croissant, espresso, tab
from backoffice.outbox.models import Directive
from backoffice.testing.crowd import Crowd, Visitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
HERE = "apps.orders.tests.test_races"


def buy(session: int, key: str, revision: int, total: Decimal) -> int:
    sealed = commit.commit(
        OrderSession.objects.get(pk=session),
        key=key,
        revision=revision,
        expected_total=total,
        tenders=[Tender("card", total)],
        hand_over=True,
    )
    return sealed.pk


def add_one(session: int, product: int, revision: int) -> int:
    cart = sessions.add_line(
        OrderSession.objects.get(pk=session), product=Product.objects.get(pk=product), revision=revision
    )
    return cart.session.revision


def order_of(number: int, products: list[int]) -> str:
    """A whole sale of these products, in this order."""
    cart = sessions.open(channel=Channel.objects.get(code="counter"))
    goods = Product.objects.select_related("unit").in_bulk(products)
    wanted = [sessions.Wanted(goods[pk]) for pk in products]
    cart = sessions.add_lines(cart.session, wanted=wanted, revision=cart.session.revision)
    return str(Order.objects.get(pk=buy(cart.session.pk, f"o-{number}", cart.session.revision, cart.total)).number)


def books() -> list[Any]:
    return [*verify.differences(), *stock_books.differences()]


def test_forty_buyers_of_the_last_unit_and_one_gets_it(crowd: Crowd) -> None:
    product = croissant(stock=1)
    found = [tab((product, 1)) for _ in range(40)]

    outcome = crowd.do(
        f"{HERE}:buy", [(cart.session.pk, f"k-{n}", cart.session.revision, cart.total) for n, cart in enumerate(found)]
    )

    assert outcome.names == {"done": 1, "InsufficientStock": 39}
    assert Order.objects.get().number.endswith("-000001")
    assert books() == []


def test_fifty_commits_of_one_tab_make_one_order_and_one_set_of_jobs(crowd: Crowd) -> None:
    cart = tab((croissant(stock=3), 2))
    told = (cart.session.revision, cart.total)

    outcome = crowd.do(f"{HERE}:buy", [(cart.session.pk, "same" if n % 2 else f"k-{n}", *told) for n in range(50)])

    order = Order.objects.get()
    assert outcome.names == {"done": 50}
    assert set(outcome.results) == {order.pk}
    assert order.lines.count() == order.payments.count() == 1
    jobs = Directive.objects.values_list("topic", "dedupe_key")
    assert len(jobs) == len(set(jobs))
    assert Move.objects.filter(operation__kind="sale").count() == 1
    assert books() == []


def test_fifty_edits_of_one_revision_and_one_succeeds(crowd: Crowd) -> None:
    cart = tab((espresso(), 1))
    product = cart.lines[0].line.product

    outcome = crowd.do(f"{HERE}:add_one", [(cart.session.pk, product.pk, cart.session.revision)] * 50)

    assert outcome.names == {"done": 1, "StaleRevision": 49}
    session = OrderSession.objects.get(pk=cart.session.pk)
    assert (session.revision, session.lines.get().quantity) == (cart.session.revision + 1, D(2))


def test_three_hundred_and_twenty_orders_in_random_order_meet_no_deadlock(crowd: Crowd) -> None:
    counter()
    products = [croissant(stock=400, name=f"Kind {n}").pk for n in range(10)]
    chance = Random(5)

    outcome = crowd.do(f"{HERE}:order_of", [(n, chance.sample(products, 4)) for n in range(320)], threads=4)

    assert outcome.names == {"done": 320}
    assert sorted(int(number[-6:]) for number in outcome.results) == list(range(1, 321))
    assert books() == []


def test_over_http_two_hundred_tabs_for_fifty_units_hold_and_sell_exactly_fifty(visitor: Visitor) -> None:
    counter()
    product = croissant(stock=50)

    opened = visitor.send_all([(reverse("orders:open_tab"), {"product": product.pk})] * 200)

    assert Counter(answer.status for answer in opened) == {302: 200}
    tabs = list(OrderSession.objects.order_by("pk"))
    assert len({answer.location for answer in opened}) == len(tabs) == 200
    assert HoldAllocation.objects.count() == sum(row.quantity for row in HoldAllocation.objects.all()) == 50
    assert Hold.objects.filter(allocations=None).count() == 150

    paid = visitor.send_all(
        [
            (reverse("orders:pay_card", args=[one.pk]), {"revision": one.revision, "total": str(one.total)})
            for one in tabs
        ]
    )

    orders = {reverse("orders:sale_done", args=[pk]) for pk in Order.objects.values_list("pk", flat=True)}
    assert Counter(answer.status for answer in paid) == {302: 200}
    assert len(orders) == sum(answer.location in orders for answer in paid) == 50
    # The others are led back to their tab, which says what is missing.
    refused = [one for one, answer in zip(tabs, paid, strict=True) if answer.location == one.get_absolute_url()]
    assert len(refused) == 150
    assert carts.read(refused[0]).issues
    assert books() == []


def test_over_http_fifty_payments_of_one_tab_make_one_order(visitor: Visitor) -> None:
    cart = tab((croissant(stock=3), 2))
    path, fields = (
        reverse("orders:pay_card", args=[cart.session.pk]),
        {"revision": cart.session.revision, "total": str(cart.total)},
    )

    answers = visitor.send_all([(path, fields)] * 50)

    order = Order.objects.get()
    assert Counter((answer.status, answer.location) for answer in answers) == {
        (302, reverse("orders:sale_done", args=[order.pk])): 50
    }
    assert order.lines.count() == order.payments.count() == 1
    assert books() == []


def test_over_http_fifty_taps_of_one_revision_and_one_counts(visitor: Visitor) -> None:
    cart = tab((espresso(), 1))
    path = reverse("orders:add", args=[cart.session.pk])
    fields = {"product": cart.lines[0].line.product.pk, "revision": cart.session.revision}

    answers = visitor.send_all([(path, fields)] * 50, htmx=True)

    assert Counter(answer.status for answer in answers) == {200: 1, 409: 49}
    assert OrderSession.objects.get(pk=cart.session.pk).units == D(2)
