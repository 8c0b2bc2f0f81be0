"""Many hands on one tab, one order, one croissant. Runs on whatever database the suite has;
test_races.py has the processes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from apps.inventory.services import verify as stock_books
from apps.orders.models import Order, PaymentTransaction
from apps.orders.services import orders, payments, verify
from apps.orders.services.payments import Tender
from apps.orders.tests.build import D, croissant, espresso, order
from backoffice.kernel.errors import DomainError
from backoffice.outbox.models import Directive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def at_once(works: list[Callable[[], object]], *, workers: int = 8) -> tuple[Counter[str], list[object]]:
    """Do all works, `workers` at a time, from one start. What came of them by name, and what they returned."""
    queue, outcome, results = list(works), Counter[str](), list[object]()
    guard, start = threading.Lock(), threading.Barrier(workers)

    def worker() -> None:
        start.wait()
        try:
            while True:
                with guard:
                    if not queue:
                        return
                    work = queue.pop()
                try:
                    result, name = work(), "done"
                except DomainError as error:
                    result, name = None, type(error).__name__
                except Exception as error:  # noqa: BLE001 - counted, and compared by the test
                    result, name = None, repr(error)
                with guard:
                    outcome[name] += 1
                    results.append(result)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcome, results


def test_two_hands_over_and_one_does_it():
    made = order((croissant(stock=2), 1), paid=True)
    for status in ("preparing", "ready"):
        made = orders.advance(made, status, revision=made.revision)
    outcome, _results = at_once([lambda: orders.advance(made, "completed", revision=made.revision) for _ in range(16)])
    assert outcome == {"done": 1, "StaleRevision": 15}
    assert Directive.objects.filter(topic="loyalty.earn").count() == 0
    assert verify.differences() == stock_books.differences() == []


def test_one_key_takes_the_money_once_and_two_never_take_too_much():
    made = order((espresso(), 1))
    outcome, _results = at_once(
        [lambda: payments.capture(made, tender=Tender("card", D("7.00")), key="p") for _ in range(10)]
        + [lambda n=n: payments.capture(made, tender=Tender("card", D("7.00")), key=f"p{n}") for n in range(10)]
    )
    assert set(outcome) <= {"done", "PaymentRefused"}
    assert PaymentTransaction.objects.count() == 1
    assert Order.objects.get().paid == D("7.00")
