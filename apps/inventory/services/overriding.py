"""Stock that is gone though somebody holds it. What is really there wins; who held it is told."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import StockHeld
from apps.inventory.models import Hold, StockBalance
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors.cells import ZERO
from apps.inventory.services import allocation, shortages
from apps.inventory.services.posting import PostLine
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity


def make_way(lines: Sequence[PostLine], *, override: bool, field: str) -> str:
    """Let holds go of what the lines take, all of one product from one place. Returns who lost how much, for the
    operation's note; "" when nobody did.

    Raises StockHeld, naming the holders, without `override`. More than is there is left to the posting to refuse. For
    callers that hold the product's lock and call `allocation.serve` after they posted.
    """
    product, source = lines[0].product, lines[0].source
    now, today = clock.now(), clock.today()
    there = dict(
        StockBalance.objects.filter(lot__in=[line.lot.pk for line in lines], location=source).values_list(
            "lot_id", "quantity"
        )
    )
    left = {(line.lot.pk, source.pk): there.get(line.lot.pk, ZERO) - line.quantity for line in lines}
    if any(rest < 0 for rest in left.values()):
        return ""
    holding = {
        place: [row for row in found if row.hold.is_counting(now)] for place, found in allocation.at(left).items()
    }
    short = {
        place: rest
        for place, rest in left.items()
        if sum((row.quantity for row in holding.get(place, [])), ZERO) > rest
    }
    if not short:
        return ""
    if not override:
        cells = stock_cells.load([product.pk], now=now)[product.pk]
        shortage = shortages.shortage(
            product,
            [cell for cell in cells if (cell.lot_id, cell.location_id) in left],
            asked=sum((line.quantity for line in lines), ZERO),
            on=today,
            now=now,
            scope=[source.pk],
            lot=lines[0].lot if len(lines) == 1 else None,
            any_state=True,
        )
        found = [(row.hold, row.quantity) for place in short for row in holding[place]]
        raise StockHeld(shortage, who=_who(found, product), field=field)
    return _("Taken though it was held by %(who)s.") % {"who": _who(allocation.let_go(short), product)}


def _who(parts: Iterable[tuple[Hold, Decimal]], product: Product) -> str:
    """Holders with their quantities: Order 2026-000012 (4 un), WO-0003 (2 un)."""
    found = list(parts)
    prefetch_related_objects([hold for hold, _quantity in found], "origin")
    total: dict[str, Decimal] = {}
    for hold, quantity in found:
        name = str(hold.origin or hold)
        total[name] = total.get(name, ZERO) + quantity
    return ", ".join(f"{name} ({format_quantity(quantity, product.unit.code)})" for name, quantity in total.items())
