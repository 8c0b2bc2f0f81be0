"""Many hands on the same stock, on whatever database the suite runs on: a SQLite file with IMMEDIATE, or PostgreSQL."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from apps.inventory.errors import HoldResolved, InsufficientStock
from apps.inventory.models import DailyDemand, Hold, HoldAllocation, StockOperation
from apps.inventory.selectors import availability
from apps.inventory.services import demand, holds, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.locks import retry_conflict

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
D = Decimal


def together(works: list[Callable[[], object]], *, workers: int) -> Counter[str]:
    """Do all works, `workers` at a time, starting at once. Counts what came of them, by the error's name or "done"."""
    queue = list(enumerate(works))
    outcome: Counter[str] = Counter()
    guard = threading.Lock()
    start = threading.Barrier(workers)

    def worker() -> None:
        start.wait()
        try:
            while True:
                with guard:
                    if not queue:
                        return
                    _position, work = queue.pop()
                try:
                    work()
                    result = "done"
                except Exception as error:  # noqa: BLE001 - counted, and compared by the test
                    result = (
                        type(error).__name__ if isinstance(error, InsufficientStock | HoldResolved) else repr(error)
                    )
                with guard:
                    outcome[result] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcome


def test_many_buyers_of_the_last_unit_and_one_gets_it():
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 1, shop)
    origins = [make_origin() for _ in range(16)]
    place = retry_conflict(holds.place)
    outcome = together(
        [
            lambda origin=origin: place(origin=origin, lines=[HoldLine(bun, D(1))], locations=[shop])
            for origin in origins
        ],
        workers=8,
    )
    assert outcome == {"done": 1, "InsufficientStock": 15}
    assert differences() == []


def test_two_hundred_holds_for_fifty_units_are_exactly_fifty():
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 30, shop, lot_code="A")
    make_stock(bun, 20, shop, lot_code="B")
    origin = make_origin()
    place = retry_conflict(holds.place)
    outcome = together([lambda: place(origin=origin, lines=[HoldLine(bun, D(1))], locations=[shop])] * 200, workers=10)
    assert outcome == {"done": 50, "InsufficientStock": 150}
    assert Hold.objects.count() == HoldAllocation.objects.count() == 50
    assert availability.of_one(bun).available == 0
    assert differences() == []


def test_expire_fulfil_and_release_of_one_hold_exclude_each_other():
    bun, shop = make_product(), make_location("Shop", kind="sale")
    fulfil, release, sweep = map(retry_conflict, (holds.fulfil_for, holds.release, holds._expire))
    for _round in range(10):
        origin = make_origin()
        make_stock(bun, 1, shop)
        hold = holds.place(
            origin=origin, lines=[HoldLine(bun, D(1))], locations=[shop], expires_at=clock.now() + timedelta(seconds=60)
        )[0]
        Hold.objects.filter(pk=hold.pk).update(expires_at=clock.now())
        sold, ended = StockOperation.objects.filter(kind="sale").count(), []
        together(
            [
                lambda origin=origin, ended=ended: ended.extend(fulfil(origin)),
                lambda hold=hold, ended=ended: ended.append(release(hold)),
                lambda ended=ended: ended.extend([1] * sweep(bun.pk)),
            ],
            workers=3,
        )
        assert len(ended) == 1
        hold.refresh_from_db()
        assert (hold.status == "fulfilled") == (StockOperation.objects.filter(kind="sale").count() == sold + 1)
        assert not HoldAllocation.objects.exists()
    assert differences() == []


def test_orders_of_several_products_in_any_order_meet_no_deadlock():
    products = [make_product() for _ in range(5)]
    shop, cellar = make_location("Shop", kind="sale"), make_location("Cellar")
    lots = [make_stock(product, 40, shop) for product in products]
    origins = [make_origin() for _ in range(24)]
    place, fulfil, transfer = map(retry_conflict, (holds.place, holds.fulfil_for, stock.transfer))

    def order(position: int) -> None:
        some = [products[(position * 3 + step * 2) % 5] for step in range(4)]
        place(origin=origins[position], lines=[HoldLine(product, D(1)) for product in some], locations=[shop])
        if position % 3 == 0:
            transfer(lot=lots[position % 5], quantity=D(1), source=shop, destination=cellar)
        fulfil(origins[position])

    outcome = together([lambda position=position: order(position) for position in range(24)], workers=6)
    assert outcome == {"done": 24}
    assert differences() == []


def test_the_same_key_at_once_receives_once():
    flour, store = make_product(unit="kg"), make_location()
    line = stock.ReceiptLine(flour, D(5), unit_cost=D(4))
    receive = retry_conflict(stock.receive)
    outcome = together([lambda: receive(store, [line], key="once")] * 8, workers=8)
    assert outcome == {"done": 8}
    assert StockOperation.objects.count() == 1
    assert availability.of_one(flour).on_hand == 5


def test_demand_of_many_tills_adds_up():
    bun, day = make_product(), clock.today()
    record = retry_conflict(demand.record)
    outcome = together([lambda: record([(bun.pk, day, "counter", D("1.5"))])] * 40, workers=8)
    assert outcome == {"done": 40}
    assert DailyDemand.objects.get().quantity == 60
