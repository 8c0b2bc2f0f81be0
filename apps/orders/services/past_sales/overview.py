"""What was imported so far: the figures of the past, the names that were decided on, and the latest files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, Sum

from apps.catalog.models import Product
from apps.orders.models import Order, OrderLine
from backoffice.transfers.models import TransferRun

from . import matching

RUNS = 10


@dataclass(frozen=True)
class Past:
    """All imported orders in figures."""

    orders: int
    first: date | None
    last: date | None
    amount: Decimal
    units: Decimal
    lines: int
    estimated: int

    @property
    def estimated_percent(self) -> int:
        """How much of the lines has a price that was only estimated."""
        return self.estimated * 100 // self.lines if self.lines else 0


@dataclass(frozen=True)
class Name:
    """A name of the till and what it is here: a product, or nothing."""

    name: str
    action: str
    product: Product | None


def past() -> Past:
    """The figures of all past orders, in two queries."""
    orders = Order.objects.filter(is_imported=True, status=Order.Status.COMPLETED).aggregate(
        orders=Count("pk"),
        first=Min("business_date"),
        last=Max("business_date"),
        amount=Sum("total"),
        units=Sum("units"),
    )
    lines = OrderLine.objects.filter(order__is_imported=True, order__status=Order.Status.COMPLETED).aggregate(
        lines=Count("pk"), estimated=Count("pk", filter=Q(price_estimated=True))
    )
    return Past(
        orders=orders["orders"],
        first=orders["first"],
        last=orders["last"],
        amount=orders["amount"] or Decimal(0),
        units=orders["units"] or Decimal(0),
        lines=lines["lines"],
        estimated=lines["estimated"],
    )


def names(importer: str) -> list[Name]:
    """What was decided on every name so far, by name."""
    decided = matching.remembered(importer)
    products = matching.resolve(decided, [name for name, decision in decided.items() if decision.action != "ignore"])
    return [
        Name(name, decision.action, products.get(name))
        for name, decision in sorted(decided.items(), key=lambda pair: pair[0].casefold())
    ]


def latest(importer: str) -> list[TransferRun]:
    """The newest files of this kind."""
    return list(TransferRun.objects.filter(importer=importer).select_related("started_by").order_by("-pk")[:RUNS])
