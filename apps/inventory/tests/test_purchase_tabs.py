"""Purchase orders changed in two tabs, sent while somebody changes them, and letters that do not go out; what suppliers
sell in several packs, and what comes otherwise than it was ordered."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory.errors import BadPurchase, BadQuantity
from apps.inventory.models import PurchaseLine, PurchaseOrder, StockOperation, Supplier, SupplierItem
from apps.inventory.selectors import availability
from apps.inventory.selectors import purchasing as reads
from apps.inventory.services import purchase_jobs, purchasing, reorder
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
    # On a phone a card has no columns: the figure says of how many, and how much dearer.
    assert 'data-unit=" / 4"' in page
    assert 'data-unit=" × 9.00 (−91.00)"' in page
    answer = client.post(reverse("inventory:purchase_cancel", args=[order.pk]), {"reason": "too late"})
    assert answer.status_code == 409
    assert "Say that the rest does not come instead." in answer.content.decode()
    assert client.post(reverse("inventory:purchase_close", args=[order.pk]), {"reason": "too late"}).status_code == 302
    page = client.get(order.get_absolute_url()).content.decode()
    assert "Still to come" not in page
    assert page.count("Did not come") == 2
    purchasing.take_back(StockOperation.objects.latest("pk"), reason="not ours")
    page = client.get(order.get_absolute_url()).content.decode()
    assert '<span class="tag">reversed</span>' in page
    assert page.count("91.00") == 0, "what went back was neither dear nor cheap"


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


# --- what a supplier sells, and what is agreed ------------------------------------------------------------------------
@pytest.fixture
def bag(mill, flour) -> SupplierItem:
    """The same flour in small: cheaper a pack, dearer a kilogram."""
    pack = ProductUnit.objects.create(product=flour, name="bag 5 kg", numerator=5, barcode="27891234500041")
    return SupplierItem.objects.create(supplier=mill, product=flour, pack=pack, price=D(30), minimum=D(2), lead_days=1)


def drafted(mill: Supplier, *lines: tuple[Any, ProductUnit | None, str]) -> PurchaseOrder:
    order = purchasing.draft(mill)
    for product, pack, quantity in lines:
        purchasing.set_line(order, product=product, pack=pack, quantity=D(quantity))
    return order


def test_a_supplier_sells_a_product_in_two_packs_and_in_no_pack_twice(as_user, mill, flour):
    """The second pack was refused: flour in sacks only, or in bags only."""
    client, url = (
        as_user("inventory.view_supplier", "inventory.change_supplier"),
        reverse("inventory:item_create", args=[mill.pk]),
    )
    ProductUnit.objects.create(product=flour, name="bag 5 kg", numerator=5)
    item = {"product": "FLR", "pack_name": "bag 5 kg", "price": "30", "minimum": "1"}
    assert client.post(url, item).status_code == 302
    again = client.post(url, item)
    assert again.status_code == 422
    assert "Mill has Flour, bag 5 kg already. Change that line instead." in again.content.decode()
    assert client.post(url, item | {"pack_name": ""}).status_code == 302
    assert client.post(url, item | {"pack_name": "kg"}).status_code == 422
    assert mill.items.count() == 3


def test_what_is_suggested_is_the_pack_that_costs_less_by_the_unit(mill, flour, bag, store):
    """Thirty for a bag is less than a hundred for a sack, and was taken for cheap."""
    reorder.set_minimum(flour, minimum=D(50), target=D(60))
    [group] = reads.suggestions()
    assert (group.rows[0].item.unit_name, group.rows[0].packs) == ("sack 25 kg", 3)


def test_no_price_typed_is_the_agreed_one_of_that_pack_or_of_another(as_user, store, mill, flour, bag):
    """Ordered by the kilogram it was put down as free."""
    order = drafted(mill, (flour, flour.packs.get(name="sack 25 kg"), "1"), (flour, bag.pack, "2"), (flour, None, "10"))
    assert [line.price for line in order.lines.order_by("pk")] == [100, 30, 4]
    make_product("Salt", sku="SALT", unit="kg")
    url = reverse("inventory:purchase_line_create", args=[order.pk])
    typed = {"product": "SALT", "pack_name": "", "quantity": "3", "price": ""}
    answer = as_user(*BUYER).post(url, typed)
    assert answer.status_code == 409
    assert "No price of Salt is agreed with Mill. Say what one costs." in answer.content.decode()
    assert as_user(*BUYER, username="b").post(url, typed | {"price": "0"}).status_code == 302


def test_what_is_on_the_order_is_not_replaced_by_adding_it(as_user, store, mill, flour):
    """Who added two sacks to four had two."""
    client, order = as_user(*BUYER), drafted(mill, (flour, flour.packs.get(), "4"))
    url = reverse("inventory:purchase_line_create", args=[order.pk])
    typed = {"product": "FLR", "pack_name": "sack 25 kg", "quantity": "2", "price": ""}
    answer = client.post(url, typed)
    assert answer.status_code == 409
    assert "is on the order already. Change that line instead." in answer.content.decode()
    assert client.post(url, typed | {"quantity": "4"}).status_code == 302, "the same form twice"
    assert order.lines.get().quantity == 4


def test_only_what_can_come_is_ordered(store, mill):
    eggs = make_product("Eggs", unit="un", sku="EGG")
    order = purchasing.draft(mill)
    with pytest.raises(BadQuantity, match=r"counted in steps of 1\sun; 2\.5\sun lies"):
        purchasing.set_line(order, product=eggs, quantity=D("2.5"), price=D(1))
    with pytest.raises(BadQuantity, match="rounds to nothing"):
        purchasing.set_line(order, product=eggs, quantity=D("0.1"), price=D(1))
    with pytest.raises(BadQuantity, match="Was a code scanned into the field"):  # it was taken, and could not be sent
        purchasing.set_line(order, product=eggs, quantity=D("789123450004"), price=D(1))
    with pytest.raises(BadQuantity, match="A line costs less than"):
        purchasing.set_line(order, product=eggs, quantity=D(1000), price=D("7891234.50"))


def test_an_order_is_expected_when_its_slowest_line_is(store, mill, flour, bag):
    """An item that comes in one day waited for the supplier's three."""
    assert purchasing.lead_days(drafted(mill, (flour, bag.pack, "2"))) == 1
    both = drafted(mill, (flour, bag.pack, "2"), (flour, flour.packs.get(name="sack 25 kg"), "1"))
    assert purchasing.lead_days(both) == 3


def test_nothing_is_ordered_of_what_is_out_of_use_nor_less_than_they_deliver(as_user, store, mill, flour, bag):
    order = drafted(mill, (flour, bag.pack, "1"))
    client, url = as_user(*BUYER), reverse("inventory:purchase_send", args=[order.pk])
    assert "They agreed to less" in client.get(url).content.decode()
    answer = client.post(url, {})
    assert answer.status_code == 409
    assert "Mill delivers Flour from 2 × bag 5 kg; 1 × bag 5 kg asked." in answer.content.decode()
    for thing, text in ((mill, "Mill is not active."), (flour, "Flour is not in use any more.")):
        type(thing).objects.filter(pk=thing.pk).update(is_active=False)
        answer = client.post(url, {"below_minimum": "on"})
        assert (answer.status_code, text in answer.content.decode()) == (409, True)
        type(thing).objects.filter(pk=thing.pk).update(is_active=True)
    assert client.post(url, {"below_minimum": "on"}).status_code == 302


def test_suggestions_leave_the_agreed_price_and_do_not_buy_where_nobody_buys(store, mill, flour):
    order, item = purchasing.draft(mill), SupplierItem.objects.get()
    purchasing.set_line(order, product=flour, pack=item.pack, quantity=D(1), price=D(95))
    reorder.order_suggested([(item, D(6))])
    assert order.lines.values_list("quantity", "price").get() == (6, 95)
    Supplier.objects.update(is_active=False)
    with pytest.raises(BadPurchase, match="Mill is not active"):
        reorder.order_suggested([(item, D(7))])


def test_what_was_typed_into_the_suggestions_is_there_after_a_refusal(as_user, store, mill, flour):
    """One wrong figure among ten, and all ten were back to what was suggested."""
    reorder.set_minimum(flour, minimum=D(50), target=D(150))
    salt = make_product("Salt", sku="SALT", unit="kg", is_purchasable=True)
    reorder.set_minimum(salt, minimum=D(5))
    sack, loose = SupplierItem.objects.get(), SupplierItem.objects.create(supplier=mill, product=salt, price=D(2))
    client, url = as_user(*BUYER), reverse("inventory:purchase_suggestions")
    page = client.post(url, {"item": loose.pk, f"packs-{sack.pk}": "9", f"packs-{loose.pk}": "x"}).content.decode()
    assert re.search(rf'name="packs-{sack.pk}"[^>]*value="9"', page)
    assert re.search(rf'name="packs-{loose.pk}"[^>]*value="x"', page)
    assert len(re.findall(r'name="item"[^>]* checked', page)) == 1
    looks = as_user("inventory.view_purchaseorder", username="looks").get(url).content.decode()
    assert 'name="packs-' not in looks, "who may not order types nothing"
    assert "6 × sack 25 kg" in looks
    drafted(mill, (flour, sack.pack, "1"))
    assert len(re.findall(r'name="item"[^>]* checked', client.get(url).content.decode())) == 2, "one sack is not six"


# --- paper and letters ------------------------------------------------------------------------------------------------
def test_an_order_on_paper_runs_over_as_many_pages_as_it_needs(as_user, store, mill, flour):
    """It was one page whatever was on it, and said so; and a draft looked like an order."""
    order = drafted(mill, (flour, flour.packs.get(), "4"))
    client, url = as_user(*BUYER), reverse("inventory:purchase_sheet", args=[order.pk])
    page = client.get(url).content.decode()
    assert 'class="a4 long"' in page
    assert "Page 1 of 1" not in page
    assert "<b>draft</b>" in page
    purchasing.send(order)
    assert "<b>draft</b>" not in client.get(url).content.decode()


def test_a_sent_order_is_mailed_again_until_some_of_it_is_here(as_user, store, mill, flour):
    client, order = as_user(*BUYER), drafted(mill, (flour, flour.packs.get(), "4"))
    url = reverse("inventory:purchase_mail", args=[order.pk])
    assert "is draft; it is not e-mailed" in client.post(url).content.decode()
    purchasing.send(order)
    for _time in range(2):
        assert client.post(url, {"_key": "once"}).status_code == 302
    first = Directive.objects.get(topic="purchase.send")
    assert "on its way already" in client.post(url, {"_key": "two"}).content.decode()
    first.status = "failed"
    first.save()
    assert client.post(url, {"_key": "three"}).status_code == 302
    last = Directive.objects.filter(topic="purchase.send").latest("pk")
    purchase_jobs.send(last)
    purchase_jobs.send(first)  # tried again once the later one went out
    assert [letter.to for letter in mail.outbox] == [["mill@example.com"]]
    assert "e-mailed" in client.get(order.get_absolute_url()).content.decode()
    purchasing.receive(order, location=store, lines=[ReceiptLine(flour, D(1), pack=flour.packs.get(), pack_cost=D(9))])
    assert "is partly received; it is not e-mailed" in client.post(url).content.decode()
    first.status = "queued"
    first.save()
    PurchaseOrder.objects.update(mailed_at=None)
    assert "on its way" not in client.get(order.get_absolute_url()).content.decode()
    purchase_jobs.send(last)
    assert len(mail.outbox) == 1, "what is here is not asked for again"


# --- what comes -------------------------------------------------------------------------------------------------------
def test_what_was_not_ordered_is_not_awaited_when_it_is_taken_back(store, mill, flour):
    """Butter that came by mistake and went back was expected from then on."""
    butter, order = make_product("Butter", unit="kg"), purchasing.send(drafted(mill, (flour, None, "50")))
    extra = purchasing.receive(order, location=store, lines=[ReceiptLine(butter, D(2), unit_cost=D(30))])
    purchasing.receive(order, location=store, lines=[ReceiptLine(flour, D(50), unit_cost=D(4))])
    order.refresh_from_db()
    assert order.status == "received"
    purchasing.take_back(extra, reason="not ours")
    order.refresh_from_db()
    assert order.status == "received", "all that was ordered is here"
    assert availability.of_one(butter).expected == 0
