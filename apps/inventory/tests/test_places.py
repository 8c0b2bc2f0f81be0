"""Places: the tree, and where products are kept."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.errors import BadMove, LocationInUse
from apps.inventory.models import Location, PutAway, StockBalance, Supplier
from apps.inventory.selectors import locations as places
from apps.inventory.services import counting, holds, locations, purchasing, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.stock import ReceiptLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting

pytestmark = pytest.mark.django_db
D = Decimal
VIEW, CHANGE = "inventory.view_location", "inventory.change_location"


def test_the_list_is_a_tree_until_it_is_sorted(as_user):
    bakery = make_location("Bakery")
    make_location("Annex")
    cold = make_location("Cold", parent=bakery)
    make_location("Shelf", parent=cold)
    assert [(place.name, depth) for place, depth in places.as_tree(Location.objects.physical())] == [
        ("Annex", 0),
        ("Bakery", 0),
        ("Cold", 1),
        ("Shelf", 2),
    ]
    client = as_user(VIEW)
    page = client.get(reverse("inventory:location_list")).content.decode()
    assert page.index("Annex") < page.index("Bakery") < page.index("↳ Cold") < page.index("\N{EM SPACE}↳ Shelf")
    sorted_page = client.get(reverse("inventory:location_list"), {"sort": "-name"}).content.decode()
    assert sorted_page.index("Shelf") < sorted_page.index("Bakery")
    assert "Cold" in client.get(reverse("inventory:location_list"), {"q": "Cold"}).content.decode()


def test_a_loop_of_places_cannot_be_made_and_would_not_hang_the_list():
    outer, inner = make_location("Outer"), make_location("Inner")
    locations.update(inner, code=inner.code, name="Inner", kind=inner.kind, parent=outer)
    with pytest.raises(BadMove, match="inside itself"):
        locations.update(outer, code=outer.code, name="Outer", kind=outer.kind, parent=inner)
    Location.objects.physical().filter(pk=outer.pk).update(parent=inner)
    assert places.as_tree(Location.objects.physical()) == []


def test_what_comes_goes_to_where_it_is_kept_and_the_rest_to_the_place_of_the_delivery():
    bakery, fridge = make_location("Bakery"), make_location("Fridge")
    milk, salt = make_product("Milk"), make_product("Salt")
    locations.keep_at(milk, fridge)
    kept = places.kept_at([milk.pk, salt.pk])
    stock.receive(
        bakery,
        [ReceiptLine(product, D(2), unit_cost=D(1), location=kept.get(product.pk)) for product in (milk, salt)],
        key="one",
    )
    found = {balance.product.name: balance.location.name for balance in StockBalance.objects.all()}
    assert found == {"Milk": "Fridge", "Salt": "Bakery"}


def test_a_closed_or_barred_place_is_nobodys(as_user):
    milk, fridge = make_product("Milk"), make_location("Fridge")
    with pytest.raises(BadMove, match="Choose another one"):
        locations.keep_at(milk, make_location("Barred", kind="quarantine"))
    locations.keep_at(milk, fridge)
    locations.close(fridge)
    assert places.kept_at([milk.pk]) == {}
    with pytest.raises(BadMove):
        locations.keep_at(milk, fridge)
    assert locations.keep_at(milk, None) is None
    assert not PutAway.objects.exists()


def test_closing_says_what_is_kept_there_and_is_not_done_twice(as_user):
    fridge = make_location("Fridge")
    for name in ("Milk", "Butter", "Cream", "Yeast"):
        locations.keep_at(make_product(name), fridge)
    client, url = as_user(VIEW, CHANGE), reverse("inventory:location_close", args=[fridge.pk])
    assert "Kept there: Butter, Cream, Milk and 1 more." in client.get(url).content.decode()
    assert client.post(url).status_code == 302
    again = client.post(url)
    assert again.status_code == 409
    assert "Fridge is closed since" in again.content.decode()
    assert "already." in again.content.decode()
    assert Location.history.filter(id=fridge.pk, is_active=False).count() == 1


def test_a_place_with_stock_inside_is_not_closed():
    bakery = make_location("Bakery")
    make_stock(make_product("Milk"), 2, make_location("Fridge", parent=bakery))
    with pytest.raises(LocationInUse, match="still has stock"):
        locations.close(bakery)


def test_the_screens_say_where_a_product_is_kept(as_user):
    milk, fridge = make_product("Milk"), make_location("Fridge")
    client = as_user(VIEW, CHANGE, "inventory.view_stockbalance", "inventory.receive_stock")
    url = reverse("inventory:product_place", args=[milk.pk])
    assert "Fridge" in client.get(url).content.decode()
    assert client.post(url, {"location": fridge.code}).status_code == 302
    assert "Milk" in client.get(fridge.get_absolute_url()).content.decode()
    page = client.get(reverse("inventory:receive"), {"product": milk.sku}).content.decode()
    assert "→ Fridge" in page
    card = client.get(reverse("inventory:product_card", args=[milk.pk])).content.decode()
    assert url in card
    assert "kept at Fridge" in card
    assert as_user(VIEW, username="looks").post(url, {"location": ""}).status_code == 403
    assert PutAway.history.count() == 1


def posted(milk: Any, bakery: Any, **more: str) -> dict[str, Any]:
    return {
        "do": "post", "_key": "k1", "lines": "1", "location": bakery.code, "line-0-product": milk.pk,
        "line-0-quantity": "3", "line-0-cost": "1", **more,
    }  # fmt: skip


@pytest.mark.parametrize(("each_place", "there"), [("on", "Fridge"), ("", "Bakery")])
def test_a_delivery_may_go_to_one_place_all_the_same(as_user, each_place, there):
    milk, bakery, fridge = make_product("Milk"), make_location("Bakery"), make_location("Fridge")
    locations.keep_at(milk, fridge)
    client = as_user("inventory.receive_stock", "inventory.view_stockbalance")
    more = {"each_place": each_place} if each_place else {}
    assert client.post(reverse("inventory:receive"), posted(milk, bakery, **more)).status_code == 302
    assert StockBalance.objects.get().location.name == there


# --- opened, closed and opened again ----------------------------------------------------------------------------------
def said(answer: Any) -> str:
    return unescape(answer.content.decode())


def sent(page: Any) -> dict[str, str]:
    """What the form on the page sends by itself."""
    return dict(re.findall(r'<input type="hidden" name="(revision|seen)" value="(\d+)"', page.content.decode()))


def test_a_dialog_that_was_left_open_does_not_close_what_was_opened_again(as_owner, django_user_model):
    fridge = make_location("Fridge")
    url = reverse("inventory:location_close", args=[fridge.pk])
    left_open = sent(as_owner.get(url))
    assert left_open == {"revision": str(fridge.revision)}
    with acting(user=django_user_model.objects.create(username="ana", name="Ana")):
        locations.close(Location.objects.get(pk=fridge.pk))
        locations.reopen(Location.objects.get(pk=fridge.pk))
    late = as_owner.post(url, left_open)
    assert late.status_code == 409
    assert "Fridge was changed by Ana in the meantime. Nothing was saved" in said(late)
    assert Location.objects.get(pk=fridge.pk).is_active
    assert as_owner.post(url, sent(late)).status_code == 302, "who was told and presses again means it"
    assert not Location.objects.get(pk=fridge.pk).is_active


def test_a_place_is_opened_again_once(as_owner):
    fridge = make_location("Fridge")
    locations.close(fridge)
    url = reverse("inventory:location_reopen", args=[fridge.pk])
    dialog = sent(as_owner.get(url))
    assert as_owner.post(url, dialog).status_code == 302
    again = as_owner.post(url, dialog)
    assert again.status_code == 409
    assert "Fridge is open since" in said(again)
    assert Location.history.filter(id=fridge.pk).count() == 3


def test_no_place_is_open_in_a_closed_one(as_owner):
    bakery = make_location("Bakery", code="BAK")
    fridge, attic = make_location("Fridge", code="FR", parent=bakery), make_location("Attic", code="AT")
    locations.close(fridge)
    locations.close(bakery)
    refused = as_owner.post(reverse("inventory:location_reopen", args=[fridge.pk]))
    assert refused.status_code == 409
    assert "Fridge lies in Bakery, which is closed. Open that one first, or put Fridge elsewhere." in said(refused)
    edit = reverse("inventory:location_edit", args=[attic.pk])
    data = {"code": "AT", "name": "Attic", "kind": "storage", "parent": "BAK", "revision": attic.revision}
    moved = as_owner.post(edit, data)
    assert moved.status_code == 409
    assert "Bakery is closed. Choose another place, or open it again." in said(moved)
    edit = reverse("inventory:location_edit", args=[fridge.pk])
    data = {"code": "FR", "name": "Old fridge", "kind": "storage", "parent": "BAK", "revision": fridge.revision}
    assert as_owner.post(edit, data).status_code == 302, "what lies there already may be renamed"
    with pytest.raises(BadMove, match="Bakery is closed"):
        locations.create(code="N", name="New", parent=bakery)


def test_stock_in_a_shelf_is_named_with_the_way_to_the_shelf(as_owner):
    bakery = make_location("Bakery")
    shelf = make_location("Shelf", parent=bakery)
    make_stock(make_product("Milk"), 2, shelf)
    page = said(as_owner.post(reverse("inventory:location_close", args=[bakery.pk])))
    assert "Look at Shelf" in page
    assert "See what is there" not in page


def test_before_a_place_is_closed_who_works_with_it_is_named(as_owner):
    shop, fridge, milk = make_location("Shop"), make_location("Fridge"), make_product("Milk")
    make_stock(milk, 2, fridge)
    counting.start(location=fridge)
    stock.waste(lot=milk.lots.get(), location=fridge, quantity=D(2), reason="sour")
    order = purchasing.draft(Supplier.objects.create(code="M", name="Mill"), location=fridge)
    page = said(as_owner.get(reverse("inventory:location_close", args=[fridge.pk])))
    assert f"To be delivered there: {order.number}." in page
    assert "Being counted there: " in page
    assert "delivered" not in said(as_owner.get(reverse("inventory:location_close", args=[shop.pk])))
    assert as_owner.post(reverse("inventory:location_close", args=[fridge.pk])).status_code == 302


def test_what_becomes_quarantine_is_held_no_more_and_serves_who_waits_when_it_is_good_again():
    fridge, milk = make_location("Fridge"), make_product("Milk")
    make_stock(milk, 5, fridge)
    (hold,) = holds.place(origin=make_origin(), lines=[HoldLine(milk, D(3), clock.today())], locations=None)
    fields: dict[str, Any] = {"code": fridge.code, "name": "Fridge", "parent": None}
    locations.update(fridge, kind="quarantine", **fields)
    assert not hold.allocations.exists()
    assert places.usual() is None
    locations.update(fridge, kind="storage", **fields)
    assert hold.allocations.get().quantity == 3
    assert places.usual() == fridge


def test_a_place_that_is_put_into_another_serves_who_waits_there():
    shop, fridge, milk = make_location("Shop"), make_location("Fridge"), make_product("Milk")
    make_stock(milk, 5, fridge)
    (hold,) = holds.place(
        origin=make_origin(), lines=[HoldLine(milk, D(3), clock.today())], locations=[shop], partial=True
    )
    assert not hold.allocations.exists()
    locations.update(fridge, code=fridge.code, name="Fridge", kind=fridge.kind, parent=shop)
    assert hold.allocations.get().quantity == 3


def test_where_a_product_is_kept_is_not_written_over_unseen(as_owner):
    milk, fridge, shelf = make_product("Milk"), make_location("Fridge", code="FR"), make_location("Shelf", code="SH")
    url = reverse("inventory:product_place", args=[milk.pk])
    first = sent(as_owner.get(url))
    assert as_owner.post(url, {**first, "location": "FR"}).status_code == 302
    assert as_owner.post(url, {**first, "location": "FR"}).status_code == 302, "the same twice is no conflict"
    late = as_owner.post(url, {**first, "location": "SH"})
    assert late.status_code == 409
    assert "Milk is kept at Fridge since the form was opened." in said(late)
    assert 'value="SH' in said(late), "what was typed stays"
    assert PutAway.objects.get().location == fridge
    assert as_owner.post(url, {**sent(late), "location": "SH"}).status_code == 302
    assert PutAway.objects.get().location == shelf


def test_a_code_does_not_have_what_parts_it_from_the_name(as_owner):
    answer = as_owner.post(
        reverse("inventory:location_create"), {"code": "A · B", "name": "X", "kind": "storage", "parent": ""}
    )
    assert answer.status_code == 422
    assert "A code has no “·” in it." in said(answer)


def test_a_place_with_more_lots_than_the_page_shows_says_where_the_rest_is(as_owner, monkeypatch):
    monkeypatch.setattr("apps.inventory.views.locations.SHOWN", 2)
    fridge, milk = make_location("Fridge"), make_product("Milk")
    for code in ("MILK-1", "MILK-2", "MILK-3"):
        make_stock(milk, 1, fridge, lot_code=code)
    page = said(as_owner.get(fridge.get_absolute_url()))
    assert f'href="{reverse("inventory:lot_list")}?location={fridge.pk}"' in page
    assert "MILK-3" not in page
    stock.waste(lot=milk.lots.get(code="MILK-1"), location=fridge, quantity=D(1), reason="sour")
    assert "These are the first" not in said(as_owner.get(fridge.get_absolute_url()))


@pytest.mark.parametrize("code", ["câm", "CÂM ", "cÂm"])
def test_a_code_is_taken_however_it_is_written(as_owner, code):
    make_location("Câmara fria", code="CÂM")
    answer = as_owner.post(
        reverse("inventory:location_create"), {"code": code, "name": "X", "kind": "storage", "parent": ""}
    )
    assert answer.status_code == 422
    assert "Câmara fria has the code CÂM already. Choose another one." in said(answer)


def test_two_places_of_one_name_are_told_by_their_codes(as_owner):
    for code in ("A1", "B1"):
        make_location("Shelf", code=code)
    new = {"code": "C1", "name": "Box", "kind": "storage", "parent": "shelf"}
    answer = as_owner.post(reverse("inventory:location_create"), new)
    assert "2 places match “shelf”: A1 (Shelf), B1 (Shelf). Scan the place, or type its code." in said(answer)
    assert as_owner.post(reverse("inventory:location_create"), {**new, "parent": "b1"}).status_code == 302
    assert Location.objects.get(code="C1").parent.code == "B1"
