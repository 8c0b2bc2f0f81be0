"""Many threads on the same stock, on whatever database the suite runs on; test_races.py has the processes."""

import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection

from apps.inventory.errors import HoldResolved, InsufficientStock
from apps.inventory.models import DailyDemand, StockOperation
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
