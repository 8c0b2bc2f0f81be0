"""Stock that is gone though somebody holds it. What is really there wins; who held it is told."""

from collections.abc import Iterable
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


def make_way(line: PostLine, product: Product, *, override: bool, field: str) -> str:
    """Let holds go of what the line takes. Returns who lost how much, for the operation's note; "" when nobody did.

    Raises StockHeld, naming the holders, without `override`. More than is there is left to the posting to refuse. For
    callers that hold the product's lock and call `allocation.serve` after they posted.
    """
    place = (line.lot.pk, line.source.pk)
    now, today = clock.now(), clock.today()
    there = (
        StockBalance.objects.filter(lot=line.lot, location=line.source).values_list("quantity", flat=True).first()
        or ZERO
    )
    holding = [row for row in allocation.at([place]).get(place, []) if row.hold.is_counting(now)]
    held = sum((row.quantity for row in holding), ZERO)
    if line.quantity > there or held <= there - line.quantity:
        return ""
    if not override:
        cells = stock_cells.load([product.pk], now=now)[product.pk]
        shortage = shortages.shortage(
            product, cells, asked=line.quantity, on=today, now=now, scope=[line.source.pk], lot=line.lot, any_state=True
        )
        raise StockHeld(shortage, who=_who(((row.hold, row.quantity) for row in holding), product), field=field)
    lost = allocation.let_go({place: there - line.quantity})
    return _("Taken though it was held by %(who)s.") % {"who": _who(lost, product)}


def _who(parts: Iterable[tuple[Hold, Decimal]], product: Product) -> str:
    """Holders with their quantities: Order 2026-000012 (4 un), WO-0003 (2 un)."""
    found = list(parts)
    prefetch_related_objects([hold for hold, _quantity in found], "origin")
    total: dict[str, Decimal] = {}
    for hold, quantity in found:
        name = str(hold.origin or hold)
        total[name] = total.get(name, ZERO) + quantity
    return ", ".join(f"{name} ({format_quantity(quantity, product.unit.code)})" for name, quantity in total.items())
