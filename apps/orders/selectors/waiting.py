"""Counts of what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from apps.orders.models import Order
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled

Status = Order.Status
LISTED = 5

# Kept statements name the states in their text: only then are the open orders found without a look at all the others.
_BY_STATUS: Compiled[Any] = Compiled(
    lambda now: (
        Order.objects.open()
        .order_by()
        .values_list("status")
        .annotate(count=Count("pk"), oldest=Min("placed_at"), late=Count("pk", filter=Q(needed_at__lt=now)))
    )
)
_SHOWN = Order.objects.select_related("channel", "customer")
_NEW: Compiled[Order] = Compiled(
    lambda status: _SHOWN.open().filter(status=status).order_by("placed_at", "pk")[:LISTED]
)
_LATE: Compiled[Order] = Compiled(lambda now: _SHOWN.late(now).order_by("needed_at", "pk")[:LISTED])


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody at the counter."""

    new: int
    oldest: datetime | None
    late: int
    preparing: int
    open: int


def open_orders() -> QuerySet[Order]:
    """For the navigation."""
    return Order.objects.open()


def read() -> Waiting:
    """Orders to accept, in preparation, and past their promised time. One query."""
    rows = {status: (count, oldest, late) for status, count, oldest, late in _BY_STATUS(clock.now())}
    new, oldest, _late = rows.get(Status.NEW, (0, None, 0))
    return Waiting(
        new=new,
        oldest=oldest,
        late=sum(late for _count, _oldest, late in rows.values()),
        open=sum(count for count, _oldest, _late in rows.values()),
        preparing=sum(rows[status][0] for status in (Status.ACCEPTED, Status.PREPARING) if status in rows),
    )


def to_accept() -> list[Order]:
    """The orders that wait longest to be accepted."""
    return _NEW(Status.NEW.value)


def late() -> list[Order]:
    """The open orders that are latest."""
    return _LATE(clock.now())
