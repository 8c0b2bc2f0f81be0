from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, transaction

from apps.crm.errors import NoProgram, NotEnoughPoints, ReasonMissing
from apps.crm.models import PointLot, PointMove, PointTransaction
from apps.crm.selectors.loyalty import differences, statement
from apps.crm.services import loyalty

from . import build

pytestmark = pytest.mark.django_db


def at(day: str) -> time_machine.travel:
    return time_machine.travel(f"{day}T15:00:00Z", tick=False)


def test_a_sale_earns_whole_points_once() -> None:
    customer = build.customer()
    build.program(points_per_currency=Decimal("1.5"))
    sale = build.origin()

    entry = loyalty.earn(customer, amount=Decimal("95.90"), origin=sale, key="order-1")
    again = loyalty.earn(customer, amount=Decimal("95.90"), origin=sale, key="order-1")
    other_key = loyalty.earn(customer, amount=Decimal("95.90"), origin=sale, key="order-1-again")

    assert entry is not None
    assert entry == again == other_key
    assert (entry.points, entry.balance_after, loyalty.balance(customer)) == (143, 143, 143)
    assert differences() == []


def test_nothing_is_earned_without_a_program_or_below_the_smallest_purchase() -> None:
    customer = build.customer()
    assert loyalty.earn(customer, amount=Decimal(50), origin=build.origin(), key="a") is None
    build.program(minimum_amount=Decimal(20))

    assert loyalty.earn(customer, amount=Decimal("19.99"), origin=build.origin(), key="b") is None
    assert loyalty.earn(customer, amount=Decimal(20), origin=build.origin(), key="c") is not None
    assert loyalty.earn(customer, amount=Decimal(0), origin=build.origin(), key="d") is None


def test_points_that_expire_first_are_spent_first() -> None:
    customer = build.customer()
    build.program()
    with at("2026-01-10"):
        loyalty.earn(customer, amount=Decimal(100), origin=build.origin(), key="old")
    with at("2026-03-10"):
        loyalty.earn(customer, amount=Decimal(50), origin=build.origin(), key="new")
        spent = loyalty.redeem(customer, points=120, key="r")

    assert [lot.remaining for lot in PointLot.objects.order_by("earned_on")] == [0, 30]
    assert [move.points for move in spent.moves.order_by("pk")] == [-100, -20]
    assert (spent.points, spent.balance_after) == (-120, 30)
    assert differences() == []


def test_points_never_go_below_zero_and_a_key_spends_once() -> None:
    customer = build.customer()
    with pytest.raises(NoProgram):
        loyalty.redeem(customer, points=1, key="r")
    build.program()
    loyalty.adjust(customer, points=50, reason="welcome")

    first = loyalty.redeem(customer, points=40, key="r")
    assert loyalty.redeem(customer, points=40, key="r") == first
    with pytest.raises(NotEnoughPoints, match="40 points asked, 10 available"):
        loyalty.redeem(customer, points=40, key="other")
    assert loyalty.balance(customer) == 10


def test_expired_points_cannot_be_spent_even_before_the_job_ran() -> None:
    customer = build.customer()
    build.program(expiry_months=1)
    with at("2026-01-31"):
        loyalty.adjust(customer, points=50, reason="welcome")
    assert PointLot.objects.get().expires_on == date(2026, 2, 28)

    with at("2026-02-28"):
        assert loyalty.balance(customer) == 50
    with at("2026-03-01"):
        assert loyalty.balance(customer) == 0
        with pytest.raises(NotEnoughPoints):
            loyalty.redeem(customer, points=1, key="r")


def test_the_expiry_job_can_run_twice() -> None:
    customer = build.customer()
    build.program()
    with at("2026-01-10"):
        loyalty.adjust(customer, points=50, reason="welcome")
    with at("2026-06-10"):
        loyalty.adjust(customer, points=5, reason="still good")

    assert loyalty.expire_due(date(2026, 7, 10)) == 0
    assert loyalty.expire_due(date(2026, 7, 11)) == 50
    assert loyalty.expire_due(date(2026, 7, 11)) == 0
    assert PointTransaction.objects.filter(kind="expire").count() == 1
    assert loyalty.balance(customer, date(2026, 7, 11)) == 5
    assert differences() == []


def test_a_return_gives_back_the_same_lots_with_their_old_expiry_and_takes_what_was_earned() -> None:
    customer = build.customer()
    build.program()
    with at("2026-01-10"):
        loyalty.adjust(customer, points=30, reason="welcome")
    sale = build.origin()
    with at("2026-02-10"):
        loyalty.redeem(customer, points=30, origin=sale, key="r")
        loyalty.earn(customer, amount=Decimal(80), origin=sale, key="e")
        loyalty.reverse(sale, reason="brought back")
        loyalty.reverse(sale, reason="brought back")

    lots = list(PointLot.objects.order_by("pk"))
    assert [(lot.remaining, lot.expires_on) for lot in lots] == [(30, date(2026, 7, 10)), (0, date(2026, 8, 10))]
    assert PointTransaction.objects.filter(kind="reverse").count() == 2
    assert differences() == []


def test_taking_back_points_that_were_spent_stops_at_zero_and_says_so() -> None:
    customer = build.customer()
    build.program()
    sale = build.origin()
    loyalty.earn(customer, amount=Decimal(80), origin=sale, key="e")
    loyalty.redeem(customer, points=70, key="r")

    (undone,) = loyalty.reverse(sale)

    assert (undone.points, undone.balance_after) == (-10, 0)
    assert "70" in undone.reason
    assert differences() == []


def test_a_correction_needs_a_reason() -> None:
    customer = build.customer()
    build.program()
    with pytest.raises(ReasonMissing):
        loyalty.adjust(customer, points=10, reason=" ")
    loyalty.adjust(customer, points=10, reason="forgotten sale")
    with pytest.raises(NotEnoughPoints):
        loyalty.adjust(customer, points=-11, reason="too many")
    loyalty.adjust(customer, points=-10, reason="not hers")
    assert loyalty.balance(customer) == 0
    assert statement(customer).left == 0


@pytest.mark.parametrize("model", [PointTransaction, PointMove])
def test_the_ledger_is_append_only_whatever_one_tries(model: type) -> None:
    build.program()
    loyalty.adjust(build.customer(), points=10, reason="welcome")
    table = model._meta.db_table  # type: ignore[attr-defined]
    from django.db import connection

    for statement_text in (f"UPDATE {table} SET points = 99", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement_text)


def test_the_check_finds_what_was_tampered_with() -> None:
    build.program()
    loyalty.adjust(build.customer(), points=10, reason="welcome")
    PointLot.objects.update(remaining=9)

    assert [(found.kind, found.expected, found.found) for found in differences()] == [("point lot", "10", "9")]


def test_a_long_statement_shows_what_is_spent_next_and_the_totals_of_all() -> None:
    customer = build.customer()
    build.program()
    for month in range(1, 7):
        with at(f"2026-0{month}-10"):
            loyalty.adjust(customer, points=10, reason="welcome")
    with at("2026-06-11"):
        loyalty.redeem(customer, points=25, key="r")

    short = statement(customer, limit=5, today=date(2026, 6, 11))

    assert [line.lot.remaining for line in short.lines] == [0, 5, 10, 10, 10]
    assert [line.lot.remaining for line in statement(customer, limit=2, today=date(2026, 6, 11)).lines] == [5, 10]
    assert (short.lots, short.earned, short.left, short.spendable) == (6, 60, 35, 35)
