from datetime import timedelta
from decimal import Decimal

import pytest

from apps.inventory import errors
from apps.inventory.models import Hold, HoldAllocation, StockBalance
from apps.inventory.selectors import availability
from apps.inventory.services import expected, holds, lots, stock
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


@pytest.fixture
def shop():
    return make_location("Shop", kind="sale")


def later(minutes=10):
    return clock.now() + timedelta(minutes=minutes)


def available(product, **more):
    return availability.of_one(product, **more).available


def test_a_hold_keeps_stock_from_others_but_not_from_its_owner(shop):
    bun, mine, yours = make_product(), make_origin(), make_origin()
    make_stock(bun, 5, shop)
    holds.place(origin=mine, lines=[HoldLine(bun, D(4))], locations=[shop])
    with pytest.raises(errors.InsufficientStock):
        holds.place(origin=yours, lines=[HoldLine(bun, D(2))], locations=[shop])
    assert available(bun) == 1
    assert available(bun, exclude=mine) == 5
    holds.replace(origin=mine, lines=[HoldLine(bun, D(5))], locations=[shop])
    assert available(bun) == 0
    assert Hold.objects.count() == 1


def test_demand_is_summed_before_it_is_checked_and_nothing_is_held_when_refused(shop):
    bun = make_product()
    make_stock(bun, 5, shop)
    with pytest.raises(errors.InsufficientStock) as refused:
        holds.place(origin=make_origin(), lines=[HoldLine(bun, D(3)), HoldLine(bun, D(3))], locations=[shop])
    assert refused.value.shortages[0].asked == 6
    assert not Hold.objects.exists()


def test_first_expired_first_out_over_lots_and_places_undated_last(shop):
    milk, cold, today = make_product(unit="l"), make_location(), clock.today()
    undated = make_stock(milk, 1, shop)
    late = make_stock(milk, 1, shop, expires_on=today + timedelta(days=5))
    early = make_stock(milk, 1, cold, expires_on=today)
    hold = holds.place(origin=make_origin(), lines=[HoldLine(milk, D(3))], locations=[shop, cold])[0]
    rows = hold.allocations.order_by("pk")
    assert [row.lot for row in rows] == [early, late, undated]


def test_stock_that_will_have_expired_is_skipped(shop):
    milk, today = make_product(unit="l"), clock.today()
    make_stock(milk, 5, shop, expires_on=today + timedelta(days=1))
    good = make_stock(milk, 2, shop, expires_on=today + timedelta(days=3))
    line = HoldLine(milk, D(2), needed_on=today + timedelta(days=2))
    hold = holds.place(origin=make_origin(), lines=[line], locations=[shop])[0]
    assert hold.allocations.get().lot == good
    with pytest.raises(errors.InsufficientStock, match="expired or blocked"):
        holds.place(origin=make_origin(), lines=[line], locations=[shop])


def test_the_last_day_counts_and_the_next_does_not(shop):
    milk, today = make_product(unit="l"), clock.today()
    make_stock(milk, 2, shop, expires_on=today)
    assert available(milk) == 2
    with clock.fixed(clock.day_bounds(today)[1]):
        assert available(milk) == 0
        assert availability.of_one(milk).on_hand == 2


def test_an_expired_hold_stops_counting_without_any_job(shop):
    bun, mine = make_product(), make_origin()
    make_stock(bun, 1, shop)
    holds.place(origin=mine, lines=[HoldLine(bun, D(1))], locations=[shop], expires_at=later(10))
    with clock.fixed(later(11)):
        assert available(bun) == 1
        other = holds.place(origin=make_origin(), lines=[HoldLine(bun, D(1))], locations=[shop])[0]
        with pytest.raises(errors.InsufficientStock):
            holds.transfer(mine, to=make_origin())
        with pytest.raises(errors.InsufficientStock):
            holds.extend(mine, later(60))
        holds.release(other)
        assert holds.extend(mine, later(60))[0].is_counting(clock.now())
        assert available(bun) == 0


def test_the_sweep_ends_what_is_too_old_and_serves_who_waits(shop):
    bun, mine, yours = make_product(), make_origin(), make_origin()
    make_stock(bun, 1, shop)
    holds.place(origin=mine, lines=[HoldLine(bun, D(1))], locations=[shop], expires_at=later(10))
    waiting = holds.place(origin=yours, lines=[HoldLine(bun, D(1))], locations=[shop], partial=True)[0]
    assert not waiting.allocations.exists()
    assert availability.of_one(bun).promised == 1
    with clock.fixed(later(11)):
        assert holds.expire_due() == 1
        assert holds.expire_due() == 0
    assert waiting.allocations.get().quantity == 1
    assert Hold.objects.get(origin_id=mine.pk).reason == holds.EXPIRED


def test_a_hold_resolves_once(shop):
    bun = make_product()
    make_stock(bun, 1, shop)
    hold = holds.place(origin=make_origin(), lines=[HoldLine(bun, D(1))], locations=[shop])[0]
    holds.release(hold, reason="no show")
    with pytest.raises(errors.HoldResolved):
        holds.release(hold)
    assert not HoldAllocation.objects.exists()


def test_fulfilling_hands_over_what_is_held_and_what_still_waits(shop):
    bun, order = make_product(), make_origin()
    make_stock(bun, 2, shop, cost="1.50")
    holds.place(origin=order, lines=[HoldLine(bun, D(3))], locations=[shop], partial=True)
    with pytest.raises(errors.InsufficientStock):
        holds.fulfil_for(order)
    make_stock(bun, 2, shop, cost="1.60")
    taken = holds.fulfil_for(order, key="k")
    assert [(part.quantity, part.value) for part in taken] == [(D(2), D("3.00")), (D(1), D("1.60"))]
    assert holds.fulfil_for(order, key="k") == taken
    assert StockBalance.objects.get().quantity == 1
    assert Hold.objects.get().status == "fulfilled"


def test_arriving_stock_serves_by_priority_then_age(shop):
    bun, first, second, urgent = make_product(), make_origin(), make_origin(), make_origin()
    for origin, priority in ((first, 0), (second, 0), (urgent, 5)):
        holds.place(origin=origin, lines=[HoldLine(bun, D(2))], locations=[shop], priority=priority, partial=True)
    make_stock(bun, 3, shop)
    backed = {hold.origin_id: sum(row.quantity for row in hold.allocations.all()) for hold in Hold.objects.all()}
    assert backed == {urgent.pk: 2, first.pk: 1, second.pk: 0}


def test_waiting_holds_take_only_from_their_places(shop):
    bun, cellar = make_product(), make_location("Cellar")
    holds.place(origin=make_origin(), lines=[HoldLine(bun, D(2))], locations=[shop], partial=True)
    lot = make_stock(bun, 2, cellar)
    assert not HoldAllocation.objects.exists()
    stock.transfer(lot=lot, quantity=D(2), source=cellar, destination=shop)
    assert HoldAllocation.objects.get().location == shop


def test_places_inside_a_place_belong_to_it(shop):
    bun, shelf = make_product(), make_location("Shelf", parent=shop)
    make_stock(bun, 2, shelf)
    holds.place(origin=make_origin(), lines=[HoldLine(bun, D(2))], locations=[shop])
    assert availability.of([bun], locations=[shop])[bun.pk].held == 2


def test_a_blocked_lot_lets_its_holds_go_elsewhere(shop):
    bun, order = make_product(), make_origin()
    bad = make_stock(bun, 2, shop, lot_code="BAD")
    holds.place(origin=order, lines=[HoldLine(bun, D(2))], locations=[shop])
    good = make_stock(bun, 1, shop, lot_code="GOOD")
    assert [hold.origin for hold in lots.block(bad, reason="recall")] == [order]
    assert HoldAllocation.objects.get().lot == good
    numbers = availability.of_one(bun)
    assert (numbers.on_hand, numbers.unusable, numbers.held, numbers.available, numbers.promised) == (3, 2, 1, 0, 1)
    lots.unblock(bad, reason="fine")
    assert availability.of_one(bun).promised == 0
    assert bad.history.first().history_change_reason == "fine"


def test_transfer_points_the_holds_to_the_order(shop):
    bun, cart, order = make_product(), make_origin(), make_origin()
    make_stock(bun, 2, shop)
    holds.place(origin=cart, lines=[HoldLine(bun, D(2))], locations=[shop], expires_at=later())
    holds.transfer(cart, to=order)
    assert holds.for_origin(cart) == []
    assert holds.for_origin(order)[0].expires_at is None
    assert holds.release_for(order) == 1
    assert holds.release_for(order) == 0


def test_replacing_drops_what_is_no_longer_asked_and_keeps_the_old_when_refused(shop):
    bun, cake, cart = make_product(), make_product(), make_origin()
    make_stock(bun, 2, shop)
    make_stock(cake, 1, shop)
    holds.replace(origin=cart, lines=[HoldLine(bun, D(2)), HoldLine(cake, D(1))], locations=[shop])
    with pytest.raises(errors.InsufficientStock):
        holds.replace(origin=cart, lines=[HoldLine(bun, D(3))], locations=[shop])
    assert available(bun) == 0
    holds.replace(origin=cart, lines=[HoldLine(bun, D(1))], locations=[shop])
    assert (available(bun), available(cake)) == (1, 1)


def test_what_is_made_on_demand_needs_no_hold(shop):
    espresso = make_product(sell_policy="on_demand")
    assert holds.place(origin=make_origin(), lines=[HoldLine(espresso, D(1))], locations=[shop]) == []


def test_nothing_cannot_be_held(shop):
    with pytest.raises(errors.BadQuantity):
        holds.place(origin=make_origin(), lines=[HoldLine(make_product(), D(0))], locations=[shop])


def test_the_numbers_of_many_products_take_three_queries_and_why_adds_up(shop, django_assert_num_queries):
    day = clock.today()
    products = [make_product() for _ in range(4)]
    for product in products[:3]:
        make_stock(product, 5, shop, expires_on=day + timedelta(days=2))
        make_stock(product, 4, shop, expires_on=day)
        holds.place(origin=make_origin(), lines=[HoldLine(product, D(3))], locations=[shop])
        expected.record(make_origin(), product=product, quantity=D(7), location=shop, due_at=later())
    holds.place(origin=make_origin(), lines=[HoldLine(products[3], D(2))], locations=[shop], partial=True)
    with django_assert_num_queries(2):
        numbers = availability.of(products)
    with django_assert_num_queries(3):
        assert availability.of(products, locations=[shop]) == numbers
    first = numbers[products[0].pk]
    assert (first.on_hand, first.held, first.available, first.expected, first.promised) == (9, 3, 6, 7, 0)
    assert numbers[products[3].pk].promised == 2
    tomorrow = availability.of_one(products[0], on=day + timedelta(days=1))
    assert (tomorrow.unusable, tomorrow.available) == (4, 5)
    why = availability.why(products[0])
    assert sum(line.available for line in why.lots) == first.available
    assert sum(line.backed for line in why.holds) == first.held
    assert why.arrivals[0].quantity == 7
