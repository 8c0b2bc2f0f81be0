"""Places: the tree, and where products are kept."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.errors import BadMove, LocationInUse
from apps.inventory.models import Location, PutAway, StockBalance
from apps.inventory.selectors import locations as places
from apps.inventory.services import locations, stock
from apps.inventory.services.stock import ReceiptLine
from apps.inventory.tests.factories import make_location, make_product, make_stock

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
    assert url in client.get(reverse("inventory:product_card", args=[milk.pk])).content.decode()
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
