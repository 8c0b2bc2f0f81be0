from datetime import timedelta
from decimal import Decimal

import pytest

from apps.catalog.models import ProductUnit
from apps.inventory import errors
from apps.inventory.models import Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.services import holds, locations, lot_codes, lots, stock
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import KeyReused

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def _books_agree():
    yield
    assert differences() == []


def on_hand(lot: Lot, location: Location) -> Decimal:
    balance = StockBalance.objects.filter(lot=lot, location=location).first()
    return balance.quantity if balance else D(0)


def pack_of(product, name="sack 25 kg", numerator=25, denominator=1):
    return ProductUnit.objects.create(product=product, name=name, numerator=numerator, denominator=denominator)


def test_a_receipt_converts_packs_names_the_lot_and_keeps_the_cost():
    flour = make_product("Flour", unit="kg", sku="FLR", shelf_life_days=100)
    store = make_location("Dry store")
    operation = stock.receive(
        store, [stock.ReceiptLine(flour, D(2), pack=pack_of(flour), pack_cost=D("97.50"))], reference="NF 51"
    )
    move = operation.moves.get()
    assert (move.quantity, move.unit_cost, move.value) == (D(50), D("3.9"), D(195))
    assert move.lot.code == f"FLR-{clock.today():%y%m%d}-A"
    assert move.lot.expires_on == clock.today() + timedelta(days=100)
    assert (operation.kind, operation.reference) == ("receipt", "NF 51")


def test_a_pack_price_that_does_not_divide_keeps_its_money():
    sugar = make_product("Sugar", unit="kg")
    store = make_location()
    line = stock.ReceiptLine(sugar, D(3), pack=pack_of(sugar, "bag", 3), pack_cost=D("10.00"))
    lot = stock.receive(store, [line]).moves.get().lot
    assert lot.unit_cost == D("3.333333")
    assert StockBalance.objects.get(lot=lot).value == D("30.00")


def test_the_residue_of_rounding_leaves_with_the_last_of_it():
    salt = make_product("Salt", unit="kg")
    store = make_location()
    lot = make_stock(salt, "3", store, cost="0.333333")
    for _ in range(3):
        stock.waste(lot=lot, location=store, quantity=D(1), reason="spilt")
    wasted = Move.objects.filter(operation__kind="waste")
    assert sum(move.value for move in wasted) == D("1.00")
    assert not StockBalance.objects.filter(lot=lot).exists()


def test_a_perishable_without_a_date_is_refused_where_none_may_be_assumed():
    milk = make_product("Milk", unit="l", shelf_life_days=6)
    with pytest.raises(errors.ExpiryMissing) as refused:
        stock.receive(make_location(), [stock.ReceiptLine(milk, D(1))], default_expiry=False)
    assert refused.value.suggested == clock.today() + timedelta(days=6)
    assert refused.value.field == "expires_on"


def test_a_lot_code_with_another_expiry_or_cost_is_refused():
    butter, store = make_product("Butter", unit="kg"), make_location()
    good = clock.today() + timedelta(days=9)
    lot = make_stock(butter, 5, store, lot_code="LV-1", expires_on=good, cost="41")
    assert make_stock(butter, 5, store, lot_code="LV-1", expires_on=good, cost="41") == lot
    with pytest.raises(errors.LotMismatch, match="expires"):
        make_stock(butter, 5, store, lot_code="LV-1", expires_on=good + timedelta(days=1), cost="41")
    with pytest.raises(errors.LotMismatch, match="cost"):
        make_stock(butter, 5, store, lot_code="LV-1", expires_on=good, cost="42")
    assert on_hand(lot, store) == 10


def test_a_product_that_is_not_kept_by_lot_gets_one_silent_lot_a_cost():
    bags, store = make_product("Bag", lot_tracked=False), make_location()
    first = make_stock(bags, 100, store, cost="0.20")
    again = make_stock(bags, 50, store, cost="0.20")
    dearer = make_stock(bags, 50, store, cost="0.22")
    assert first == again
    assert first.is_silent
    assert str(first) == "no lot"
    assert dearer != first


def test_the_same_key_receives_once_and_other_content_is_refused():
    flour, store = make_product(unit="kg"), make_location()
    line = stock.ReceiptLine(flour, D(5), unit_cost=D(4))
    first = stock.receive(store, [line], key="k")
    assert stock.receive(store, [line], key="k") == first
    assert StockOperation.objects.count() == 1
    with pytest.raises(KeyReused):
        stock.receive(store, [stock.ReceiptLine(flour, D(6), unit_cost=D(4))], key="k")


def test_an_operation_knows_who_and_why(user_with):
    user = user_with()
    flour, store = make_product(unit="kg"), make_location()
    with acting(user=user):
        lot = make_stock(flour, 5, store)
        operation = stock.waste(lot=lot, location=store, quantity=D(1), reason="  wet ")
    assert (operation.actor, operation.reason, operation.kind) == (user, "wet", "waste")
    with pytest.raises(errors.ReasonMissing):
        stock.waste(lot=lot, location=store, quantity=D(1), reason=" ")


def test_a_transfer_moves_quantity_and_value():
    flour, store, bench = make_product(unit="kg"), make_location(), make_location()
    lot = make_stock(flour, 10, store, cost="4")
    stock.transfer(lot=lot, quantity=D("2.5"), source=store, destination=bench)
    assert (on_hand(lot, store), on_hand(lot, bench)) == (D("7.5"), D("2.5"))
    assert StockBalance.objects.get(lot=lot, location=bench).value == D(10)
    with pytest.raises(errors.InsufficientStock):
        stock.transfer(lot=lot, quantity=D(8), source=store, destination=bench)
    with pytest.raises(errors.BadMove):
        stock.transfer(lot=lot, quantity=D(1), source=store, destination=store)


def test_a_count_is_a_value_not_a_difference():
    flour, store = make_product(unit="kg"), make_location()
    lot = make_stock(flour, 10, store, cost="4")
    stock.adjust(lot=lot, location=store, counted=D(7), reason="count")
    assert on_hand(lot, store) == 7
    stock.adjust(lot=lot, location=store, counted=D(9), reason="found")
    assert StockBalance.objects.get(lot=lot).value == D(36)
    with pytest.raises(errors.BadQuantity, match="already"):
        stock.adjust(lot=lot, location=store, counted=D(9), reason="again")
    stock.adjust(lot=lot, location=store, counted=D(0), reason="gone")
    assert not StockBalance.objects.filter(lot=lot).exists()


def test_what_others_hold_is_not_given_away_and_the_refusal_says_all():
    croissant, shop = make_product("Croissant", sku="CROISSANT"), make_location("Shop", kind="sale")
    lot = make_stock(croissant, 10, shop)
    for _ in range(2):
        holds.place(origin=make_origin(), lines=[holds.HoldLine(croissant, D(4))], locations=[shop])
    with pytest.raises(errors.InsufficientStock) as refused:
        stock.waste(lot=lot, location=shop, quantity=D(5), reason="dropped")
    text = refused.value.message.replace("\N{NO-BREAK SPACE}", " ")
    assert "at Shop: 10 on hand, 8 held (2 holds), 2 available; 5 un asked." in text
    assert text.startswith("CROISSANT")
    assert refused.value.shortages[0].available == 2


def test_a_reversal_restores_quantity_and_value_and_happens_once():
    flour, store = make_product(unit="kg"), make_location()
    lot = make_stock(flour, 10, store, cost="0.333333")
    wasted = stock.waste(lot=lot, location=store, quantity=D(3), reason="wet")
    undone = stock.reverse(wasted, reason="was dry")
    assert undone.reverses == wasted
    assert (StockBalance.objects.get(lot=lot).quantity, StockBalance.objects.get(lot=lot).value) == (D(10), D("3.33"))
    with pytest.raises(errors.AlreadyReversed):
        stock.reverse(wasted, reason="twice")
    with pytest.raises(errors.AlreadyReversed):
        stock.reverse(undone, reason="back")


def test_a_receipt_whose_stock_is_gone_cannot_be_reversed():
    flour, store = make_product(unit="kg"), make_location()
    lot = make_stock(flour, 10, store)
    receipt = StockOperation.objects.get(kind="receipt")
    stock.waste(lot=lot, location=store, quantity=D(1), reason="wet")
    with pytest.raises(errors.InsufficientStock):
        stock.reverse(receipt, reason="wrong")


def test_consuming_takes_own_holds_first_then_the_earliest_expiry():
    butter, cold = make_product("Butter", unit="kg"), make_location()
    today = clock.today()
    late = make_stock(butter, 5, cold, expires_on=today + timedelta(days=9), cost="40")
    order, other = make_origin(), make_origin()
    holds.place(origin=order, lines=[holds.HoldLine(butter, D(3))], locations=[cold])
    early = make_stock(butter, 2, cold, expires_on=today + timedelta(days=1), cost="41")
    holds.place(origin=other, lines=[holds.HoldLine(butter, D(1))], locations=[cold])
    taken = stock.consume(origin=order, lines=[stock.ConsumeLine(butter, D(4), cold)])
    assert [(part.lot, part.quantity, part.value) for part in taken] == [(late, D(3), D(120)), (early, D(1), D(41))]
    assert holds.for_origin(order) == []
    assert holds.for_origin(other)[0].allocations.get().lot == early


def test_a_part_consumed_leaves_the_rest_of_the_hold_backed():
    butter, cold = make_product(unit="kg"), make_location()
    make_stock(butter, 5, cold)
    order = make_origin()
    holds.place(origin=order, lines=[holds.HoldLine(butter, D(3))], locations=[cold])
    stock.consume(origin=order, lines=[stock.ConsumeLine(butter, D(1), cold)])
    hold = holds.for_origin(order)[0]
    assert (hold.fulfilled, hold.allocations.get().quantity) == (D(1), D(2))


def test_a_scanned_lot_is_taken_even_when_the_hold_is_on_another():
    butter, cold = make_product(unit="kg"), make_location()
    today = clock.today()
    make_stock(butter, 2, cold, expires_on=today + timedelta(days=1))
    late = make_stock(butter, 2, cold, expires_on=today + timedelta(days=9))
    order = make_origin()
    holds.place(origin=order, lines=[holds.HoldLine(butter, D(2))], locations=[cold])
    taken = stock.consume(origin=order, lines=[stock.ConsumeLine(butter, D(2), cold, lot=late)])
    assert [part.lot for part in taken] == [late]
    assert holds.for_origin(order) == []
    lots.block(late, reason="recall")
    with pytest.raises(errors.LotNotUsable):
        stock.consume(origin=order, lines=[stock.ConsumeLine(butter, D(1), cold, lot=late)])


def test_consuming_too_much_names_every_product_and_takes_nothing():
    butter, flour, cold = make_product("B", unit="kg"), make_product("F", unit="kg"), make_location()
    make_stock(butter, 1, cold)
    make_stock(flour, 1, cold)
    lines = [stock.ConsumeLine(product, D(2), cold) for product in (butter, flour)]
    with pytest.raises(errors.InsufficientStock) as refused:
        stock.consume(origin=make_origin(), lines=lines)
    assert refused.value.product_ids == {butter.pk, flour.pk}
    assert not StockOperation.objects.filter(kind="consumption").exists()


def test_a_consumption_that_rounds_to_nothing_is_refused():
    bun, cold = make_product(unit="un"), make_location()
    make_stock(bun, 5, cold)
    with pytest.raises(errors.BadQuantity):
        stock.consume(origin=make_origin(), lines=[stock.ConsumeLine(bun, D("0.2"), cold)])


def test_the_same_key_consumes_once():
    bun, cold, order = make_product(), make_location(), make_origin()
    make_stock(bun, 5, cold)
    lines = [stock.ConsumeLine(bun, D(2), cold)]
    assert stock.consume(origin=order, lines=lines, key="k") == stock.consume(origin=order, lines=lines, key="k")
    assert StockBalance.objects.get(product=bun).quantity == 3


def test_output_is_a_new_lot_worth_exactly_what_it_cost():
    croissant, shop, order = make_product("Croissant", sku="CROI"), make_location(), make_origin()
    flour, store = make_product(unit="kg"), make_location()
    parent = make_stock(flour, 10, store)
    lot = stock.produce(
        origin=order,
        product=croissant,
        quantity=D(7),
        location=shop,
        total_cost=D("10.00"),
        produced_on=clock.today(),
        expires_on=clock.today(),
        parents=[parent],
        key="k",
    )
    assert list(lot.parents.all()) == [parent]
    assert lot.unit_cost == D("1.428571")
    assert StockBalance.objects.get(lot=lot).value == D("10.00")
    assert (
        stock.produce(
            origin=order,
            product=croissant,
            quantity=D(7),
            location=shop,
            total_cost=D("10.00"),
            produced_on=clock.today(),
            expires_on=clock.today(),
            key="k",
        )
        == lot
    )


def test_what_is_made_on_demand_has_no_stock():
    espresso = make_product("Espresso", sell_policy="on_demand")
    with pytest.raises(errors.NotStocked):
        make_stock(espresso, 1, make_location())


def test_a_place_with_stock_cannot_be_closed_and_a_closed_one_takes_none():
    flour, store, shelf = make_product(unit="kg"), make_location("Store"), make_location("Shelf")
    lot = make_stock(flour, 1, store)
    with pytest.raises(errors.LocationInUse):
        locations.close(store)
    locations.close(shelf)
    with pytest.raises(errors.BadMove, match="closed"):
        stock.transfer(lot=lot, quantity=D(1), source=store, destination=shelf)


def test_lot_codes_go_on_after_z():
    assert [lot_codes._letters(number) for number in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_nothing_is_posted_for_nothing():
    with pytest.raises(errors.BadMove):
        stock.post("receipt", [])
