"""Stock as it lies on the shelf: counted in units and packs, without lots in one heap, and fetched place by place."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse
from django.utils.formats import date_format

from apps.catalog.models import ProductUnit
from apps.inventory.models import Move, StockBalance, StockOperation
from apps.inventory.services import holds, lots
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def bun() -> Any:
    return make_product("Bun", sku="BUN")


def said(answer: Any) -> str:
    return unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("typed", "moved"),
    [
        ("2", "2"),
        ("2 un", "2"),
        ("1 tray", "12"),
        ("1 Tray", "12"),
        ("0,5 tray", "6"),
        ("1 dz.", "12"),
        (" 3  UN ", "3"),
    ],
)
def test_a_quantity_may_have_its_unit_behind_it(as_owner, shop, bun, typed, moved):
    ProductUnit.objects.create(product=bun, name="Tray", numerator=12, denominator=1)
    cold = make_location("Cold room", code="COLD")
    make_stock(bun, 20, shop, lot_code="N1")
    answer = as_owner.post(reverse("inventory:transfer"), {"stock": "N1", "quantity": typed, "destination": "COLD"})
    assert answer.status_code == 302
    assert StockBalance.objects.get(location=cold).quantity == D(moved)


@pytest.mark.parametrize("typed", ["2 cx", "2 kg", "un", "2 2 un x", "1,5.0 un", "2-un"])
def test_a_unit_that_the_product_does_not_come_in_is_not_guessed(as_owner, shop, bun, typed):
    make_stock(bun, 20, shop, lot_code="N1")
    answer = as_owner.post(reverse("inventory:waste"), {"stock": "N1", "quantity": typed, "reason": "Spoiled"})
    assert answer.status_code == 422
    assert typed in said(answer)
    assert not StockOperation.objects.filter(kind="waste").exists()


# --- without lots: layers of cost that nobody sees --------------------------------------------------------------------
@pytest.fixture
def salt(shop) -> Any:
    """Bought at two prices: two layers in the book, one heap on the shelf."""
    salt = make_product("Salt", sku="SALT", lot_tracked=False)
    for cost in ("1", "2"):
        make_stock(salt, 5, shop, cost=cost)
    return salt


@pytest.mark.parametrize("scanned", ["salt", "SALT · Salt · Shop"])
def test_what_came_at_two_prices_is_moved_as_one(as_owner, shop, salt, scanned):
    cellar = make_location("Cellar", code="CE")
    page = said(as_owner.get(reverse("inventory:transfer")))
    assert page.count('value="SALT · Salt · Shop"') == 1
    assert "10 un by the book" in said(as_owner.get(reverse("inventory:transfer"), {"look": "stock", "stock": scanned}))
    said_too = {"stock": scanned, "quantity": "7", "destination": "CE"}
    assert as_owner.post(reverse("inventory:transfer"), said_too).status_code == 302
    moves = list(Move.objects.filter(operation__kind="transfer").order_by("pk").values_list("quantity", "value"))
    assert moves == [(5, 5), (2, 4)]  # what came first goes first
    assert sum(cellar.balances.values_list("quantity", flat=True)) == 7
    assert differences() == []


def test_what_came_at_two_prices_is_counted_wasted_and_sent_back_as_one(as_owner, shop, salt):
    def there() -> list[Any]:
        return list(shop.balances.order_by("pk").values_list("quantity", flat=True))

    [hold] = holds.place(origin=make_origin("Ana"), lines=[HoldLine(salt, D(4))], locations=[shop])
    back = {"stock": "SALT", "quantity": "6", "reason": "wet"}
    assert as_owner.post(reverse("inventory:return_to_supplier"), back).status_code == 302
    assert there() == [4]  # what Ana keeps is left alone
    lost = {"stock": "SALT", "quantity": "1", "reason": "Spoiled"}
    assert as_owner.post(reverse("inventory:waste"), lost).status_code == 409
    assert as_owner.post(reverse("inventory:waste"), {**lost, "override_holds": "on"}).status_code == 302
    make_stock(salt, 5, shop, cost="3")
    # Eight is what both together say: nothing to adjust; nine is one more.
    count = {"stock": "SALT", "counted": "8", "reason": "counted"}
    assert as_owner.post(reverse("inventory:adjust"), count).status_code == 409
    assert as_owner.post(reverse("inventory:adjust"), {**count, "counted": "9"}).status_code == 302
    assert sum(there()) == 9
    assert (
        as_owner.post(reverse("inventory:adjust"), {**count, "counted": "0", "override_holds": "on"}).status_code == 302
    )
    assert there() == []
    assert hold.allocations.count() == 0
    assert differences() == []


def test_layers_of_another_day_or_state_are_told_apart(as_owner, shop, salt):
    old = make_stock(salt, 3, shop, expires_on=clock.today())
    url, typed = reverse("inventory:waste"), {"stock": "SALT", "quantity": "1", "reason": "Spoiled"}
    assert "2 lots match “SALT”" in said(as_owner.post(url, typed))
    day = date_format(clock.today(), "SHORT_DATE_FORMAT")
    assert as_owner.post(url, {**typed, "stock": f"SALT · Salt · Shop · {day}"}).status_code == 302
    assert old.balances.get().quantity == 2
    lots.block(old, reason="wet")
    assert f"SALT · Salt · Shop · {day} · blocked" in said(as_owner.get(url))


# --- what to fetch ----------------------------------------------------------------------------------------------------
def test_the_pick_list_of_one_place(as_owner, shop, bun):
    shelf, cellar = make_location("Shelf", code="SH", parent=shop), make_location("Cellar", code="CE")
    for place, code in ((shelf, "B1"), (cellar, "B2")):
        make_stock(bun, 5, place, lot_code=code, expires_on=clock.today())
    holds.place(
        origin=make_origin("Ana"), lines=[HoldLine(bun, D(8), needed_on=clock.today())], locations=[shop, cellar]
    )
    url = reverse("inventory:picks")
    for typed, shown in (("", "B1 B2"), (shop.code, "B1"), ("ce", "B2"), ("Shelf", "B1")):
        page = said(as_owner.get(url, {"place": typed}))
        assert [code for code in ("B1", "B2") if f"<td>{code}</td>" in page] == shown.split()
    wrong = said(as_owner.get(url, {"place": "NOWHERE", "day": "x"}))
    assert "There is no place with the code or name “NOWHERE”" in wrong
    assert "Nothing is held" not in wrong
    assert 'value="NOWHERE"' in wrong
