"""The same thing done twice: by one form, which does it once, and by two people, of whom the second is told."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.errors import InsufficientStock, LotStateKept
from apps.inventory.models import Lot, StockCountLine, StockOperation
from apps.inventory.services import counting, locations, lots, stock
from apps.inventory.services.stock import ReceiptLine
from apps.inventory.tests.factories import make_location, make_product, make_stock
from backoffice.kernel.audit import acting

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def lot(shop) -> Lot:
    return make_stock(make_product("Bun", sku="BUN"), 10, shop, lot_code="A1")


def test_a_lot_that_is_blocked_is_not_blocked_again(as_owner, lot, django_user_model):
    olga = django_user_model.objects.create(username="olga", name="Olga")
    with acting(olga):
        lots.block(lot, reason="Smell")
    url = reverse("inventory:lot_block", args=[lot.pk])
    answer = as_owner.post(url, {"reason": "Glass", "status": "blocked"})
    assert answer.status_code == 409
    said = unescape(answer.content.decode())
    for part in ("Lot A1 of Bun is in the state “blocked” already", "by Olga (Smell)", "release it, if it is good"):
        assert part in said
    assert Lot.history.filter(id=lot.pk, status="blocked").count() == 1
    # In quarantine it was not yet: that is a change, and said so.
    assert as_owner.post(url, {"reason": "Look", "status": "quarantine"}).status_code == 302


def test_a_lot_in_use_is_not_released(as_owner, lot):
    answer = as_owner.post(reverse("inventory:lot_unblock", args=[lot.pk]), {"reason": "fine"})
    assert answer.status_code == 409
    assert "Lot A1 of Bun is in use" in unescape(answer.content.decode())


def test_the_same_form_blocks_once_and_is_not_refused(as_owner, lot):
    url = reverse("inventory:lot_block", args=[lot.pk])
    said = {"reason": "Smell", "status": "blocked", "_key": "form"}
    assert [as_owner.post(url, said).status_code for _time in range(2)] == [302, 302]
    with pytest.raises(LotStateKept):
        lots.block(lot, reason="Smell", key="another")


def test_a_figure_that_is_added_by_one_form_is_added_once(as_owner, lot, shop):
    count = counting.start(location=shop)
    line = count.lines.get()
    page = as_owner.get(reverse("inventory:count_enter", args=[count.pk])).content.decode()
    key = page.split('name="_key" value="', 1)[1].split('"', 1)[0]
    url = reverse("inventory:count_record", args=[line.pk])
    said = {"quantity": "4", "revision": "1", "do": "add", "_key": key}
    assert [as_owner.post(url, said).status_code for _time in range(2)] == [302, 302]
    assert StockCountLine.objects.get().counted == 4
    # Another figure from the same page is one more to decide about, not an error of the form.
    again = as_owner.post(url, {**said, "quantity": "5", "do": "set"})
    assert again.status_code == 409
    assert "wrote down 4" in unescape(again.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def test_what_turns_up_where_a_place_was_closed_is_said_and_not_an_error(as_owner, lot, shop):
    count, cellar = counting.start(location=shop), make_location("Cellar")
    locations.close(cellar)
    url = reverse("inventory:count_stranger", args=[count.pk])
    page = as_owner.post(url, {"lot": lot.pk, "location": cellar.pk}, follow=True)
    assert page.status_code == 200
    assert "Cellar is closed" in unescape(page.content.decode())


def test_a_lot_code_with_signs_in_it_is_found_after_it_was_taken_in(as_owner, lot, shop):
    odd = make_stock(lot.product, 1, make_location("Cellar"), lot_code="A&B #1+2")
    count = counting.start(location=shop)
    url = reverse("inventory:count_stranger", args=[count.pk])
    page = as_owner.post(url, {"lot": odd.pk, "location": shop.pk}, follow=True).content.decode()
    assert "Found for “A&amp;B #1+2”" in page
    assert 'id="line-' in page


def test_a_refused_reversal_of_several_products_says_which_button_is_whose(as_owner, shop):
    products = [make_product(name, sku=name.upper()) for name in ("Bun", "Cake")]
    receipt = stock.receive(shop, [ReceiptLine(product, D(5), lot_code="L", unit_cost=D(1)) for product in products])
    for move in receipt.moves.select_related("lot"):
        stock.waste(lot=move.lot, location=shop, quantity=D(1), reason="fell")
    answer = as_owner.post(reverse("inventory:operation_reverse", args=[receipt.pk]), {"reason": "wrong"})
    said = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "BUN: See the stock" in said
    assert "CAKE: See the stock" in said


def test_one_product_that_is_short_has_its_button_without_a_name(shop, lot):
    with pytest.raises(InsufficientStock) as refused:
        stock.transfer(lot=lot, quantity=D(11), source=shop, destination=make_location())
    assert [one.text.replace("\N{NO-BREAK SPACE}", " ") for one in refused.value.remedies] == [
        "Take 10 un",
        "See the stock",
    ]
    assert not StockOperation.objects.filter(kind="transfer").exists()


@pytest.mark.parametrize(
    ("screen", "said"),
    [
        ("transfer", {"quantity": "10", "destination": "Cellar"}),
        ("waste", {"quantity": "10", "reason": "Spoiled"}),
        ("return_to_supplier", {"quantity": "10", "reason": "wet"}),
        ("adjust", {"counted": "0", "reason": "gone"}),
    ],
)
def test_a_form_that_is_sent_twice_is_answered_twice_and_done_once(as_owner, shop, lot, screen, said):
    """Also when all of it is gone from there: the second time must not be told that nothing is left."""
    make_location("Cellar")
    url = reverse(f"inventory:{screen}")
    said |= {"stock": "A1", "_key": "form"}
    first, second = (as_owner.post(url, said) for _time in range(2))
    assert [first.status_code, second.status_code] == [302, 302]
    assert first["Location"] == second["Location"]
    assert StockOperation.objects.count() == 2
    # Another figure under the same key is not what was done.
    assert as_owner.post(url, {**said, "reason": "other", "more": "fire"}).status_code in (409, 422)


def test_a_reversal_that_is_sent_twice_is_done_once_and_by_another_form_refused(as_owner, lot):
    url = reverse("inventory:operation_reverse", args=[StockOperation.objects.get().pk])
    said = {"reason": "wrong", "_key": "form"}
    assert [as_owner.post(url, said).status_code for _time in range(2)] == [302, 302]
    assert StockOperation.objects.filter(kind="reversal").count() == 1
    again = as_owner.post(url, {"reason": "wrong", "_key": "another tab"})
    assert again.status_code == 409
    assert "was reversed before, by Owner" in unescape(again.content.decode())


def test_a_figure_counted_against_a_book_that_went_on_is_asked_again(as_owner, shop, lot):
    """Two tabs, or a sale while somebody counts: what was there then is not what is there now."""
    row = lot.balances.get()
    url = reverse("inventory:adjust")
    page = unescape(as_owner.get(url, {"stock": row.pk}).content.decode())
    shown = f"{lot.pk}:{shop.pk}:10"
    assert f'value="{shown}' in page
    scanned = as_owner.get(url, {"look": "stock", "stock": "A1"}).content.decode()
    assert 'name="expected"' in scanned
    assert 'hx-swap-oob="true"' in scanned
    stock.waste(lot=lot, location=shop, quantity=D(4), reason="sold")
    said = {"stock": "A1", "counted": "9", "reason": "one fell", "expected": shown, "_key": "form"}
    refused = as_owner.post(url, said)
    assert refused.status_code == 409
    again = f"{lot.pk}:{shop.pk}:6"
    assert f'value="{again}' in unescape(refused.content.decode())
    assert as_owner.post(url, {**said, "counted": "5", "expected": again}).status_code == 302
    assert lot.balances.get().quantity == 5
    for odd in ("x", "1:2", f"{lot.pk}:{shop.pk}:NaN", f"{lot.pk}:{shop.pk}:1e9"):  # nobody was shown that
        assert as_owner.post(url, {**said, "counted": "5", "expected": odd, "_key": ""}).status_code == 409


def left(place: Any, lot: Lot) -> list[str]:
    return list(place.balances.filter(lot=lot).values_list("lot__code", flat=True))


def test_a_place_that_is_not_empty_says_how_much_of_what(as_owner, shop, lot):
    make_stock(make_product("Cake"), 2, make_location("Shelf", parent=shop))
    answer = as_owner.post(reverse("inventory:location_close", args=[shop.pk]))
    said = unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")
    assert answer.status_code == 409
    assert "Shop still has stock: 10 un of Bun and 1 more. Move it away first." in said
    assert "See what is there" in said
    assert left(shop, lot) == ["A1"]


def test_a_place_with_open_places_inside_names_them(as_owner, shop):
    make_location("Shelf", parent=shop)
    answer = as_owner.post(reverse("inventory:location_close", args=[shop.pk]))
    assert "Shop has open places inside: Shelf. Close them first." in unescape(answer.content.decode())
