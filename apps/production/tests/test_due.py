"""Nobody plans by hand what should have been ready already; what is late meanwhile is still changed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.production.models import WorkOrder
from apps.production.services import work_orders
from apps.production.tests.build import bakery, due
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
OVER = "That is over. Say when it can be ready."


def typed(moment: datetime) -> str:
    return clock.local(moment).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize("ago", [timedelta(minutes=3), timedelta(days=1), timedelta(days=900)])
def test_an_order_is_not_planned_for_a_moment_that_is_over(as_owner: Client, ago: timedelta) -> None:
    shop = bakery()
    fields = {"product": shop.dough.sku, "quantity": "10", "due_at": typed(clock.now() - ago)}
    answer = as_owner.post(reverse("production:work_order_create"), fields)

    assert answer.status_code == 422
    page = unescape(answer.text)
    assert OVER in page
    assert fields["due_at"] in page, "what was typed stays"
    assert page.index('name="quantity"') < page.rindex(OVER) < page.index('name="source"'), "beside the field"
    assert not WorkOrder.objects.exists()


def test_now_is_not_over(as_owner: Client, monkeypatch: Any) -> None:
    """A field has no seconds: ten o'clock is said until a minute past."""
    shop = bakery()
    last = clock.now().replace(second=59, microsecond=0) + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: last)
    fields = {"product": shop.dough.sku, "quantity": "10", "due_at": typed(last)}
    answer = as_owner.post(reverse("production:work_order_create"), fields)

    assert OVER not in unescape(answer.text)


def test_a_late_order_is_changed_but_not_moved_to_another_moment_that_is_over(
    as_user: Callable[..., Client], monkeypatch: Any
) -> None:
    shop = bakery()
    order = work_orders.plan(shop.dough, quantity=Decimal(10), due_at=due().replace(second=37))
    later = clock.now() + timedelta(hours=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    url = reverse("production:work_order_edit", args=[order.pk])
    baker = as_user("production.view_workorder", "production.change_workorder")

    def change(moment: datetime, quantity: str) -> Any:
        order.refresh_from_db()
        return baker.post(url, {"quantity": quantity, "due_at": typed(moment), "notes": "", "revision": order.revision})

    assert change(order.due_at, "12").status_code == 302
    refused = change(order.due_at + timedelta(minutes=1), "14")
    assert (refused.status_code, OVER in unescape(refused.text)) == (422, True)
    order.refresh_from_db()
    assert order.quantity == 12
    assert change(later + timedelta(hours=1), "14").status_code == 302
