"""Counts of what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from apps.orders.models import Order
from backoffice.kernel import clock

Status = Order.Status


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody at the counter."""

    new: int
    oldest: datetime | None
    late: int
    preparing: int


def open_orders() -> QuerySet[Order]:
    """For the navigation."""
    return Order.objects.open()


def read() -> Waiting:
    """Orders to accept, in preparation, and past their promised time. One query."""
    found = (
        Order.objects.open()
        .order_by()
        .aggregate(
            new=Count("pk", filter=Q(status=Status.NEW)),
            oldest=Min("placed_at", filter=Q(status=Status.NEW)),
            late=Count("pk", filter=Q(needed_at__lt=clock.now())),
            preparing=Count("pk", filter=Q(status__in=(Status.ACCEPTED, Status.PREPARING))),
        )
    )
    return Waiting(**found)
