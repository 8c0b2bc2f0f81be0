"""Receiving against an order on the screen: what is scanned is counted on what was asked, at the agreed price."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory import receipt_draft
from apps.inventory.models import Supplier, SupplierItem
from apps.inventory.services import purchasing
from apps.inventory.tests.factories import make_location, make_product

pytestmark = pytest.mark.django_db
D = Decimal
RECEIVER = ["inventory.receive_stock", "inventory.view_purchaseorder"]


@pytest.fixture
def store() -> Any:
    return make_location("Store")


@pytest.fixture
def flour() -> Any:
    product = make_product("Flour", unit="kg", sku="FLR", barcode="7891234500045", is_purchasable=True)
    ProductUnit.objects.create(product=product, name="sack 25 kg", numerator=25, barcode="17891234500044")
    return product


@pytest.fixture
def mill(flour) -> Supplier:
    supplier = Supplier.objects.create(code="MILL", name="Mill")
    SupplierItem.objects.create(supplier=supplier, product=flour, pack=flour.packs.get(), price=D(100))
    return supplier


@pytest.fixture
def bag(mill, flour) -> SupplierItem:
    pack = ProductUnit.objects.create(product=flour, name="bag 5 kg", numerator=5, barcode="27891234500041")
    return SupplierItem.objects.create(supplier=mill, product=flour, pack=pack, price=D(30))


def drafted(mill: Supplier, *lines: tuple[Any, ProductUnit | None, str]) -> Any:
    order = purchasing.draft(mill)
    for product, pack, quantity in lines:
        purchasing.set_line(order, product=product, pack=pack, quantity=D(quantity))
    return order


def test_the_code_of_the_product_is_one_more_of_the_pack_that_was_ordered(as_user, store, mill, flour):
    """Scanned twice it made two lines."""
    order = purchasing.send(drafted(mill, (flour, flour.packs.get(), "4")))
    client, url = as_user(*RECEIVER), reverse("inventory:purchase_receive", args=[order.pk])
    row = {
        "line-0-product": flour.pk, "line-0-quantity": "1", "line-0-pack": flour.packs.get().pk, "line-0-lot_code": "",
        "line-0-expires_on": "", "line-0-cost": "104",
    }  # fmt: skip
    head = {"location": store.code, "do": "scan", "scan": flour.barcode}
    first = client.post(url, {**head, "lines": 0}).context["draft"].lines
    assert [(line.pack, line.parts.quantity, line.parts.pack_cost) for line in first] == [(flour.packs.get(), 1, 100)]
    answer = client.post(url, {**head, **row, "lines": 1})
    assert [line.parts.quantity for line in answer.context["draft"].lines] == [2]
    assert "4.00 more than agreed (100.00)." in answer.content.decode()


def test_each_pack_is_counted_on_its_own_line(as_user, store, mill, flour, bag):
    sack = flour.packs.get(name="sack 25 kg")
    order = purchasing.send(drafted(mill, (flour, sack, "4"), (flour, bag.pack, "2")))
    row = {
        "line-0-product": flour.pk, "line-0-quantity": "2", "line-0-pack": bag.pack.pk, "line-0-lot_code": "",
        "line-0-expires_on": "", "line-0-cost": "30",
    }  # fmt: skip
    url = reverse("inventory:purchase_receive", args=[order.pk])
    answer = as_user(*RECEIVER).post(url, {"location": store.code, "do": "refresh", "lines": 1, **row})
    assert [(one.line.unit_name, one.here, one.state) for one in answer.context["asked"]] == [
        ("sack 25 kg", 0, ""),
        ("bag 5 kg", 2, "done"),
    ]


def test_who_receives_is_told_at_once_that_nothing_can_be(as_user, store, mill, flour):
    """It was said once all was scanned; and what is out of use was left out without a word."""
    order = drafted(mill, (flour, flour.packs.get(), "4"))
    client, url = as_user("inventory.receive_stock"), reverse("inventory:purchase_receive", args=[order.pk])
    assert "nothing is received on it" in client.get(url).content.decode()
    purchasing.send(order)
    assert "nothing is received on it" not in client.get(url).content.decode()
    type(flour).objects.update(is_active=False)
    assert "Flour is not in use any more; make it active again" in client.get(url).content.decode()
    type(flour).objects.update(is_active=True)
    rows = {
        "lines": 1, "line-0-product": flour.pk, "line-0-quantity": "4", "line-0-pack": flour.packs.get().pk,
        "line-0-lot_code": "", "line-0-expires_on": "", "line-0-cost": "100", "location": store.code, "do": "post",
    }  # fmt: skip
    answer = client.post(url, rows)
    assert "/operations/" in answer["Location"], "who may not see orders is not sent to one"


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        ({"line-0-quantity": "789123450004"}, "more than any shelf holds. Was a code scanned into the field?"),
        ({"line-0-cost": "7891234500045"}, "A line costs less than"),
    ],
)
def test_a_code_scanned_into_a_figure_is_refused_beside_it(as_user, store, mill, flour, typed, refused):
    """It was too large for the database, and an error page took the whole receipt away."""
    order = purchasing.send(drafted(mill, (flour, flour.packs.get(), "4")))
    row = {
        "line-0-product": flour.pk, "line-0-quantity": "4", "line-0-pack": flour.packs.get().pk, "line-0-lot_code": "",
        "line-0-expires_on": "", "line-0-cost": "100", "location": store.code, "do": "post", "lines": 1,
    }  # fmt: skip
    answer = as_user(*RECEIVER).post(reverse("inventory:purchase_receive", args=[order.pk]), row | typed)
    assert answer.status_code == 409
    assert refused in answer.content.decode()
    assert "c-bad" in answer.content.decode().partition(refused)[0][-300:]


def test_two_who_receive_the_same_delivery_are_told(as_user, store, mill, flour):
    """Both pressed “Everything as ordered”, one after the other: eight sacks of four were in the books."""
    order = purchasing.send(drafted(mill, (flour, None, "100")))
    client, url = as_user(*RECEIVER), reverse("inventory:purchase_receive", args=[order.pk])

    def seen(page: str) -> str:
        return page.partition('name="seen" value="')[2].partition('"')[0]

    mine = seen(client.get(url).content.decode())
    row = {
        "line-0-product": flour.pk, "line-0-quantity": "60", "line-0-pack": "", "line-0-lot_code": "",
        "line-0-expires_on": "", "line-0-cost": "4", "location": store.code, "do": "post", "lines": 1, "seen": mine,
    }  # fmt: skip
    assert seen(client.post(url, row | {"do": "refresh"}).content.decode()) == mine
    assert client.post(url, row).status_code == 302
    answer = client.post(url, row)
    assert answer.status_code == 409
    assert "in the meantime" in answer.content.decode()
    assert "60 came before" in answer.content.decode()
    assert order.lines.get().received == 60
    now = seen(answer.content.decode())
    assert client.post(url, row | {"seen": now, "line-0-quantity": "40"}).status_code == 302
    order.refresh_from_db()
    assert (order.status, order.lines.get().received) == ("received", 100)


def test_an_order_that_is_longer_than_a_receipt_says_so(as_user, store, mill, flour, bag, monkeypatch):
    """The rest was left out without a word."""
    order = purchasing.send(drafted(mill, (flour, flour.packs.get(name="sack 25 kg"), "4"), (flour, bag.pack, "2")))
    url = reverse("inventory:purchase_receive", args=[order.pk])
    client, everything = as_user(*RECEIVER), {"location": store.code, "do": "all", "lines": 0}
    assert "A receipt has at most" not in client.post(url, everything).content.decode()
    monkeypatch.setattr(receipt_draft, "MAX_LINES", 1)
    answer = client.post(url, everything)
    assert len(answer.context["draft"].lines) == 1
    assert "A receipt has at most 1 lines." in answer.content.decode()
