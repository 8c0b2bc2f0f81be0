"""What leaves the house and what is written down when an order is handed over and complete. For callers that hold the
order's lock, inside their transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from apps.crm.models import Interaction
from apps.crm.services import interactions, purchases
from apps.inventory.services import demand, holds
from apps.inventory.services.stock import Taken
from apps.orders.models import Order, OrderLine, OrderLineLot
from backoffice.kernel import clock, money, rows
from backoffice.kernel import quantity as quantities
from backoffice.kernel.errors import DomainError
from backoffice.outbox import directives


def hand_over(order: Order, lines: Sequence[OrderLine]) -> list[OrderLineLot]:
    """The held stock leaves; every line gets the lots it was filled with, and its cost.

    Raises InsufficientStock when something that was promised is not there yet.
    """
    taken = holds.fulfil_for(order, kind="sale", key=f"order-{order.pk}")
    filled = share_lots([line for line in lines if line.is_stocked], taken)
    rows.insert(filled)
    for line in _costs(filled):
        rows.save(line, ("unit_cost",))
    return filled


def share_lots(lines: Iterable[OrderLine], taken: Sequence[Taken]) -> list[OrderLineLot]:
    """Which line was filled from which lot, in the order of the lines. Raises DomainError when something is missing."""
    parts: dict[int, list[Taken]] = defaultdict(list)
    for part in taken:
        parts[part.product_id].append(part)
    used: dict[int, Decimal] = defaultdict(Decimal)  # of the first part of each product
    rows = []
    for line in lines:
        wanted = line.quantity
        queue = parts[line.product_id]
        while wanted > 0 and queue:
            part = queue[0]
            here = min(wanted, part.quantity - used[line.product_id])
            rows.append(
                OrderLineLot(line=line, lot=part.lot, location=part.location, quantity=here, unit_cost=part.unit_cost)
            )
            wanted -= here
            used[line.product_id] += here
            if used[line.product_id] == part.quantity:
                queue.pop(0)
                used[line.product_id] = Decimal(0)
        if wanted > 0:
            raise DomainError(
                _("%(missing)s × %(product)s is not kept for this order any more.")
                % {"missing": quantities.format_quantity(wanted), "product": line.name}
            )
    return rows


def complete(order: Order, lines: Sequence[OrderLine]) -> None:
    """Write the sale into the books of the apps below, and let the points follow."""
    day = clock.local(order.needed_at).date() if order.needed_at else order.business_date
    demand.record([(line.product_id, day, order.channel.code, line.quantity) for line in lines])
    customer = order.customer
    if customer is None:
        return
    purchases.record(
        customer,
        origin=order,
        at=clock.now(),
        channel_code=order.channel.code,
        amount=order.total,
        items=[(line.product_id, line.quantity, line.total) for line in lines],
    )
    interactions.note(
        customer,
        kind=Interaction.Kind.ORDER,
        summary=_("%(order)s: %(total)s, %(units)s units")
        % {
            "order": order,
            "total": money.format_money(order.total),
            "units": quantities.format_quantity(order.units),
        },
        channel=order.channel.code,
        origin=order,
    )
    directives.issue("loyalty.earn", payload={"order": order.pk}, origin=order, dedupe_key=f"order-{order.pk}")


def notify(order: Order, event: str) -> None:
    """Tell the customer by e-mail, a moment later, when there is an address to write to."""
    if order.customer is not None and order.customer.email:
        directives.issue(
            "notify.customer",
            payload={"order": order.pk, "event": event},
            origin=order,
            dedupe_key=f"order-{order.pk}-{event}-{order.revision}",
        )


def _costs(rows: Iterable[OrderLineLot]) -> list[OrderLine]:
    worth: dict[int, Fraction] = defaultdict(Fraction)
    quantity: dict[int, Fraction] = defaultdict(Fraction)
    lines: dict[int, OrderLine] = {}
    for row in rows:
        lines[row.line.pk] = row.line
        worth[row.line.pk] += Fraction(row.quantity) * Fraction(row.unit_cost)
        quantity[row.line.pk] += Fraction(row.quantity)
    for pk, line in lines.items():
        line.unit_cost = quantities.from_fraction(worth[pk] / quantity[pk])
    return list(lines.values())
