"""What a person posts by hand: on the day that it came, with a reason of the house, by scans, and on paper."""

from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.models import Lot, Move, PurchaseOrder, StockBalance, StockOperation, Supplier, SupplierItem
from apps.inventory.selectors import valuation
from apps.inventory.services import holds, locations, periods, policy, purchase_jobs, purchasing
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def bun() -> Any:
    return make_product("Bun", sku="BUN", shelf_life_days=4, lot_tracked=True)


def days_ago(number: int) -> date:
    return clock.today() - timedelta(days=number)


def line(product: Any, **more: str) -> dict[str, Any]:
    said = {"quantity": "3", "cost": "2", "lot_code": "N1", "expires_on": clock.today().isoformat(), **more}
    return {"do": "post", "lines": "1", "line-0-product": product.pk} | {f"line-0-{k}": v for k, v in said.items()}


def receive(client: Any, place: Any, product: Any, came_on: str, **more: str) -> Any:
    typed = {"location": place.code, "came_on": came_on, "note": "Forgotten on Friday", **line(product, **more)}
    return client.post(reverse("inventory:receive"), typed)


def said(answer: Any) -> str:
    return unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def test_what_came_on_friday_is_in_fridays_book(as_owner, shop, bun):
    assert receive(as_owner, shop, bun, days_ago(3).isoformat()).status_code == 302
    operation = StockOperation.objects.get()
    assert clock.local(operation.occurred_at).date() == days_ago(3)
    assert operation.note == "Forgotten on Friday"
    assert Lot.objects.get().received_on == days_ago(3)
    assert sum(valuation.values(days_ago(3)).values()) == 6
    assert not valuation.values(days_ago(4))
    assert differences() == []


def test_today_is_now(as_owner, shop, bun):
    before = clock.now()
    assert receive(as_owner, shop, bun, clock.today().isoformat()).status_code == 302
    assert StockOperation.objects.get().occurred_at >= before


def test_the_suggested_day_is_reckoned_from_when_it_came(as_owner, shop, bun):
    page = said(receive(as_owner, shop, bun, days_ago(3).isoformat(), expires_on=""))
    assert "4 days" in page
    used = said(
        as_owner.post(
            reverse("inventory:receive"),
            {
                "location": shop.code,
                "came_on": days_ago(3).isoformat(),
                **line(bun, expires_on=""),
                "do": "",
                "use": "0",
            },
        )
    )
    assert (days_ago(3) + timedelta(days=4)).isoformat() in used


def test_a_day_that_is_still_to_come_is_refused(as_owner, shop, bun):
    answer = receive(as_owner, shop, bun, days_ago(-1).isoformat())
    assert answer.status_code == 422
    assert "That day is still to come" in said(answer)
    assert receive(as_owner, shop, bun, "32/13/2026").status_code == 422
    assert not StockOperation.objects.exists()


CLOSED = ["3 un of Bun, Suppliers → Shop:", "Nothing is posted on", "closed through", "by Olga", "Post it today"]


@pytest.fixture
def closed(django_user_model) -> None:
    """Olga closed the book through the day before yesterday."""
    with acting(django_user_model.objects.create(username="olga", name="Olga")):
        periods.close(days_ago(2))


def test_into_a_closed_period_nothing_is_received(as_owner, shop, bun, closed):
    answer = receive(as_owner, shop, bun, days_ago(2).isoformat())
    assert answer.status_code == 409
    assert [part for part in CLOSED if part not in said(answer)] == []
    assert not Move.objects.exists()
    assert receive(as_owner, shop, bun, days_ago(1).isoformat()).status_code == 302


def test_nor_on_an_order(as_owner, shop, bun, closed):
    order = purchasing.draft(Supplier.objects.create(code="M", name="Mill"), location=shop)
    purchasing.set_line(order, product=bun, quantity=D(3), price=D(2))
    purchasing.send(order)
    url = reverse("inventory:purchase_receive", args=[order.pk])
    typed = {"location": shop.code, "came_on": days_ago(2).isoformat(), **line(bun)}
    answer = as_owner.post(url, typed)
    assert answer.status_code == 409
    assert [part for part in CLOSED if part not in said(answer)] == []
    order.refresh_from_db()
    assert order.status == PurchaseOrder.Status.SENT
    assert as_owner.post(url, typed | {"came_on": days_ago(1).isoformat()}).status_code == 302
    order.refresh_from_db()
    assert order.status == PurchaseOrder.Status.RECEIVED
    assert clock.local(StockOperation.objects.get().occurred_at).date() == days_ago(1)


def test_the_same_form_receives_once_and_not_on_another_day(as_owner, shop, bun):
    key = {"_key": "form"}
    url, typed = reverse("inventory:receive"), {"location": shop.code, "came_on": days_ago(2).isoformat(), **line(bun)}
    assert [as_owner.post(url, typed | key).status_code for _time in range(2)] == [302, 302]
    assert as_owner.post(url, typed | key | {"came_on": days_ago(1).isoformat()}).status_code == 422
    assert StockOperation.objects.count() == 1


# --- reasons of waste -------------------------------------------------------------------------------------------------
def test_waste_has_a_reason_of_the_house(as_owner, shop, bun):
    receive(as_owner, shop, bun, "")
    url = reverse("inventory:waste")
    assert "Left over at closing" in as_owner.get(url).content.decode()
    policy.update(count_tolerance=D(5), waste_reasons="Mice\n mice\n\nFell behind the oven ")
    assert policy.waste_reasons() == ["mice", "Fell behind the oven"]
    page = as_owner.get(url).content.decode()
    assert "Fell behind the oven" in page
    assert "Left over at closing" not in page
    typed = {"stock": "N1", "quantity": "1"}
    assert as_owner.post(url, typed).status_code == 422
    assert as_owner.post(url, typed | {"reason": "of my own"}).status_code == 422
    assert as_owner.post(url, typed | {"reason": "other"}).status_code == 422
    assert as_owner.post(url, typed | {"reason": "other", "more": "Given to Ana"}).status_code == 302
    assert as_owner.post(url, typed | {"reason": "mice", "more": "two of them"}).status_code == 302
    assert as_owner.post(url, typed | {"reason": "mice"}).status_code == 302
    reasons = StockOperation.objects.filter(kind="waste").order_by("pk").values_list("reason", flat=True)
    assert list(reasons) == ["Given to Ana", "mice: two of them", "mice"]
    every = reverse("inventory:operation_list")
    assert 'name="lost"' not in as_owner.get(every).content.decode()
    assert 'name="lost"' in as_owner.get(every, {"view": "waste"}).content.decode()
    shown = as_owner.get(every, {"lost": "mice"}).content.decode()
    assert "two of them" in shown
    assert "Given to Ana" not in shown


# --- on paper, and by scans -------------------------------------------------------------------------------------------
def test_an_operation_prints(as_owner, as_user, shop, bun):
    receive(as_owner, shop, bun, days_ago(1).isoformat())
    operation = StockOperation.objects.get()
    url = reverse("inventory:operation_sheet", args=[operation.pk])
    assert url in as_owner.get(operation.get_absolute_url()).content.decode()
    page = said(as_owner.get(url))
    for part in (operation.number, "Bun", "N1", "3 un", "Suppliers → Shop", "Forgotten on Friday", "Owner", "<svg"):
        assert part in page
    assert as_user(username="nobody").get(url).status_code == 403


@pytest.mark.parametrize("lot_code", ["Açúcar-1", "N/2 & 3"])
def test_labels_of_a_lot_whose_code_no_barcode_holds(as_owner, shop, bun, lot_code):
    assert receive(as_owner, shop, bun, "", lot_code=lot_code).status_code == 302
    page = said(as_owner.get(reverse("inventory:lot_labels", args=[Lot.objects.get().pk])))
    assert lot_code in page
    assert 'class="qr"' in page


@pytest.mark.parametrize(
    ("asked", "printed", "sheets", "before"),
    [
        ({}, 24, 1, 0),
        ({"n": "5", "first": "7"}, 5, 1, 6),
        ({"n": "20", "first": "20"}, 20, 2, 19),
        ({"n": "0", "first": "99"}, 24, 2, 23),
        ({"n": "999", "first": "-3"}, 96, 4, 0),
        ({"n": "x", "first": "²"}, 24, 1, 0),
    ],
)
def test_labels_begin_where_the_sheet_is_still_whole(as_owner, shop, bun, asked, printed, sheets, before):
    assert receive(as_owner, shop, bun, "", lot_code="N1").status_code == 302
    page = as_owner.get(reverse("inventory:lot_labels", args=[Lot.objects.get().pk]), asked).content.decode()
    assert page.count('<section class="small">') == printed
    assert page.count('<main class="a4 labels">') == sheets
    assert page.count("<section></section>") == before
    assert page.index("<section") == (page.index("<section></section>") if before else page.index("<section class"))


@pytest.mark.parametrize("scanned", ["cold", "COLD", "COLD · Cold room", "Cold room", "cold r"])
def test_a_place_is_scanned_or_typed(as_owner, shop, bun, scanned):
    cold = make_location("Cold room", code="COLD")
    make_location("Colder room", code="C2")
    receive(as_owner, shop, bun, "")
    url = reverse("inventory:transfer")
    assert as_owner.post(url, {"stock": "N1", "quantity": "1", "destination": scanned}).status_code == 302
    assert StockBalance.objects.get(location=cold).quantity == 1
    several = as_owner.post(url, {"stock": "N1", "quantity": "1", "destination": "room", "at": "shop"})
    assert several.status_code == 422
    assert "2 places match “room”" in said(several)


def test_a_lot_in_two_places_asks_for_the_place(as_owner, shop, bun):
    cold = make_location("Cold room", code="COLD")
    receive(as_owner, shop, bun, "")
    url, typed = reverse("inventory:transfer"), {"stock": "N1", "quantity": "1", "destination": "COLD"}
    assert 'name="at"' not in as_owner.get(url).content.decode()
    assert as_owner.post(url, typed).status_code == 302
    asked = as_owner.post(url, typed)
    assert asked.status_code == 422
    assert "“N1” lies in 2 places: Cold room, Shop. Say which." in said(asked)
    assert 'name="at"' in said(asked)
    assert as_owner.post(url, typed | {"at": "nowhere"}).status_code == 422
    assert as_owner.post(url, typed | {"at": shop.code}).status_code == 302
    assert StockBalance.objects.get(location=cold).quantity == 2


def test_the_place_that_is_typed_then_is_looked_up_too(as_owner, shop, bun):
    cold = make_location("Cold room", code="COLD")
    receive(as_owner, shop, bun, "")
    url = reverse("inventory:transfer")
    assert as_owner.post(url, {"stock": "N1", "quantity": "1", "destination": "COLD"}).status_code == 302
    refused = said(as_owner.post(url, {"stock": "N1", "quantity": "1", "destination": "COLD"}))
    assert 'hx-target="#id_at_helptext"' in refused
    assert "change from:#id_at" in refused
    assert said(as_owner.get(url, {"look": "at", "at": "cold"})) == cold.name
    assert "1 un by the book" in said(as_owner.get(url, {"look": "stock", "stock": "N1", "at": "cold"}))
    assert "lies in 2 places" in said(as_owner.get(url, {"look": "stock", "stock": "N1", "at": "nowhere"}))


# --- an order to a supplier -------------------------------------------------------------------------------------------
@pytest.fixture
def drafted(shop, bun) -> PurchaseOrder:
    mill = Supplier.objects.create(code="M", name="Mill", email="mill@example.org")
    SupplierItem.objects.create(supplier=mill, product=bun, price=D("2.1234"), code="TRIGO-65")
    order = purchasing.draft(mill, location=shop)
    purchasing.set_line(order, product=bun, quantity=D(3))
    return order


def test_a_purchase_that_is_ticked_goes_by_mail_once(as_owner, drafted, mailoutbox):
    url = reverse("inventory:purchase_send", args=[drafted.pk])
    typed = {"mail": "on", "_key": "form"}
    assert [as_owner.post(url, typed).status_code for _time in range(2)] == [302, 302]
    again = as_owner.post(url, {"mail": "on"})
    assert again.status_code == 409
    assert f"{drafted.number} is sent since" in said(again)
    assert "by Owner. Nothing was sent again" in said(again)
    directive = Directive.objects.get(topic="purchase.send")
    for _time in range(2):
        purchase_jobs.send(directive)
    [mail] = mailoutbox
    assert mail.to == ["mill@example.org"]
    assert drafted.number in mail.subject
    assert "3 × un  Bun (your code TRIGO-65)  2.1234" in mail.body
    drafted.refresh_from_db()
    assert "e-mailed" in said(as_owner.get(drafted.get_absolute_url()))


def test_a_supplier_without_an_address_is_not_mailed(as_owner, drafted):
    drafted.supplier.email = ""
    drafted.supplier.save()
    answer = as_owner.post(reverse("inventory:purchase_send", args=[drafted.pk]), {"mail": "on"})
    assert answer.status_code == 409
    assert "Mill has no e-mail address. Add one, or print the order." in said(answer)
    assert not Directive.objects.exists()


def test_the_printed_order_says_their_number_and_our_price(as_owner, drafted):
    page = said(as_owner.get(reverse("inventory:purchase_sheet", args=[drafted.pk])))
    for part in (drafted.number, "BUN · Your code TRIGO-65", "2.1234", "6.37"):
        assert part in page


def test_a_product_that_the_supplier_has_is_not_added_again(as_owner, drafted):
    url = reverse("inventory:item_create", args=[drafted.supplier_id])
    again = as_owner.post(url, {"product": "BUN", "price": "-1", "minimum": "0"})
    assert again.status_code == 422
    for part in ("Mill has Bun already. Change that line instead.", "Not below zero.", "Above zero."):
        assert part in said(again)
    assert "Constraint" not in said(again)
    item = drafted.supplier.items.get()
    edit = reverse("inventory:item_edit", args=[item.pk])
    typed = {"product": "BUN", "price": "3", "minimum": "2", "revision": getattr(item, "revision", 1)}
    assert as_owner.post(edit, typed).status_code == 302


def test_the_code_of_a_place_is_its_own(as_owner, shop):
    url = reverse("inventory:location_create")
    answer = as_owner.post(url, {"code": shop.code.lower(), "name": "Second shop", "kind": "sale", "parent": ""})
    assert answer.status_code == 422
    assert f"Shop has the code {shop.code} already" in said(answer)


# --- a hold gets other stock ------------------------------------------------------------------------------------------
def test_a_hold_is_not_backed_by_another_product_nor_from_elsewhere(as_owner, shop, bun):
    cellar = make_location("Cellar")
    make_stock(bun, 5, shop, lot_code="B1")
    make_stock(bun, 5, cellar, lot_code="B2")
    make_stock(make_product("Cake"), 5, shop, lot_code="C1")
    [hold] = holds.place(origin=make_origin("Ana"), lines=[HoldLine(bun, D(2))], locations=[shop])
    url = reverse("inventory:hold_reallocate", args=[hold.pk])
    other = as_owner.post(url, {"stock": "C1", "priority": "0"})
    assert other.status_code == 409
    assert "Lot C1 is of Cake; the hold is for Bun. Choose stock of it." in said(other)
    elsewhere = as_owner.post(url, {"stock": "B2", "priority": "0"})
    assert elsewhere.status_code == 409
    assert "Lot B2 lies at Cellar; the hold takes from Shop. Transfer it there" in said(elsewhere)
    assert [row.lot.code for row in hold.allocations.select_related("lot")] == ["B1"]


def test_a_hold_is_backed_from_one_of_two_places_where_the_lot_lies(as_owner, shop, bun):
    cellar = make_location("Cellar", code="CE")
    for place in (shop, cellar):
        make_stock(bun, 5, place, lot_code="B1")
    [hold] = holds.place(origin=make_origin("Ana"), lines=[HoldLine(bun, D(2))], locations=[shop, cellar])
    url = reverse("inventory:hold_reallocate", args=[hold.pk])
    asked = as_owner.post(url, {"stock": "B1", "priority": "0"})
    assert asked.status_code == 422
    assert "lies in 2 places" in said(asked)
    assert 'name="at"' in said(asked)
    assert as_owner.post(url, {"stock": "B1", "at": "ce", "priority": "0"}).status_code == 302
    assert [row.location for row in hold.allocations.all()] == [cellar]
    assert as_owner.post(url, {"stock": "", "at": "", "priority": "3"}).status_code == 302


def test_an_order_does_not_go_to_a_place_that_is_closed(as_owner, drafted, shop, bun):
    cellar = make_location("Cellar", code="CE")
    edit = reverse("inventory:purchase_edit", args=[drafted.pk])
    locations.close(cellar)
    refused = as_owner.post(edit, {"location": "CE", "expected_on": "", "note": "", "revision": drafted.revision})
    assert refused.status_code == 422
    assert "Cellar is closed. Choose another place" in said(refused)
    for url, typed in (
        (reverse("inventory:product_place", args=[bun.pk]), {"location": "CE"}),
        (reverse("inventory:location_create"), {"code": "X", "name": "X", "kind": "storage", "parent": "cellar"}),
        (reverse("inventory:count_create"), {"location": "CE"}),
    ):
        assert "Cellar is closed" in said(as_owner.post(url, typed))
    locations.close(shop)  # where the order goes: it is still said where that was
    assert f"{shop.code} · Shop" in said(as_owner.get(edit))


@pytest.mark.parametrize("odd", ["²", "S-²", "99999999999999999999", "\x00"])
def test_lists_survive_what_looks_like_a_number(as_owner, shop, odd):
    assert as_owner.get(reverse("inventory:operation_list"), {"q": odd}).status_code == 200
    for name in ("inventory:lot_list", "inventory:stock_list"):
        assert as_owner.get(reverse(name), {"location": odd, "q": odd}).status_code == 200
