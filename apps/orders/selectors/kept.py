"""What is kept for orders, and what they wait for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _

from apps.inventory.models import Hold
from apps.inventory.selectors import stock
from apps.orders.models import Order, OrderLine
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity

ZERO = Decimal(0)


def waits(order_ids: Collection[int]) -> dict[int, str]:
    """What each of the orders waits for, in words; those that stock covers are absent. One query."""
    found: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    if order_ids:
        rows = stock.waiting_of(Order, order_ids).values_list("origin_id", "product__name", "missing")
        for order_id, name, missing in rows:
            found[order_id][name] += missing
    return {order_id: _in_words(missing.items()) for order_id, missing in found.items()}


def mark(order: Order, lines: Iterable[OrderLine]) -> str:
    """Give each line of an open order what of it waits for stock (`waits`) and what nobody keeps any more (`lost`).

    Returns what it waits for beside that, inside of bundles, in words. One query; none for an order that is closed.
    """
    if order.is_fulfilled or not order.is_open:
        return ""
    holds = Hold.objects.of_origin(order).counting(clock.now())
    rows = stock.with_missing(holds, clock.today()).order_by("pk")
    kept: dict[int, Decimal] = defaultdict(Decimal)
    waiting: dict[int, Decimal] = defaultdict(Decimal)
    names: dict[int, str] = {}
    for product_id, name, asked, missing in rows.values_list(
        "product_id", "product__name", F("quantity") - F("fulfilled"), "missing"
    ):
        kept[product_id] += asked - missing
        waiting[product_id] += missing
        names[product_id] = name
    for line in lines:
        line.waits = line.lost = ZERO  # type: ignore[attr-defined]
        if line.is_stocked:
            rest = line.quantity - _take(kept, line.product_id, line.quantity)
            line.waits = _take(waiting, line.product_id, rest)  # type: ignore[attr-defined]
            line.lost = rest - line.waits  # type: ignore[attr-defined]
    return _in_words((names[product_id], missing) for product_id, missing in waiting.items() if missing)


def _take(there: dict[int, Decimal], product_id: int, wanted: Decimal) -> Decimal:
    part = min(there[product_id], wanted)
    there[product_id] -= part
    return part


def _in_words(missing: Iterable[tuple[str, Decimal]]) -> str:
    parts = [f"{format_quantity(quantity)} × {name}" for name, quantity in missing]
    return _("Waits for %(what)s") % {"what": ", ".join(parts)} if parts else ""
