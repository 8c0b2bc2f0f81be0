"""What waits at the counter is counted and listed from the open orders alone."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.orders.models import Order
from apps.orders.selectors import waiting
from apps.orders.tests.build import croissant, order
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
Status = Order.Status


def made(status: str, *, minutes: int = 0, late: bool = False) -> int:
    """An order in the state, placed so long ago."""
    product = croissant(name=f"For {Order.objects.count()}")
    pk = order((product, 1)).pk
    now = clock.now()
    Order.objects.filter(pk=pk).update(
        status=status,
        placed_at=now - timedelta(minutes=minutes),
        needed_at=now + timedelta(hours=-1 if late else 1),
    )
    return pk


def test_what_waits_is_counted_by_state_and_the_oldest_comes_first():
    young, old = made(Status.NEW, minutes=1), made(Status.NEW, minutes=9, late=True)
    work = made(Status.PREPARING, late=True)
    made(Status.ACCEPTED), made(Status.READY), made(Status.COMPLETED, late=True), made(Status.CANCELLED, late=True)
    found = waiting.read()
    assert (found.new, found.late, found.preparing, found.open) == (2, 2, 2, 5)
    assert found.oldest == Order.objects.get(pk=old).placed_at
    assert [one.pk for one in waiting.to_accept()] == [old, young]
    assert {one.pk for one in waiting.late()} == {old, work}


def test_nothing_waits_in_a_new_shop():
    assert waiting.read() == waiting.Waiting(0, None, 0, 0, 0)
    assert waiting.to_accept() == waiting.late() == []


@pytest.mark.parametrize("read", [waiting.read, waiting.to_accept, waiting.late])
def test_orders_that_are_done_are_not_looked_at(read):
    with CaptureQueriesContext(connection) as asked:
        read()
    words = "EXPLAIN (GENERIC_PLAN)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table of a few rows is read whole otherwise.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"{words} {asked[0]['sql']}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "order_open_by_status" in plan, plan
