"""Every refusal of work says what, where, how much, who, and what to do. Those of stock: apps/inventory/tests."""

from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.inventory.models import Lot, StockBalance
from apps.inventory.services import lots, stock
from apps.production.services import work_orders
from apps.production.services.work_orders import Used
from apps.production.tests.build import bakery, due
from backoffice.kernel import clock
from backoffice.kernel.audit import acting

pytestmark = pytest.mark.django_db
D = Decimal


def text_of(error: Any) -> str:
    return str(error.value.message).replace("\N{NO-BREAK SPACE}", " ")


def running(client: Client) -> tuple[Any, Any]:
    shop = bakery()
    order = work_orders.plan(shop.dough, quantity=D(10), due_at=due())
    return shop, work_orders.start(work_orders.release(order))


def finish(client: Client, order: Any, **data: Any) -> str:
    answer = client.post(
        reverse("production:work_order_finish", args=[order.pk]), {"first": "10", "revision": order.revision, **data}
    )
    assert answer.status_code in (409, 422)
    return unescape(answer.text).replace("\N{NO-BREAK SPACE}", " ")


def test_work_that_is_short_says_what_where_and_how_much(as_owner):
    shop, order = running(as_owner)
    for row in StockBalance.objects.filter(product=shop.butter):
        stock.waste(lot=row.lot, location=row.location, quantity=D(8), reason="fell", override_holds=True)
    answer = finish(as_owner, order)
    for part in (shop.butter.sku, "at Storage", "2 on hand", "2 available", "4 kg asked", "Take 2"):
        assert part in answer


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("block", ["is blocked since", "by Olga", "10 kg at Storage", "1 kg asked", "Take another lot"]),
        ("expire", ["is good until", "10 kg at Storage", "1 kg asked", "Take another lot"]),
    ],
)
def test_a_lot_of_work_that_is_out_of_use_says_why(as_owner, django_user_model, how, said):
    shop, order = running(as_owner)
    lot = Lot.objects.get(product=shop.butter)
    if how == "block":
        with acting(django_user_model.objects.create(username="olga", name="Olga")):
            lots.block(lot, reason="Smell")
    else:
        lot.expires_on = clock.today() - timedelta(days=1)
        lot.save(update_fields=["expires_on"])
    lot.refresh_from_db()
    with pytest.raises(Exception, match="Lot") as refused:
        work_orders.finish(order, key="k", used=[Used(shop.butter, D(1), lot)])
    for part in said:
        assert part in text_of(refused)


def test_work_that_another_changed_says_who(as_owner, django_user_model):
    _shop, order = running(as_owner)
    with acting(django_user_model.objects.create(username="olga", name="Olga")):
        work_orders.pause(order)
    answer = finish(as_owner, order, revision=order.revision - 1)
    for part in (order.number, "was changed by Olga in the meantime", "look at it again"):
        assert part in answer


@pytest.mark.parametrize(
    ("quantity", "said"),
    [("0", "Plan more than nothing"), ("-3", "Plan more than nothing"), ("999999999999", "cannot be ready by then")],
)
def test_what_nobody_can_make_is_not_planned(as_owner, quantity, said):
    """999,999,999 croissants would have been begun before the year 1, which was an accident."""
    shop = bakery()
    fields = {"product": shop.croissant.sku, "quantity": quantity, "due_at": due().strftime("%Y-%m-%dT%H:%M")}
    answer = as_owner.post(reverse("production:work_order_create"), fields)

    assert answer.status_code == 409
    assert said in unescape(answer.text)
    planned = as_owner.post(
        reverse("production:plan_set", args=[due().date(), shop.croissant.pk]), {"quantity": quantity, "revision": ""}
    )
    assert planned.status_code < 500
