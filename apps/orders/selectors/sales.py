"""What was sold: by hour, by day, by channel, of a product. Cancelled orders do not count, past sales do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Sum

from apps.orders.models import Order, OrderLine
from backoffice.kernel import clock

ZERO = Decimal(0)
FIRST_HOUR, LAST_HOUR = 6, 19


@dataclass(frozen=True)
class Hours:
    """Two days beside each other, hour by hour, and what both had sold by this time of day."""

    labels: tuple[int, ...]
    today: tuple[Decimal | None, ...]
    before: tuple[Decimal, ...]
    total: Decimal
    total_before: Decimal
    running: int | None
    day_before: date

    @property
    def change(self) -> Decimal | None:
        """How much more or less than then, in per cent; None when then nothing was sold."""
        return (self.total - self.total_before) * 100 / self.total_before if self.total_before else None


def against_last_week(day: date | None = None) -> Hours:
    """Today beside the same weekday last week, compared to the same minute. Two queries."""
    day = day or clock.today()
    earlier = day - timedelta(days=7)
    now = clock.local(clock.now())
    new, old = _of_day(day), _of_day(earlier)
    hours = [moment.hour for moment, _amount in [*new, *old]]
    first, last = min([FIRST_HOUR, *hours]), max([LAST_HOUR, *hours])
    labels = tuple(range(first, last + 1))
    live = day == clock.today()
    until = now.time() if live else None
    sums_new, sums_old = _by_hour(new), _by_hour(old)
    return Hours(
        labels=labels,
        today=tuple(None if live and hour > now.hour else sums_new.get(hour, ZERO) for hour in labels),
        before=tuple(sums_old.get(hour, ZERO) for hour in labels),
        total=sum((amount for _moment, amount in new), ZERO),
        total_before=sum((amount for moment, amount in old if until is None or moment.time() <= until), ZERO),
        running=labels.index(now.hour) if live and now.hour in labels else None,
        day_before=earlier,
    )


def by_day(first: date, last: date) -> dict[date, tuple[Decimal, int]]:
    """Revenue and number of orders of each day that had some. One query."""
    rows = (
        Order.objects.counting()
        .filter(business_date__range=(first, last))
        .order_by()
        .values("business_date")
        .annotate(revenue=Sum("total"), orders=Count("pk"))
        .values_list("business_date", "revenue", "orders")
    )
    return {day: (revenue or ZERO, count) for day, revenue, count in rows}


def last_day() -> date | None:
    """The latest day with a sale: where a chart of a shop that only has past sales ends."""
    return Order.objects.counting().order_by("-business_date").values_list("business_date", flat=True).first()


def by_channel(first: date, last: date) -> list[tuple[int, str, Decimal, int]]:
    """Id, name, revenue and orders of each channel, the best first. One query."""
    rows = (
        Order.objects.counting()
        .filter(business_date__range=(first, last))
        .order_by()
        .values("channel_id", "channel__name")
        .annotate(revenue=Sum("total"), orders=Count("pk"))
        .values_list("channel_id", "channel__name", "revenue", "orders")
    )
    return sorted(rows, key=lambda row: row[2], reverse=True)


@dataclass(frozen=True)
class ProductSales:
    """One product over some days."""

    days: tuple[date, ...]
    units: tuple[Decimal, ...]
    revenue: tuple[Decimal, ...]
    estimated: bool

    @property
    def total_units(self) -> Decimal:
        return sum(self.units, ZERO)

    @property
    def total_revenue(self) -> Decimal:
        return sum(self.revenue, ZERO)


def of_product(product_id: int, *, days: int = 28) -> ProductSales:
    """Day by day, ending today, or on the last day it was sold when that is longer ago. Three queries at most."""
    lines = OrderLine.objects.filter(product_id=product_id).exclude(order__status=Order.Status.CANCELLED)
    end = clock.today()
    newest = lines.order_by("-order__business_date").values_list("order__business_date", flat=True).first()
    if newest is not None and newest < end - timedelta(days=days):
        end = newest
    span = tuple(end - timedelta(days=back) for back in range(days - 1, -1, -1))
    rows = (
        lines.filter(order__business_date__range=(span[0], span[-1]))
        .order_by()
        .values("order__business_date")
        .annotate(units=Sum("quantity"), revenue=Sum("total"))
        .values_list("order__business_date", "units", "revenue")
    )
    found = {day: (units, revenue) for day, units, revenue in rows}
    estimated = lines.filter(order__business_date__range=(span[0], span[-1]), price_estimated=True).exists()
    return ProductSales(
        span,
        tuple(found.get(day, (ZERO, ZERO))[0] for day in span),
        tuple(found.get(day, (ZERO, ZERO))[1] for day in span),
        estimated,
    )


def _of_day(day: date) -> Sequence[tuple[datetime, Decimal]]:
    rows = Order.objects.counting().filter(business_date=day).values_list("placed_at", "total")
    return [(clock.local(moment), amount) for moment, amount in rows]


def _by_hour(rows: Sequence[tuple[datetime, Decimal]]) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    for moment, amount in rows:
        found[moment.hour] = found.get(moment.hour, ZERO) + amount
    return found
