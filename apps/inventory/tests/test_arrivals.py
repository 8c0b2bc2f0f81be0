"""Demand that waits is served from whatever arrives, however it arrives: by priority, then age, and at once."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.html import strip_tags

from apps.inventory.errors import LotNotUsable
from apps.inventory.models import StockBalance, StockOperation, Supplier
from apps.inventory.selectors import availability
from apps.inventory.services import (
    counting,
    holds,
    locations,
    lots,
    opening,
    purchasing,
    reallocation,
    rearranging,
    stock,
)
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def _books_agree():
    yield
    assert differences() == []


def later(minutes=10):
    return clock.now() + timedelta(minutes=minutes)


# Every way in which three buns may come to the shop: what went before, and what then happens, after the `yield`.
def a_free_receipt(bun, shop):
    yield
    make_stock(bun, 3, shop)


def a_purchase(bun, shop):
    order = purchasing.draft(Supplier.objects.create(code="S", name="S"), location=shop)
    purchasing.set_line(order, product=bun, quantity=D(3), price=D(1))
    purchasing.send(order)
    yield
    purchasing.receive(order, location=shop, lines=[stock.ReceiptLine(bun, D(3), unit_cost=D(1))])


def an_oven(bun, shop):
    yield
    stock.produce(
        origin=make_origin(), product=bun, quantity=D(3), location=shop, total_cost=D(3), produced_on=clock.today(),
        expires_on=None,
    )  # fmt: skip


def opening_stock(bun, shop):
    yield
    opening.open_stock([opening.Entry(bun, shop, D(3))])


def a_transfer(bun, shop):
    cellar = make_location("Cellar")
    lot = make_stock(bun, 3, cellar)
    yield
    stock.transfer(lot=lot, quantity=D(3), source=cellar, destination=shop)


def a_sale_taken_back(bun, shop):
    order = make_origin()
    make_stock(bun, 3, shop)
    holds.place(origin=order, lines=[HoldLine(bun, D(3))], locations=[shop])
    holds.fulfil_for(order)
    yield
    stock.reverse(StockOperation.objects.get(kind="sale"), reason="came back")


def waste_taken_back(bun, shop):
    operation = stock.waste(lot=make_stock(bun, 3, shop), location=shop, quantity=D(3), reason="fell")
    yield
    stock.reverse(operation, reason="was another tray")


def a_return_taken_back(bun, shop):
    lot = make_stock(bun, 3, shop)
    sent = rearranging.return_to_supplier(lot=lot, location=shop, quantity=D(3), reason="wet")
    yield
    stock.reverse(sent, reason="they kept nothing")


def a_look_on_the_shelf(bun, shop):
    lot = make_stock(bun, 3, shop)
    stock.adjust(lot=lot, location=shop, counted=D(0), reason="not there")
    yield
    stock.adjust(lot=lot, location=shop, counted=D(3), reason="behind the others")


def a_count(bun, shop):
    lot = make_stock(bun, 3, shop)
    stock.adjust(lot=lot, location=shop, counted=D(0), reason="not there")
    make_stock(make_product(), 1, shop)
    count = counting.start(location=shop)
    line = counting.add_line(count, lot=lot, location=shop)
    counting.record(line, quantity=D(3))
    yield
    counting.post(count, approved=True)


def a_lot_that_is_good_after_all(bun, shop):
    lot = make_stock(bun, 3, shop)
    lots.block(lot, reason="smells")
    yield
    lots.unblock(lot, reason="was the fridge")


def a_place_out_of_quarantine(bun, shop):
    shelf = make_location("Shelf", kind="quarantine", parent=shop)
    make_stock(bun, 3, shelf)
    yield
    locations.update(shelf, code=shelf.code, name="Shelf", kind="storage", parent=shop)


def a_shelf_that_is_put_into_the_shop(bun, shop):
    shelf = make_location("Shelf")
    make_stock(bun, 3, shelf)
    yield
    locations.update(shelf, code=shelf.code, name="Shelf", kind="storage", parent=shop)


def held_by_another(bun, shop):
    make_stock(bun, 3, shop)
    return holds.place(origin=make_origin(), lines=[HoldLine(bun, D(3))], locations=None, expires_at=later())[0]


def a_release(bun, shop):
    hold = held_by_another(bun, shop)
    yield
    holds.release(hold, reason="no show")


def an_order_called_off(bun, shop):
    hold = held_by_another(bun, shop)
    yield
    holds.release_for(hold.origin)


def a_cart_that_wants_less(bun, shop):
    hold = held_by_another(bun, shop)
    other = make_product()
    make_stock(other, 1, shop)
    yield
    holds.replace(origin=hold.origin, lines=[HoldLine(other, D(1))], locations=[shop])


def a_cart_that_is_too_old(bun, shop):
    held_by_another(bun, shop)
    yield
    with clock.fixed(later(11)):
        holds.expire_due()


def another_is_backed_elsewhere(bun, shop):
    hold = held_by_another(bun, shop)
    cellar = make_location("Cellar")
    make_stock(bun, 3, cellar)
    yield
    reallocation.reallocate(hold, stock=StockBalance.objects.get(location=cellar))


def another_lot_is_scanned(bun, shop):
    hold = held_by_another(bun, shop)
    cellar = make_location("Cellar")
    scanned = make_stock(bun, 3, cellar, lot_code="SCANNED")
    yield
    stock.consume(origin=hold.origin, lines=[stock.ConsumeLine(bun, D(3), cellar, lot=scanned)])


def another_is_wanted_later(bun, shop):
    make_stock(bun, 3, shop, expires_on=clock.today() + timedelta(days=1))
    order = make_origin()
    holds.place(origin=order, lines=[HoldLine(bun, D(3))], locations=[shop])
    yield
    reallocation.reschedule(order, clock.today() + timedelta(days=2))


WAYS = [
    a_free_receipt, a_purchase, an_oven, opening_stock, a_transfer, a_sale_taken_back, waste_taken_back,
    a_return_taken_back, a_look_on_the_shelf, a_count, a_lot_that_is_good_after_all, a_place_out_of_quarantine,
    a_shelf_that_is_put_into_the_shop, a_release, an_order_called_off, a_cart_that_wants_less, a_cart_that_is_too_old,
    another_is_backed_elsewhere, another_lot_is_scanned, another_is_wanted_later,
]  # fmt: skip


class TakenBack(Exception):
    """So that what was done in the transaction never was."""


def wait(product, shop, *, quantity=2, **more):
    lines = [HoldLine(product, D(quantity), more.pop("needed_on", None))]
    return holds.place(origin=make_origin(), lines=lines, locations=[shop], partial=True, **more)[0]


def has(hold):
    return sum((row.quantity for row in hold.allocations.all()), D(0))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_who_waits_is_served_by_priority_then_age_in_the_transaction_of_the_arrival(shop, way: Any):
    bun = make_product()
    arrival = way(bun, shop)
    next(arrival)
    first, second, urgent = wait(bun, shop), wait(bun, shop), wait(bun, shop, priority=5)
    too_old = wait(bun, shop, priority=9, expires_at=clock.now())
    assert [has(hold) for hold in (first, second, urgent)] == [0, 0, 0]
    with pytest.raises(TakenBack), transaction.atomic():
        next(arrival, None)
        assert [has(hold) for hold in (urgent, first, second, too_old)] == [2, 1, 0, 0]
        raise TakenBack
    assert [has(hold) for hold in (urgent, first, second)] == [0, 0, 0], "it is part of the arrival"


def test_the_last_one_goes_to_the_older_of_two_and_the_other_goes_on_waiting(shop):
    bun = make_product()
    first, second = wait(bun, shop, quantity=1), wait(bun, shop, quantity=1)
    make_stock(bun, 1, shop)
    assert (has(first), has(second)) == (1, 0)
    make_stock(bun, 1, shop)
    assert (has(first), has(second)) == (1, 1)


def test_what_will_be_too_old_goes_to_the_next_who_needs_it_sooner(shop):
    bun, today = make_product(), clock.today()
    party = wait(bun, shop, needed_on=today + timedelta(days=3), priority=5)
    lunch = wait(bun, shop)
    make_stock(bun, 2, shop, expires_on=today + timedelta(days=2))
    assert (has(party), has(lunch)) == (0, 2)
    make_stock(bun, 1, shop, expires_on=today + timedelta(days=3))
    assert has(party) == 1


@pytest.mark.parametrize("by", ["midnight", "quarantine"])
def test_who_is_backed_by_what_cannot_be_used_is_served_from_what_arrives_before_any_job_ran(shop, by: str):
    bun, shelf = make_product(), make_location("Shelf", parent=shop)
    old = make_stock(bun, 2, shelf, lot_code="OLD", expires_on=clock.today())
    hold = wait(bun, shop)
    assert has(hold) == 2
    now = clock.now()
    if by == "midnight":
        now = clock.day_bounds(clock.today())[1] + timedelta(minutes=1)
    else:  # as a migration or a hand in the database would do it
        type(shelf).objects.filter(pk=shelf.pk).update(kind="quarantine")
    with clock.fixed(now):
        assert availability.of_one(bun).promised == 2
        new = make_stock(bun, 1, shop, lot_code="NEW")
        assert [(row.lot, row.quantity) for row in hold.allocations.all()] == [(new, 1)]
        assert availability.of_one(bun).promised == 1
        assert old.balances.get().quantity == 2


def test_another_day_lets_go_of_what_will_be_too_old_and_takes_what_was_skipped(shop):
    bun, order, today = make_product(), make_origin(), clock.today()
    soon = make_stock(bun, 2, shop, expires_on=today + timedelta(days=1))
    hold = holds.place(origin=order, lines=[HoldLine(bun, D(2))], locations=[shop])[0]
    assert reallocation.reschedule(order, today + timedelta(days=4)) == [hold]
    hold.refresh_from_db()
    assert (hold.needed_on, has(hold)) == (today + timedelta(days=4), 0)
    assert availability.of_one(bun).available == 2
    good = make_stock(bun, 1, shop, expires_on=today + timedelta(days=4))
    assert [row.lot for row in hold.allocations.all()] == [good]
    reallocation.reschedule(order, today)
    assert {row.lot for row in hold.allocations.all()} == {good, soon}
    assert reallocation.reschedule(order, today) == []


def test_the_list_and_the_page_of_a_hold_say_what_waits_since_when_and_what_letting_go_does(shop, sign_in):
    bun = make_product("Bun")
    make_stock(bun, 2, shop)
    hold, too_old = wait(bun, shop, quantity=5), wait(bun, shop, quantity=7, expires_at=clock.now())
    client = sign_in("view_hold", "release_hold")

    def told(url):
        text = client.get(url).text.replace("\N{NO-BREAK SPACE}", " ")
        return " ".join(unescape(strip_tags(text)).split())

    listed = told(reverse("inventory:hold_list"))
    assert "held just now · waits for 3 un" in listed, "on a phone"
    assert "7 un–" in listed, "what is too old waits for nothing"
    assert re.search(r"Backed ?2 un ?Waits for ?3 un", told(hold.get_absolute_url()))
    release = told(reverse("inventory:hold_release", args=[hold.pk]))
    assert "2 un of Bun, held for" in release
    assert "no longer waits for 3 un of Bun" in release
    make_stock(bun, 3, shop)
    assert "waits for" not in told(reverse("inventory:hold_list"))
    assert "no longer waits" not in told(reverse("inventory:hold_release", args=[hold.pk]))
    assert has(too_old) == 0
    client.post(reverse("inventory:hold_release", args=[hold.pk]), {"reason": "not paid"})
    ended = told(hold.get_absolute_url())
    assert "not paid" in ended
    assert re.search(r"Ended ?\d[^·]*· Someone", ended), "and who let go of it"


def test_what_is_only_too_old_for_that_day_is_not_said_to_be_written_off(shop, sign_in):
    bun, today = make_product("Bun"), clock.today()
    make_stock(bun, 2, shop, lot_code="SOON", expires_on=today + timedelta(days=1))
    hold = wait(bun, shop, needed_on=today + timedelta(days=3))
    with pytest.raises(LotNotUsable, match="leave this one to who needs it sooner"):
        reallocation.reallocate(hold, stock=StockBalance.objects.get())
    with clock.fixed(later(60 * 48)), pytest.raises(LotNotUsable, match="write off what is too old"):
        reallocation.reallocate(hold, stock=StockBalance.objects.get())
