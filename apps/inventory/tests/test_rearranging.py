from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.errors import BadMove, BadQuantity, HoldResolved, InsufficientStock, LotNotUsable, ReasonMissing
from apps.inventory.models import Lot, StockBalance
from apps.inventory.selectors import ledger, picking
from apps.inventory.services import holds, lots, reallocation, rearranging, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def shop() -> Any:
    return make_location("Shop", kind="sale")


@pytest.fixture
def bun() -> Any:
    return make_product("Bun", sku="BUN")


def test_sending_back_takes_stock_and_value_out_once_and_can_be_reversed(shop, bun):
    lot = make_stock(bun, 10, shop, cost="3", lot_code="A")
    lots.block(lot, reason="stones")
    with pytest.raises(ReasonMissing):
        rearranging.return_to_supplier(lot=lot, location=shop, quantity=D(4), reason=" ")
    for _time in range(2):
        back = rearranging.return_to_supplier(lot=lot, location=shop, quantity=D(4), reason="stones", key="k")
    assert (StockBalance.objects.get().quantity, StockBalance.objects.get().value) == (6, 18)
    assert ledger.destiny(lot).came == 6
    with pytest.raises(InsufficientStock, match="6 on hand"):
        rearranging.return_to_supplier(lot=lot, location=shop, quantity=D(7), reason="stones")
    stock.reverse(back, reason="they refused it")
    assert StockBalance.objects.get().quantity == 10
    assert differences() == []


def test_a_split_keeps_quantity_and_value_and_knows_where_it_came_from(shop, bun):
    lot = make_stock(bun, 3, shop, cost="3.333333", lot_code="A")
    whole = StockBalance.objects.get().value
    part = rearranging.split(lot=lot, location=shop, quantity=D(1), reason="torn", code="A-2", key="k")
    assert rearranging.split(lot=lot, location=shop, quantity=D(1), reason="torn", code="A-2", key="k") == part
    assert list(part.parents.all()) == [lot]
    assert {row.lot.code: row.quantity for row in StockBalance.objects.select_related("lot")} == {"A": 2, "A-2": 1}
    assert sum(row.value for row in StockBalance.objects.all()) == whole
    with pytest.raises(InsufficientStock):
        rearranging.split(lot=lot, location=shop, quantity=D(3), reason="torn")
    assert Lot.objects.count() == 2
    assert differences() == []


def test_lots_merge_into_the_one_that_expires_first(shop, bun):
    today = clock.today()
    early = make_stock(bun, 4, shop, cost="1", lot_code="E", expires_on=today + timedelta(days=3))
    late = make_stock(bun, 6, shop, cost="2", lot_code="L", expires_on=today + timedelta(days=9))
    with pytest.raises(BadMove, match="lasts longer"):
        rearranging.merge(lot=early, into=late, location=shop, reason="one box")
    rearranging.merge(lot=late, into=early, location=shop, reason="one box")
    row = StockBalance.objects.select_related("lot").get()
    assert (row.lot, row.quantity, row.value, row.lot.unit_cost) == (early, 10, 16, D("1.6"))
    with pytest.raises(BadMove, match="nothing of lot L"):
        rearranging.merge(lot=late, into=early, location=shop, reason="again")
    assert differences() == []


@pytest.mark.parametrize(
    ("percent", "grade", "says"),
    [
        (20, "first", r"A is marked down by 0 %, B by 20 %\. Give both the same markdown"),
        (0, "second", r"A is of first grade, B of second grade\. Give both the same grade"),
    ],
)
def test_lots_that_are_sold_as_different_things_are_kept_apart(shop, bun, percent, grade, says):
    lot, other = make_stock(bun, 4, shop, lot_code="A"), make_stock(bun, 6, shop, lot_code="B")
    rearranging.mark_down(other, percent=percent, grade=grade, reason="dented")
    for one, into, match in ((lot, other, says), (other, lot, "B .* A .* keep them apart")):
        with pytest.raises(BadMove, match=match) as refused:
            rearranging.merge(lot=one, into=into, location=shop, reason="one box")
        assert refused.value.field == "into"
    assert {row.lot_id: row.quantity for row in StockBalance.objects.all()} == {lot.pk: 4, other.pk: 6}
    assert not other.parents.exists()
    rearranging.mark_down(lot, percent=percent, grade=grade, reason="so is this")
    merged = rearranging.merge(lot=lot, into=other, location=shop, reason="one box")
    assert (merged.markdown_percent, merged.grade) == (percent, grade)
    assert differences() == []


def test_lots_of_two_products_are_named_with_their_products(shop, bun):
    """It said that lots of one product are merged, and not which of the two was of another."""
    lot = make_stock(bun, 4, shop, lot_code="A")
    other = make_stock(make_product("Oat milk"), 6, shop, lot_code="M-1")
    with pytest.raises(BadMove, match=r"A is Bun, M-1 is Oat milk: .* Choose another lot of Bun\."):
        rearranging.merge(lot=lot, into=other, location=shop, reason="one box")
    with pytest.raises(BadMove, match=r"A is the lot itself\. Choose another lot of Bun\."):
        rearranging.merge(lot=lot, into=lot, location=shop, reason="one box")
    assert not other.parents.exists()


def test_of_two_lots_with_one_code_the_one_of_the_product_is_merged_into(as_user, shop, bun):
    lot = make_stock(bun, 4, shop, lot_code="A")
    into = make_stock(bun, 1, shop, lot_code="L-881")
    make_stock(make_product("Oat milk"), 6, shop, lot_code="L-881")
    client = as_user("inventory.adjust_stock", "inventory.view_lot")
    sent = {"stock": "A", "into": "L-881", "reason": "one box"}
    holds.place(origin=make_origin("order-1"), lines=[HoldLine(bun, D(4))], locations=[shop])
    page = client.post(reverse("inventory:lot_merge"), sent).content.decode()
    assert "Split off what is free" in page
    assert "Take " not in page  # nothing is typed here that could be less
    lots.block(lot, reason="x")
    lots.block(into, reason="x")
    assert client.post(reverse("inventory:lot_merge"), sent).status_code == 302
    assert StockBalance.objects.get(lot=into).quantity == 5


def test_a_part_is_in_the_state_that_the_lot_is_in_now(shop, bun):
    """Somebody blocked the lot while the form of the other waited for the product: the part was free to be sold."""
    lot = make_stock(bun, 4, shop, lot_code="A")
    seen_before = Lot.objects.get(pk=lot.pk)
    lots.block(lot, reason="stones")
    rearranging.mark_down(lot, percent=30, grade="second", reason="stones")
    part = rearranging.split(lot=seen_before, location=shop, quantity=D(1), reason="torn")
    assert (part.status, part.grade, part.markdown_percent) == ("blocked", "second", 30)


def test_what_is_held_is_neither_split_off_nor_merged_away(shop, bun):
    lot = make_stock(bun, 5, shop, lot_code="A")
    into = make_stock(bun, 1, shop, lot_code="B")
    holds.place(origin=make_origin("order-1"), lines=[HoldLine(bun, D(4))], locations=[shop])
    with pytest.raises(
        InsufficientStock, match=r"lot A, at Shop: 5 on hand, 4 held \(1 hold\), 1 available; 2\sun asked"
    ):
        rearranging.split(lot=lot, location=shop, quantity=D(2), reason="torn")
    with pytest.raises(InsufficientStock, match="4 held") as refused:
        rearranging.merge(lot=lot, into=into, location=shop, reason="one box")
    assert "Split off what is free and merge that" in refused.value.message
    part = rearranging.split(lot=lot, location=shop, quantity=D(1), reason="torn")
    assert StockBalance.objects.get(lot=part).quantity == 1
    assert differences() == []


def test_a_merge_takes_what_lies_in_one_place_and_leaves_the_rest(shop, bun):
    cellar = make_location("Cellar")
    lot = make_stock(bun, 3, shop, cost="0.333333", lot_code="A")
    stock.transfer(lot=lot, quantity=D(1), source=shop, destination=cellar)
    into = make_stock(bun, 7, cellar, cost="0.111111", lot_code="B")
    worth = sum(row.value for row in StockBalance.objects.all())
    merged = rearranging.merge(lot=lot, into=into, location=cellar, reason="one box")
    there = {(row.lot.code, row.location.name): (row.quantity, row.value) for row in StockBalance.objects.all()}
    assert {key: quantity for key, (quantity, _value) in there.items()} == {("A", "Shop"): 2, ("B", "Cellar"): 8}
    assert sum(value for _quantity, value in there.values()) == worth
    assert merged.unit_cost == (there["B", "Cellar"][1] / 8).quantize(D("0.000001"))
    assert (
        rearranging.split(lot=merged, location=cellar, quantity=D(8), reason="all of it").unit_cost == merged.unit_cost
    )
    assert sum(row.value for row in StockBalance.objects.all()) == worth
    assert differences() == []


def test_two_who_mark_one_lot_down_see_what_the_other_said(as_user, shop, bun):
    """Who only gave another grade took the markdown back that somebody had given meanwhile."""
    lot = make_stock(bun, 3, shop, lot_code="A")
    client = as_user("inventory.view_lot", "inventory.block_lot")
    url = reverse("inventory:lot_markdown", args=[lot.pk])
    assert 'value="first;0"' in client.get(url).content.decode()
    sent = {"grade": "first", "percent": "30", "reason": "old", "seen": "first;0"}
    for _time in range(2):  # twice is once
        assert client.post(url, sent).status_code == 302
    assert lot.history.count() == 2
    answer = client.post(url, sent | {"grade": "second", "percent": "0"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Lot A of Bun is of first grade and marked down by 30 % since the form was opened." in text
    assert 'value="first;30"' in text
    assert Lot.objects.get(pk=lot.pk).marked == "first;30"
    assert client.post(url, sent | {"grade": "second", "percent": "0", "seen": "first;30"}).status_code == 302
    assert Lot.objects.get(pk=lot.pk).marked == "second;0"


def test_a_markdown_has_a_reason_and_a_size(shop, bun):
    lot = make_stock(bun, 3, shop, lot_code="A")
    with pytest.raises(BadQuantity, match="between 0 and 100"):
        rearranging.mark_down(lot, percent=120, reason="old")
    assert rearranging.mark_down(lot, percent=30, reason="old").markdown_percent == 30


def test_a_hold_is_backed_with_the_stock_that_was_chosen(shop, bun):
    today = clock.today()
    make_stock(bun, 5, shop, lot_code="E", expires_on=today + timedelta(days=3))
    late = make_stock(bun, 5, shop, lot_code="L", expires_on=today + timedelta(days=9))
    hold = holds.place(origin=make_origin(), lines=[HoldLine(bun, D(4))], locations=[shop])[0]
    assert hold.allocations.get().lot.code == "E"
    reallocation.reallocate(hold, stock=StockBalance.objects.get(lot=late))
    assert hold.allocations.get().lot == late
    lots.block(late, reason="x")
    assert hold.allocations.get().lot.code == "E"
    with pytest.raises(LotNotUsable, match="Take another lot"):
        reallocation.reallocate(hold, stock=StockBalance.objects.get(lot=late))
    holds.release(hold)
    with pytest.raises(HoldResolved):
        reallocation.reallocate(hold)
    assert differences() == []


def test_the_queue_is_served_by_priority_then_age_when_stock_comes(shop, bun):
    waiting = [
        holds.place(origin=make_origin(), lines=[HoldLine(bun, D(2))], locations=[shop], partial=True)[0]
        for _number in range(3)
    ]
    reallocation.reallocate(waiting[2], priority=5)
    make_stock(bun, 3, shop)
    backed = [sum(row.quantity for row in hold.allocations.all()) for hold in waiting]
    assert backed == [1, 0, 2]


def test_the_pick_list_is_by_place(shop, bun):
    cellar = make_location("Cellar", code="A1")
    make_stock(bun, 2, shop, lot_code="S", expires_on=clock.today() + timedelta(days=1))
    make_stock(bun, 5, cellar, lot_code="C", expires_on=clock.today() + timedelta(days=5))
    holds.place(origin=make_origin("order-1"), lines=[HoldLine(bun, D(4))], locations=None)
    stops = picking.for_day(clock.today())
    assert [(stop.location.name, [(pick.lot.code, pick.quantity) for pick in stop.picks]) for stop in stops] == [
        ("Cellar", [("C", 2)]), ("Shop", [("S", 2)]),
    ]  # fmt: skip
    assert picking.for_day(clock.today() - timedelta(days=1)) == []


def test_what_was_made_here_is_not_sent_to_a_supplier(as_user, shop, bun):
    """A croissant went back to nobody."""
    lot = stock.produce(
        origin=make_origin("order-1"), product=bun, quantity=D(10), location=shop, total_cost=D(4),
        produced_on=clock.today(), expires_on=None,
    )  # fmt: skip
    client = as_user("inventory.view_lot", "inventory.adjust_stock", "inventory.waste_stock")

    answer = client.post(reverse("inventory:return_to_supplier"), {"stock": lot.code, "quantity": "3", "reason": "x"})
    assert answer.status_code == 409
    assert f"of Bun, lot {lot.code} at Shop: it was made here" in answer.content.decode()
    assert StockBalance.objects.get().quantity == 10

    shown = client.get(lot.get_absolute_url()).content.decode()
    assert "Write off" in shown or "Waste" in shown
    assert f"{reverse('inventory:return_to_supplier')}?stock=" not in shown


def test_the_screens(as_user, shop, bun):
    names = ("view_lot", "view_hold", "adjust_stock", "block_lot", "release_hold", "view_stockoperation")
    client = as_user(*(f"inventory.{name}" for name in names))
    lot = make_stock(bun, 10, shop, lot_code="A", cost="1")
    other = make_stock(bun, 1, shop, lot_code="B", cost="1")
    hold = holds.place(origin=make_origin("order-1"), lines=[HoldLine(bun, D(1))], locations=[shop])[0]
    send = reverse("inventory:return_to_supplier")
    assert client.post(send, {"stock": "A", "quantity": "99", "reason": "x"}).status_code == 409
    assert client.post(send, {"stock": "A", "quantity": "1", "reason": "x"}).status_code == 302
    split = reverse("inventory:lot_split")
    assert client.post(split, {"stock": "A", "quantity": "2", "code": "A2", "reason": "x"}).status_code == 302
    assert client.post(split, {"stock": "A", "quantity": "2", "code": "A2", "reason": "x"}).status_code == 409
    merge = reverse("inventory:lot_merge")
    assert client.post(merge, {"stock": "A2", "into": "B", "reason": "x"}).status_code == 302
    assert StockBalance.objects.get(lot=other).quantity == 3
    mark = reverse("inventory:lot_markdown", args=[lot.pk])
    assert client.post(mark, {"percent": "130", "grade": "first", "reason": "x"}).status_code == 422
    assert client.post(mark, {"percent": "30", "grade": "third", "reason": "x"}).status_code == 422
    assert client.post(mark, {"percent": "30", "grade": "second", "reason": "x"}).status_code == 302
    shown = client.get(lot.get_absolute_url()).content.decode()
    assert "−30 %" in shown
    assert "second grade" in shown
    assert "−30 %" in client.get(reverse("inventory:lot_labels", args=[lot.pk])).content.decode()
    move = reverse("inventory:hold_reallocate", args=[hold.pk])
    assert client.get(move).status_code == 200
    assert client.post(move, {"stock": "B", "priority": "1"}).status_code == 302
    assert hold.allocations.get().lot == other
    for url in (
        reverse("inventory:picks"),
        reverse("inventory:picks") + "?day=2099-01-01",
        reverse("inventory:lot_labels", args=[lot.pk]) + "?n=30",
    ):
        assert "Bun" in client.get(url).content.decode()
