"""What leaves the house and what is written down when an order is handed over and complete. For callers that hold the
order's lock, inside their transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.catalog.selectors import bundles
from apps.crm.models import Interaction
from apps.crm.services import interactions, purchases
from apps.inventory.models import Hold
from apps.inventory.services import demand, holds
from apps.inventory.services.stock import Taken
from apps.orders.models import Order, OrderLine, OrderLineLot
from backoffice.kernel import clock, money, rows
from backoffice.kernel import quantity as quantities
from backoffice.kernel.errors import DomainError
from backoffice.outbox import directives


def hand_over(order: Order, lines: Sequence[OrderLine], moved: Sequence[Hold] | None = None) -> list[OrderLineLot]:
    """The held stock leaves; every line gets the lots it was filled with, and its cost. `moved` is all that is held for
    an order that was made in this transaction, which nobody else can have handed over.

    Raises InsufficientStock when something that was promised is not there yet.
    """
    key = f"order-{order.pk}" if moved is None else None
    taken = holds.fulfil_for(order, kind="sale", key=key, moved=moved)
    queues = _by_product(taken)
    filled = share_lots([line for line in lines if line.is_stocked], queues)
    if any(queues.values()):  # what is left was kept for bundles
        filled += _share_parts([line for line in lines if not line.is_stocked], queues)
    rows.insert(filled)
    rows.save_all(_costs(filled), ("unit_cost",))
    return filled


class Part:
    """What is left of a lot that was taken."""

    __slots__ = ("left", "taken")

    def __init__(self, taken: Taken) -> None:
        self.taken, self.left = taken, taken.quantity


Queues = dict[int, list[Part]]


def share_lots(lines: Iterable[OrderLine], queues: Queues) -> list[OrderLineLot]:
    """Which line was filled from which lot, in the order of the lines. Raises DomainError when something is missing."""
    filled = []
    for line in lines:
        found, missing = _draw(line, queues[line.product_id], line.quantity)
        filled += found
        if missing > 0:
            raise DomainError(
                _("%(missing)s × %(product)s is not kept for this order any more.")
                % {"missing": quantities.format_quantity(missing), "product": line.name}
            )
    return filled


def _share_parts(lines: Sequence[OrderLine], queues: Queues) -> list[OrderLineLot]:
    """What was kept for bundles goes to their lines, by what each holds; the last one takes what is left over, since a
    bundle may be put together otherwise by now."""
    inside = bundles.leaves({line.product_id for line in lines})
    filled = []
    bundled = [line for line in lines if line.product_id in inside]
    for line in bundled:
        for pk, each in inside[line.product_id].items():
            filled += _draw(line, queues[pk], each * line.quantity)[0]
    for queue in queues.values() if bundled else ():
        filled += _draw(bundled[-1], queue, sum((part.left for part in queue), Decimal(0)))[0]
    return filled


def _by_product(taken: Sequence[Taken]) -> Queues:
    queues: Queues = defaultdict(list)
    for part in taken:
        queues[part.product_id].append(Part(part))
    return queues


def _draw(line: OrderLine, queue: list[Part], wanted: Decimal) -> tuple[list[OrderLineLot], Decimal]:
    """So much from the head of the queue, for the line; and what was missing."""
    filled = []
    while wanted > 0 and queue:
        part, taken = queue[0], queue[0].taken
        here = min(wanted, part.left)
        filled.append(
            OrderLineLot(line=line, lot=taken.lot, location=taken.location, quantity=here, unit_cost=taken.unit_cost)
        )
        wanted -= here
        part.left -= here
        if part.left == 0:
            queue.pop(0)
    return filled, wanted


def complete(order: Order, lines: Sequence[OrderLine]) -> None:
    """Write the sale into the books of the apps below, and let the points follow."""
    day = clock.local(order.needed_at).date() if order.needed_at else order.business_date
    demand.record([(pk, day, order.channel.code, quantity) for pk, quantity in _wanted(lines)])
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


def _wanted(lines: Sequence[OrderLine]) -> list[tuple[int, Decimal]]:
    """What was really wanted: of a bundle what it is made of, since that is what has to be there again."""
    loose = {line.product_id for line in lines if not line.is_stocked and _may_be_bundle(line)}
    inside = bundles.leaves(loose) if loose else {}
    found: list[tuple[int, Decimal]] = []
    for line in lines:
        parts = inside.get(line.product_id, {})
        found += [(pk, each * line.quantity) for pk, each in parts.items()] or [(line.product_id, line.quantity)]
    return found


def _may_be_bundle(line: OrderLine) -> bool:
    """False where the product at hand says so: an espresso costs no question."""
    return not OrderLine.product.is_cached(line) or line.product.kind == Product.Kind.BUNDLE


def _costs(rows: Iterable[OrderLineLot]) -> list[OrderLine]:
    worth: dict[int, Fraction] = defaultdict(Fraction)
    lines: dict[int, OrderLine] = {}
    for row in rows:
        lines[row.line.pk] = row.line
        worth[row.line.pk] += Fraction(row.quantity) * Fraction(row.unit_cost)
    for pk, line in lines.items():
        line.unit_cost = quantities.from_fraction(worth[pk] / Fraction(line.quantity))
    return list(lines.values())
