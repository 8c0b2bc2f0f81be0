"""Races, on whichever database the suite runs: each hand has a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse

from apps.inventory.selectors import availability
from apps.inventory.services import verify
from apps.production.models import WorkOrder
from apps.production.services import recipes, work_orders
from apps.production.tests.build import bakery, due
from backoffice.kernel.errors import DomainError
from backoffice.testing.crowd import Crowd, Visitor
from e2e.forms import Forms

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
D = Decimal


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    """What each call returned, or the refusal that it met."""

    def one(number: int) -> Any:
        try:
            return work(number)
        except DomainError as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=times) as pool:
        return list(pool.map(one, range(times)))


def finish(order: int, revision: int | None, key: str) -> str:
    return work_orders.finish(WorkOrder.objects.get(pk=order), revision=revision, key=key).status


def test_twenty_finishes_at_once_finish_once(crowd: Crowd) -> None:
    shop = bakery()
    order = work_orders.release(work_orders.plan(shop.dough, quantity=D(10), due_at=due()))
    order = work_orders.start(order)

    outcome = crowd.do(f"{__name__}:finish", [(order.pk, order.revision, f"k{number}") for number in range(20)])

    assert outcome.names["done"] == 1
    assert set(outcome.names) <= {"done", "NotAllowed", "StaleRevision"}
    assert availability.of([shop.dough])[shop.dough.pk].on_hand == D(10)
    assert verify.differences() == []


def test_the_same_request_sent_many_times_finishes_once_and_every_answer_says_so(crowd: Crowd) -> None:
    shop = bakery()
    order = work_orders.release(work_orders.plan(shop.dough, quantity=D(10), due_at=due()))

    outcome = crowd.do(f"{__name__}:finish", [(order.pk, None, "k")] * 20)

    assert outcome.results == ["done"] * 20
    assert availability.of([shop.dough])[shop.dough.pk].on_hand == D(10)
    assert verify.differences() == []


def test_over_http_twenty_finishes_of_one_work_order_finish_it_once(visitor: Visitor) -> None:
    shop = bakery()
    order = work_orders.release(work_orders.plan(shop.dough, quantity=D(10), due_at=due()))
    order = work_orders.start(order)
    page = reverse("production:work_order_finish", args=[order.pk])
    [fields] = [found for action, found in Forms(visitor.send(page, None).text).found if "revision" in found]

    answers = visitor.send_all([(page, fields)] * 20)

    # The page's own key travels in the form: every answer says that it is done, and it was done once.
    assert {answer.status for answer in answers} <= {302, 409}
    order.refresh_from_db()
    assert order.status == "done"
    assert availability.of([shop.dough])[shop.dough.pk].on_hand == D(10)
    assert verify.differences() == []


def test_two_orders_for_the_last_flour_use_it_once() -> None:
    shop = bakery(flour="6")
    orders = [work_orders.plan(shop.dough, quantity=D(10), due_at=due()) for _number in range(3)]
    for order in orders:
        work_orders.release(order)

    at_once(lambda number: work_orders.finish(WorkOrder.objects.get(pk=orders[number].pk), key="k"), 3)

    assert WorkOrder.objects.filter(status="done").count() == 1
    assert verify.differences() == []


def test_a_version_is_either_changed_or_used() -> None:
    shop = bakery()

    def work(number: int) -> Any:
        if number % 2:
            return work_orders.plan(shop.dough, quantity=D(10), due_at=due())
        return recipes.save(shop.dough_recipe, revision=2, lines=[recipes.LineSpec(shop.flour, D(10))])

    at_once(work, 2)

    lines = set(shop.dough_recipe.lines.values_list("component", flat=True))
    for order in WorkOrder.objects.all():
        assert set(order.materials.values_list("component", flat=True)) == lines
