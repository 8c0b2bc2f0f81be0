"""Many hands on one tab, one order, one croissant. Runs on whatever database the suite has."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from apps.inventory.services import verify as stock_books
from apps.orders.models import Order, OrderSession, PaymentTransaction
from apps.orders.services import commit, orders, payments, sessions, verify
from apps.orders.services.payments import Tender
from apps.orders.tests.build import D, croissant, espresso, order, tab
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


def test_fifty_commits_of_one_tab_make_one_order():
    cart = tab((croissant(stock=3), 2))
    session, revision, total = cart.session, cart.session.revision, cart.total

    def seal(key: str) -> int:
        return commit.commit(session, key=key, revision=revision, expected_total=total).pk

    works = [lambda place=place: seal("same" if place % 2 else f"key-{place}") for place in range(50)]
    outcome, results = at_once(works)
    assert outcome == {"done": 50}
    assert len(set(results)) == 1
    assert (Order.objects.count(), Order.objects.get().lines.count()) == (1, 1)
    assert verify.differences() == stock_books.differences() == []


def test_many_buyers_of_the_last_unit_and_one_gets_it():
    product = croissant(stock=1)
    carts = [tab((product, 1)) for _ in range(12)]

    def buy(cart) -> object:
        return commit.commit(
            cart.session,
            key=f"b-{cart.session.pk}",
            revision=cart.session.revision,
            expected_total=cart.total,
            tenders=[Tender("card", cart.total)],
            hand_over=True,
        )

    outcome, _results = at_once([lambda cart=cart: buy(cart) for cart in carts])
    assert outcome == {"done": 1, "InsufficientStock": 11}
    assert Order.objects.get().number.endswith("-000001")
    assert verify.differences() == stock_books.differences() == []


def test_fifty_edits_of_one_revision_and_one_succeeds():
    cart = tab((espresso(), 1))
    product = cart.lines[0].line.product
    outcome, _results = at_once(
        [lambda: sessions.add_line(cart.session, product=product, revision=cart.session.revision) for _ in range(50)]
    )
    assert outcome == {"done": 1, "StaleRevision": 49}
    session = OrderSession.objects.get(pk=cart.session.pk)
    assert (session.revision, session.lines.get().quantity) == (cart.session.revision + 1, D(2))


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


def test_orders_at_once_have_numbers_without_gaps():
    product = croissant(stock=40)
    carts = [tab((product, 1), (espresso(), 1)) for _ in range(40)]

    def seal(cart) -> str:
        made = commit.commit(
            cart.session, key=f"n-{cart.session.pk}", revision=cart.session.revision, expected_total=cart.total
        )
        return str(made.number)

    outcome, results = at_once([lambda cart=cart: seal(cart) for cart in carts])
    assert outcome == {"done": 40}
    assert sorted(int(str(number).partition("-")[2]) for number in results) == list(range(1, 41))
