"""Where an order takes from and brings to: the work centre of its first and last step, and the product's own place."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.inventory.errors import LocationInUse
from apps.inventory.models import Location
from apps.inventory.services import locations
from apps.production.models import WorkCenter
from apps.production.services import work_orders
from apps.production.tests.build import Bakery, bakery, due, place

pytestmark = pytest.mark.django_db


def planned(shop: Bakery) -> tuple[Location, Location]:
    order = work_orders.plan(shop.dough, quantity=Decimal(10), due_at=due())
    return order.source, order.destination


def test_work_centres_say_where_and_the_products_place_comes_first():
    shop = bakery()
    before = planned(shop)
    dry, rack, fridge = place(name="Dry"), place(name="Rack"), place(name="Fridge")
    first = shop.dough.recipes.get().steps.order_by("position", "pk").first().work_center
    last = shop.dough.recipes.get().steps.order_by("position", "pk").last().work_center
    WorkCenter.objects.filter(pk=first.pk).update(takes_from=dry)
    WorkCenter.objects.filter(pk=last.pk).update(puts_to=rack)
    assert planned(shop) == (dry, rack)
    locations.keep_at(shop.dough, fridge)
    assert planned(shop) == (dry, fridge)
    for closed in (dry, rack, fridge):
        locations.close(closed)
    assert planned(shop) == before, "a closed place is nobody's"


def test_an_order_that_says_where_is_not_asked(django_assert_num_queries):
    shop, here, there = bakery(), place(), place()
    locations.keep_at(shop.dough, place())
    order = work_orders.plan(shop.dough, quantity=Decimal(10), due_at=due(), source=here, destination=there)
    assert (order.source, order.destination) == (here, there)


def test_the_form_offers_open_places_where_things_may_be_used(as_user):
    center = WorkCenter.objects.create(code="MIX", name="Mixer")
    dry, barred = place(name="Dry store"), place("quarantine", "Barred")
    client = as_user("production.view_workcenter", "production.change_workcenter")
    url = reverse("production:work_center_edit", args=[center.pk])
    page = client.get(url).content.decode()
    assert "Dry store" in page
    assert "Barred" not in page
    sent = {"code": "MIX", "name": "Mixer", "capacity": 1, "hourly_cost": "0", "position": 0, "is_active": "on"}
    answer = client.post(url, {**sent, "takes_from": dry.pk, "revision": center.revision})
    assert answer.status_code == 302
    assert "Dry store" in client.get(reverse("production:work_center_detail", args=[center.pk])).content.decode()
    center.refresh_from_db()
    answer = client.post(url, {**sent, "takes_from": barred.pk, "revision": center.revision})
    assert answer.status_code == 422


def test_a_place_where_work_goes_on_is_not_closed_and_planned_work_is_named(as_owner):
    shop, dry, rack = bakery(), place(name="Dry"), place(name="Rack")
    order = work_orders.plan(shop.dough, quantity=Decimal(10), due_at=due(), source=dry, destination=rack)
    center = WorkCenter.objects.create(code="MIX", name="Mixer", takes_from=dry, puts_to=rack)
    close = reverse("inventory:location_close", args=[rack.pk])
    page = as_owner.get(close).content.decode()
    assert f"Planned work takes from there or puts there: {order.number}. Choose another place for it." in page
    assert "Taken from there or put there: Mixer." in page
    locations.close(dry)
    assert "Dry (closed)" in as_owner.get(reverse("production:work_order_edit", args=[order.pk])).content.decode()
    assert "Dry (closed)" in as_owner.get(reverse("production:work_center_edit", args=[center.pk])).content.decode()
    assert "Dry (closed)" in as_owner.get(reverse("production:work_center_detail", args=[center.pk])).content.decode()
    work_orders.release(order)
    assert as_owner.post(close).status_code == 409
    with pytest.raises(LocationInUse, match=f"Released work .*: {order.number}. Finish or cancel it first."):
        locations.close(rack)
