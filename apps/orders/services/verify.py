"""What must always be true of orders, recounted from the rows. Finds and names every difference, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from apps.inventory.models import Move, StockOperation
from apps.inventory.services.verify import Difference
from apps.orders.models import Order, OrderLine, OrderLineLot, PaymentTransaction
from backoffice.kernel.fields import MoneyField, QuantityField, exact

Kind = PaymentTransaction.Kind


def differences() -> list[Difference]:
    """Totals against lines, what is paid against transactions, lots of lines against the stock ledger."""
    return [*_totals(), *_paid(), *_filled(), *_ledger()]


def _totals() -> Iterator[Difference]:
    rows = (
        Order.objects.annotate(
            lines_total=Coalesce(Sum("lines__total"), exact(Decimal(0), MoneyField)),
            lines_units=Coalesce(Sum("lines__quantity"), exact(Decimal(0), QuantityField)),
        )
        .exclude(lines_total=F("total"), lines_units=F("units"))
        .order_by("pk")
    )
    for order in rows.iterator():
        if order.lines_total != order.total:
            yield Difference("order total", str(order), order.lines_total, order.total, ("orders.Order", order.pk))
        if order.lines_units != order.units:
            yield Difference("order units", str(order), order.lines_units, order.units, ("orders.Order", order.pk))


def _paid() -> Iterator[Difference]:
    nothing = exact(Decimal(0), MoneyField)
    rows = PaymentTransaction.objects.values("payment__order").annotate(
        received=Coalesce(Sum("amount", filter=Q(kind=Kind.CAPTURE)), nothing),
        returned=Coalesce(Sum("amount", filter=~Q(kind=Kind.CAPTURE)), nothing),
    )
    booked = {row["payment__order"]: row["received"] - row["returned"] for row in rows}
    for order in Order.objects.filter(Q(paid__gt=0) | Q(pk__in=booked), is_imported=False).order_by("pk").iterator():
        if order.paid != booked.get(order.pk, Decimal(0)):
            found = booked.get(order.pk, Decimal(0))
            yield Difference("order paid", str(order), found, order.paid, ("orders.Order", order.pk))


def _filled() -> Iterator[Difference]:
    lines = (
        OrderLine.objects.filter(order__is_fulfilled=True, order__is_imported=False, is_stocked=True)
        .annotate(filled=Coalesce(Sum("lots__quantity"), exact(Decimal(0), QuantityField)))
        .exclude(filled=F("quantity"))
        .select_related("order")
        .order_by("pk")
    )
    for line in lines:
        about = ("orders.Order", line.order_id)
        yield Difference("lots of an order line", f"{line.order}, {line}", line.quantity, line.filled, about)


def _ledger() -> Iterator[Difference]:
    kind = ContentType.objects.get_for_model(Order)
    rows = (
        Move.objects.filter(operation__origin_type=kind, operation__kind=StockOperation.Kind.SALE)
        .values("operation__origin_id", "lot")
        .annotate(total=Sum("quantity"))
        .values_list("operation__origin_id", "lot", "total")
    )
    moved: dict[tuple[int | None, int], Decimal] = {(order, lot): total for order, lot, total in rows}
    named: dict[tuple[int | None, int], Decimal] = {
        (order, lot): total
        for order, lot, total in OrderLineLot.objects.values("line__order", "lot")
        .annotate(total=Sum("quantity"))
        .values_list("line__order", "lot", "total")
    }
    for key in sorted(moved.keys() | named.keys()):
        if moved.get(key) != named.get(key):
            subject, about = f"order {key[0]}, lot {key[1]}", ("orders.Order", key[0] or 0)
            yield Difference("stock of an order", subject, moved.get(key), named.get(key), about)


KINDS = [
    gettext_noop("order total"),
    gettext_noop("order units"),
    gettext_noop("order paid"),
    gettext_noop("lots of an order line"),
    gettext_noop("stock of an order"),
]
"""What may be found, named so that it can be said in every language."""
