"""Purchase orders changed in two tabs, sent while somebody changes them, and letters that do not go out."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory.errors import BadPurchase
from apps.inventory.models import PurchaseLine, PurchaseOrder, Supplier, SupplierItem
from apps.inventory.services import purchasing
from apps.inventory.services.stock import ReceiptLine
from apps.inventory.tests.factories import make_location, make_product
from backoffice.kernel import clock
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db
D = Decimal
BUYER = [
    f"inventory.{name}"
    for name in (
        "view_supplier",
        "view_purchaseorder",
        "add_purchaseorder",
        "change_purchaseorder",
        "send_purchaseorder",
    )
]


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
    supplier = Supplier.objects.create(code="MILL", name="Mill", lead_days=3, email="mill@example.com")
    SupplierItem.objects.create(supplier=supplier, product=flour, pack=flour.packs.get(), price=D(100))
    return supplier


def line_form(client: Any, line: PurchaseLine) -> tuple[str, dict[str, str]]:
    """Where the form of a line goes, and what it says when it is opened now."""
    url = reverse("inventory:purchase_line_edit", args=[line.pk])
    seen = client.get(url).content.decode().partition('name="seen"')[2].partition('value="')[2].partition('"')[0]
    pack = "sack 25 kg" if line.pack else ""
    return url, {"product": "FLR", "pack_name": pack, "quantity": "5", "price": "99", "seen": seen}


def test_two_who_change_the_same_line_are_told(as_user, store, mill, flour):
    client, order = as_user(*BUYER), purchasing.draft(mill)
    line = purchasing.set_line(order, product=flour, quantity=D(4), pack=flour.packs.get())
    url, mine = line_form(client, line)
    assert client.post(url, mine | {"quantity": "6"}).status_code == 302
    answer = client.post(url, mine)
    assert answer.status_code == 409
    assert "changed in the meantime" in answer.content.decode()
    assert PurchaseLine.objects.get().quantity == 6
    assert client.post(*line_form(client, line)).status_code == 302


def test_two_lines_do_not_become_the_same(as_user, store, mill, flour):
    client, order = as_user(*BUYER), purchasing.draft(mill)
    purchasing.set_line(order, product=flour, quantity=D(4), pack=flour.packs.get())
    loose = purchasing.set_line(order, product=flour, quantity=D(9))
    url, mine = line_form(client, loose)
    answer = client.post(url, mine | {"pack_name": "sack 25 kg"})
    assert answer.status_code == 409
    assert "is on the order already" in answer.content.decode()
    assert order.lines.count() == 2


def test_what_was_taken_off_meanwhile_does_not_come_back(mill, flour, store):
    order = purchasing.draft(mill)
    line = purchasing.set_line(order, product=flour, quantity=D(4))
    purchasing.drop_line(PurchaseLine.objects.get())
    with pytest.raises(BadPurchase, match="taken off the order in the meantime"):
        purchasing.set_line(order, product=flour, quantity=D(5), line=line)
    assert order.lines.count() == 0


def test_what_is_sent_is_worth_what_was_shown(as_user, store, mill, flour):
    client, order = as_user(*BUYER), purchasing.draft(mill)
    purchasing.set_line(order, product=flour, quantity=D(4), pack=flour.packs.get())
    url = reverse("inventory:purchase_send", args=[order.pk])
    page = client.get(url).content.decode()
    seen = page.partition('name="seen_worth"')[2].partition('value="')[2].partition('"')[0]
    assert seen == "400.00"
    assert "They agreed to less" not in page
    purchasing.set_line(order, product=flour, quantity=D(40), pack=flour.packs.get())
    answer = client.post(url, {"seen_worth": seen})
    assert answer.status_code == 409
    assert "Look at it again" in answer.content.decode()
    assert client.post(url, {"seen_worth": "4000.00"}).status_code == 302


def test_a_letter_that_did_not_go_out_is_said_on_the_order(as_user, store, mill, flour):
    client, order = as_user(*BUYER), purchasing.draft(mill)
    purchasing.set_line(order, product=flour, quantity=D(4), pack=flour.packs.get())
    purchasing.send(order, mail=True)
    url = order.get_absolute_url()
    assert "the e-mail is on its way" in client.get(url).content.decode()
    job = Directive.objects.filter(topic="purchase.send")
    job.update(status="failed", last_error="Connection refused")
    page = client.get(url).content.decode()
    assert "The e-mail to mill@example.com did not go out." in page
    assert "Connection refused" in page
    assert "It is tried again by itself." in page
    assert "See the job" not in page
    job.update(status="dead")
    assert "It is not tried again" in client.get(url).content.decode()
    job.update(status="done")
    PurchaseOrder.objects.update(mailed_at=clock.now())
    page = client.get(url).content.decode()
    assert "did not go out" not in page
    assert "e-mailed" in page


def test_who_orders_less_than_they_deliver_is_asked_whether_they_agreed(as_user, store, mill, flour):
    client, order = as_user(*BUYER), purchasing.draft(mill)
    Supplier.objects.update(minimum_order=D(500))
    purchasing.set_line(order, product=flour, quantity=D(4), pack=flour.packs.get())
    url = reverse("inventory:purchase_send", args=[order.pk])
    assert "They agreed to less" in client.get(url).content.decode()
    answer = client.post(url, {})
    assert answer.status_code == 409
    assert "delivers from" in answer.content.decode()
    assert client.post(url, {"below_minimum": "on"}).status_code == 302


def test_what_did_not_come_is_no_longer_to_come(as_user, store, mill, flour):
    client, order = as_user(*BUYER), purchasing.draft(mill)
    purchasing.set_line(order, product=flour, quantity=D(4), pack=flour.packs.get())
    purchasing.send(order)
    purchasing.receive(order, location=store, lines=[ReceiptLine(flour, D(3), pack=flour.packs.get(), pack_cost=D(9))])
    page = client.get(order.get_absolute_url()).content.decode()
    assert "Still to come" in page
    answer = client.post(reverse("inventory:purchase_cancel", args=[order.pk]), {"reason": "too late"})
    assert answer.status_code == 409
    assert "Say that the rest does not come instead." in answer.content.decode()
    assert client.post(reverse("inventory:purchase_close", args=[order.pk]), {"reason": "too late"}).status_code == 302
    page = client.get(order.get_absolute_url()).content.decode()
    assert "Still to come" not in page
    assert page.count("Did not come") == 2


def test_a_new_item_is_on_the_page_of_its_supplier_at_once(as_user, mill):
    """The dialog announced what the page did not listen to: it went on saying “No items yet”."""
    client = as_user("inventory.view_supplier", "inventory.change_supplier")
    make_product("Salt", sku="SALT")
    item = {"product": "SALT", "price": "2", "minimum": "1"}
    url = reverse("inventory:item_create", args=[mill.pk])
    answer = client.post(url, item, headers={"HX-Request": "true", "HX-Target": "dialog"})
    told = set(json.loads(answer["HX-Trigger-After-Settle"]))
    redraws = re.search(r'hx-trigger="([^"]*)" hx-select="#main"', client.get(mill.get_absolute_url()).content.decode())
    assert redraws
    assert told & set(re.findall(r"changed:[a-z-]+", redraws[1]))
