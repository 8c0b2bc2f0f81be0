"""What to buy when places have minimums of their own: what another place can spare is fetched, not bought."""

from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.inventory.models import PurchaseLine, PurchaseOrder, Supplier, SupplierItem
from apps.inventory.selectors import purchasing as reads
from apps.inventory.services import expected, holds, purchasing, reorder
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal
BUYER = [f"inventory.{name}" for name in ("view_purchaseorder", "add_purchaseorder", "transfer_stock")]


@pytest.fixture
def store() -> Any:
    return make_location("Store", code="ST")


@pytest.fixture
def shop() -> Any:
    return make_location("Shop", code="SHOP")


@pytest.fixture
def jam() -> Any:
    product = make_product("Jam", sku="JAM", is_purchasable=True)
    maker = Supplier.objects.create(code="MAKER", name="Maker", minimum_order=D(500))
    SupplierItem.objects.create(supplier=maker, product=product, price=D(10))
    return product


def lack() -> Any:
    (only,) = reads.plan().lacks
    return only


def test_what_another_place_can_spare_is_fetched_and_not_bought(store, shop, jam):
    make_stock(jam, 100, store)
    make_stock(jam, 2, shop)
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    assert reads.suggestions() == []
    assert (lack().location, lack().available, lack().missing, lack().rest) == (shop, 2, 18, 0)
    (fetch,) = lack().fetches
    assert (fetch.balance.location, fetch.quantity, fetch.of_lot) == (store, 18, 18)


def test_a_place_with_a_minimum_spares_what_is_above_it_and_the_rest_is_bought(store, shop, jam):
    make_stock(jam, 55, store)
    make_stock(jam, 2, shop)
    reorder.set_minimum(jam, minimum=D(50), target=D(60), location=store)
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    ((row,),) = [group.rows for group in reads.suggestions()]
    assert (row.minimum, row.target, row.position, row.missing) == (60, 80, 57, 23)
    assert ([fetch.quantity for fetch in lack().fetches], lack().rest, lack().bought) == ([5], 13, True)


def test_the_larger_of_the_general_minimum_and_the_places_together_is_bought(store, shop, jam):
    make_stock(jam, 12, shop)
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    assert reads.plan() == reads.Plan([], [])
    reorder.set_minimum(jam, minimum=D(15), target=D(40))
    assert [row.missing for group in reads.suggestions() for row in group.rows] == [28]
    reorder.set_minimum(jam, minimum=D(3), target=D(5))
    assert reads.suggestions() == []


def test_planned_work_is_bought_for_where_only_a_place_has_a_minimum(store, shop, jam, monkeypatch):
    """Nothing looked at this product before: its rule names a place."""
    make_stock(jam, 12, shop)
    make_stock(jam, 8, store)
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    monkeypatch.setattr(reads, "planned_demand", lambda ids: {jam.pk: D(15)})
    ((row,),) = [group.rows for group in reads.suggestions()]
    assert (row.position, row.missing, row.lacks) == (5, 15, [])


def test_what_is_promised_or_planned_is_spared_by_nobody(store, shop, jam, monkeypatch):
    make_stock(jam, 30, store)
    reorder.set_minimum(jam, minimum=D(5), target=D(20), location=shop)
    holds.place(origin=make_origin(), lines=[HoldLine(jam, D(4), clock.today())], locations=None)
    monkeypatch.setattr(reads, "planned_demand", lambda ids: {jam.pk: D(14)})
    assert [fetch.quantity for fetch in lack().fetches] == [12]


def test_what_is_on_order_to_the_place_counts_once(store, shop, jam):
    make_stock(jam, 100, store)
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    expected.record(make_origin(), product=jam, quantity=D(9), location=shop, due_at=clock.now() + timedelta(days=1))
    assert (lack().coming, lack().missing) == (9, 11)
    expected.record(make_origin(), product=jam, quantity=D(1), location=shop, due_at=clock.now() + timedelta(days=1))
    assert reads.plan() == reads.Plan([], [])


def test_stock_that_is_coming_elsewhere_is_waited_for(store, shop, jam):
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    expected.record(make_origin(), product=jam, quantity=D(50), location=store, due_at=clock.now() + timedelta(days=1))
    assert reads.suggestions() == []
    assert (lack().fetches, lack().rest, lack().bought) == ([], 20, False)


def test_a_closed_place_lacks_nothing(store, shop, jam):
    reorder.set_minimum(jam, minimum=D(10), location=shop)
    shop.is_active = False
    shop.save()
    assert reads.plan() == reads.Plan([], [])


def test_several_places_share_what_there_is_and_several_lots_are_fetched_one_by_one(store, shop, jam):
    kiosk = make_location("Kiosk", code="K")
    make_stock(jam, 7, store)
    make_stock(jam, 20, store)
    for place, target in ((shop, 20), (kiosk, 12)):
        reorder.set_minimum(jam, minimum=D(10), target=D(target), location=place)
    plan = reads.plan()
    assert [(one.location.name, one.rest) for one in plan.lacks] == [("Kiosk", 5), ("Shop", 0)]
    assert sum(fetch.quantity for one in plan.lacks for fetch in one.fetches) == 27


# --- the page ---------------------------------------------------------------------------------------------------------
def test_the_page_leads_to_the_transfer_that_does_it(as_user, store, shop, jam):
    make_stock(jam, 100, store)
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    url = reverse("inventory:purchase_suggestions")
    client = as_user(*BUYER)
    page = unescape(client.get(url).content.decode()).replace("\N{NO-BREAK SPACE}", " ")
    assert "Fetch 20 un from Store" in page
    link = page.partition(reverse("inventory:transfer"))[2].partition('"')[0]
    form = client.get(reverse("inventory:transfer") + link).content.decode()
    assert 'value="20"' in form
    assert "Shop" in form
    viewer = as_user("inventory.view_purchaseorder", username="viewer")
    page = viewer.get(url).content.decode()
    assert "from Store" in page
    assert reverse("inventory:transfer") not in page


def test_the_page_says_what_a_supplier_gets_and_whether_they_deliver_so_little(as_user, store, shop, jam):
    reorder.set_minimum(jam, minimum=D(10), target=D(20), location=shop)
    client, url = as_user(*BUYER), reverse("inventory:purchase_suggestions")
    page = unescape(client.get(url).content.decode()).replace("\N{NO-BREAK SPACE}", " ")
    assert "200.00" in page
    assert "they deliver from" in page
    assert "for Shop" in page
    reorder.set_minimum(jam, minimum=D(10), target=D(60), location=shop)
    assert "they deliver from" not in client.get(url).content.decode()


def test_what_was_ordered_in_another_tab_is_not_drafted_again(as_user, store, shop, jam):
    reorder.set_minimum(jam, minimum=D(10), target=D(60), location=shop)
    client, url = as_user(*BUYER), reverse("inventory:purchase_suggestions")
    item = SupplierItem.objects.get()
    asked = {"item": item.pk, f"packs-{item.pk}": "60"}
    assert client.post(url, asked).status_code == 302
    assert client.post(url, asked).status_code == 302
    purchasing.send(PurchaseOrder.objects.get())
    answer = client.post(url, asked)
    assert answer.status_code == 409
    assert "enough is there or on order by now" in answer.content.decode()
    assert PurchaseLine.objects.count() == 1


def test_the_page_asks_as_often_for_one_place_as_for_three(as_user, store, shop):
    client, seen = as_user(*BUYER), []
    for number in range(3):
        product = make_product(f"P{number}", is_purchasable=True)
        make_stock(product, 10, store)
        reorder.set_minimum(product, minimum=D(5), location=shop)
        client.get(reverse("inventory:purchase_suggestions"))
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("inventory:purchase_suggestions"))
        seen.append(len(asked))
    assert len(set(seen)) == 1
    assert seen[0] <= 16
