"""What a late correction of a receipt's cost does to what was sold: the cost of the goods, and the margin."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.contrib.contenttypes.models import ContentType

from apps.inventory.models import StockOperation
from apps.inventory.selectors.recosting import DocumentChange
from apps.inventory.selectors.replay import MoveChange
from apps.orders.models import Order, OrderLine, OrderLineLot
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities

ZERO = Decimal(0)
AT_ONCE = 400


@dataclass(frozen=True)
class LineCost:
    """A line that costs something else now."""

    line: OrderLine
    unit_cost: Decimal


def lines(changes: Sequence[MoveChange]) -> list[LineCost]:
    """The lines that were filled with what changed, and what one of each costs now, to the cent of what left."""
    more: dict[tuple[int, int, int], Decimal] = defaultdict(Decimal)
    for change in changes:
        if change.step.kind == StockOperation.Kind.SALE and change.step.document is not None:
            more[change.step.document[1], change.step.lot_id, change.step.source_id] += change.difference
    extra: dict[int, Decimal] = defaultdict(Decimal)
    found: dict[int, OrderLine] = {}
    orders = sorted({order for order, _lot, _place in more})
    for start in range(0, len(orders), AT_ONCE):
        filled: dict[tuple[int, int, int], list[OrderLineLot]] = defaultdict(list)
        rows = OrderLineLot.objects.filter(line__order_id__in=orders[start : start + AT_ONCE])
        for row in rows.select_related("line").order_by("pk"):
            filled[row.line.order_id, row.lot_id, row.location_id].append(row)
        for place, parts in filled.items():
            if more.get(place):
                shares = money.split(more[place], [part.quantity for part in parts])
                for part, share in zip(parts, shares, strict=True):
                    found[part.line_id] = part.line
                    extra[part.line_id] += share
    return [LineCost(line, _unit(line, extra[pk])) for pk, line in found.items() if extra[pk]]


def _unit(line: OrderLine, more: Decimal) -> Decimal:
    cost = Fraction(line.unit_cost or ZERO) + Fraction(more) / Fraction(line.quantity)
    return quantities.from_fraction(max(cost, Fraction(0)))


def figures(changes: Sequence[MoveChange]) -> list[DocumentChange]:
    """The cost of the goods of each order, before and after, beside what it brought without tax."""
    recosted = lines(changes)
    new = {one.line.pk: one.unit_cost for one in recosted}
    wanted = sorted({one.line.order_id for one in recosted})
    kind = ContentType.objects.get_for_model(Order).pk
    found = []
    for start in range(0, len(wanted), AT_ONCE):
        rows = Order.objects.filter(pk__in=wanted[start : start + AT_ONCE]).prefetch_related("lines").order_by("pk")
        for order in rows:
            of_order = list(order.lines.all())
            net = order.total - order.tax
            found.append(DocumentChange((kind, order.pk), _cost(of_order, {}), _cost(of_order, new), net, net))
    return found


def _cost(of_order: Iterable[OrderLine], new: dict[int, Decimal]) -> Decimal:
    return sum(
        (money.round_money(line.quantity * (new.get(line.pk, line.unit_cost) or ZERO)) for line in of_order), ZERO
    )
