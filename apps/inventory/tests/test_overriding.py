"""Stock that is really gone though somebody holds it: said, asked, and then the truth wins."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.inventory import errors
from apps.inventory.models import HoldAllocation, StockBalance, StockOperation
from apps.inventory.services import holds, stock
from apps.inventory.services.verify import differences
from backoffice.kernel import clock
from backoffice.kernel.errors import KeyReused

from .factories import make_location, make_origin, make_product, make_stock

pytestmark = pytest.mark.django_db
D = Decimal


def hold(product, quantity, place, *, by="", **more):
    origin = make_origin(by)
    return holds.place(origin=origin, lines=[holds.HoldLine(product, D(quantity))], locations=[place], **more)[0]


def backed(one):
    return sum(HoldAllocation.objects.filter(hold=one).values_list("quantity", flat=True), D(0))


@pytest.fixture
def shop(db):
    return make_location("Shop", kind="sale")


@pytest.fixture
def bun(db):
    return make_product("Bun", sku="BUN")


def test_the_refusal_names_who_holds_it_and_nothing_happens(shop, bun):
    lot = make_stock(bun, 10, shop)
    hold(bun, 5, shop, by="Ana")
    hold(bun, 4, shop, by="Bia")

    with pytest.raises(errors.StockHeld) as wasted:
        stock.waste(lot=lot, location=shop, quantity=D(3), reason="fell")
    with pytest.raises(errors.StockHeld) as counted:
        stock.adjust(lot=lot, location=shop, counted=D(2), reason="count")

    for refused, field in ((wasted, "quantity"), (counted, "counted")):
        text = refused.value.message.replace("\N{NO-BREAK SPACE}", " ")
        assert "1 available" in text
        assert "Held by Ana (5 un), Bia (4 un)." in text
        assert refused.value.field == field
    assert StockOperation.objects.count() == 1
    assert HoldAllocation.objects.count() == 2


def test_the_youngest_of_the_least_urgent_wait_and_the_books_agree(shop, bun):
    lot = make_stock(bun, 10, shop)
    first, urgent, last = (
        hold(bun, 4, shop, by="Ana"),
        hold(bun, 3, shop, by="Bia", priority=5),
        hold(bun, 3, shop, by="Caio"),
    )

    operation = stock.waste(lot=lot, location=shop, quantity=D(5), reason="fell", override_holds=True)

    assert [backed(one) for one in (first, urgent, last)] == [2, 3, 0]
    assert operation.note.replace("\N{NO-BREAK SPACE}", " ") == "Taken though it was held by Ana (2 un), Caio (3 un)."
    assert [one.status for one in (first, last)] == ["active", "active"]
    assert StockBalance.objects.get().quantity == 5
    assert differences() == []

    make_stock(bun, 5, shop)
    assert [backed(one) for one in (first, urgent, last)] == [4, 3, 3]


def test_who_loses_stock_gets_other_stock_in_the_same_transaction(shop, bun):
    gone = make_stock(bun, 4, shop, lot_code="A", expires_on=clock.today() + timedelta(days=1))
    other = make_stock(bun, 4, shop, lot_code="B", expires_on=clock.today() + timedelta(days=9))
    one = hold(bun, 4, shop)
    assert HoldAllocation.objects.get().lot == gone

    stock.adjust(lot=gone, location=shop, counted=D(0), reason="count", override_holds=True)

    assert HoldAllocation.objects.get().lot == other
    assert backed(one) == 4
    assert differences() == []


def test_more_than_is_there_is_refused_all_the_same(shop, bun):
    lot = make_stock(bun, 4, shop)
    one = hold(bun, 4, shop)

    with pytest.raises(errors.InsufficientStock):
        stock.waste(lot=lot, location=shop, quantity=D(5), reason="fell", override_holds=True)

    assert backed(one) == 4
    assert StockBalance.objects.get().quantity == 4


def test_what_is_free_needs_no_override_and_a_hold_that_is_too_old_holds_nothing(shop, bun):
    lot = make_stock(bun, 4, shop)
    hold(bun, 2, shop)
    old = hold(bun, 2, shop, expires_at=clock.now() + timedelta(minutes=1))

    with clock.fixed(clock.now() + timedelta(minutes=2)):
        operation = stock.waste(lot=lot, location=shop, quantity=D(2), reason="fell")
        assert differences() == []

    assert operation.note == ""
    assert old.status == "active"


def test_the_same_key_takes_once_and_no_other_content(shop, bun):
    lot = make_stock(bun, 4, shop)
    hold(bun, 4, shop)
    asked = {"lot": lot, "location": shop, "reason": "fell", "key": "k"}
    with pytest.raises(errors.StockHeld):
        stock.waste(quantity=D(1), **asked)

    done = stock.waste(quantity=D(1), override_holds=True, **asked)

    assert stock.waste(quantity=D(1), override_holds=True, **asked) == done
    assert StockBalance.objects.get().quantity == 3
    with pytest.raises(KeyReused):
        stock.waste(quantity=D(2), override_holds=True, **asked)


@pytest.mark.parametrize(("name", "field"), [("waste", "quantity"), ("adjust", "counted")])
def test_the_form_asks_and_goes_on_when_it_is_confirmed(as_user, shop, bun, name, field):
    client = as_user("inventory.waste_stock", "inventory.adjust_stock", "inventory.view_stockoperation")
    make_stock(bun, 4, shop, lot_code="A1")
    one = hold(bun, 4, shop, by="Ana")
    url, typed = reverse(f"inventory:{name}"), {"stock": "A1", field: "1", "reason": "Spoiled", "_key": "once"}
    assert "override_holds" not in client.get(url).content.decode()

    asked = client.post(url, typed)
    page = asked.content.decode()
    assert asked.status_code == 409
    assert "Held by Ana (4" in page
    assert 'name="override_holds"' in page
    assert StockBalance.objects.get().quantity == 4

    assert client.post(url, typed | {"override_holds": "on"}).status_code == 302
    left = D(3) if name == "waste" else D(1)
    assert StockBalance.objects.get().quantity == left
    assert backed(one) == left
    assert client.post(url, typed | {"override_holds": "on"}).status_code == 302
    assert StockBalance.objects.get().quantity == left


def test_who_may_not_adjust_is_not_asked_and_cannot_insist(as_user, shop, bun):
    client = as_user("inventory.waste_stock", "inventory.view_stockoperation")
    make_stock(bun, 4, shop, lot_code="A1")
    one = hold(bun, 4, shop)
    typed = {"stock": "A1", "quantity": "1", "reason": "Spoiled", "override_holds": "on"}

    answer = client.post(reverse("inventory:waste"), typed)

    assert answer.status_code == 409
    assert 'name="override_holds"' not in answer.content.decode()
    assert backed(one) == 4
