"""Backing a hold with other stock, or moving it up in the queue."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.inventory.errors import LotNotUsable
from apps.inventory.models import Hold, HoldAllocation, StockBalance
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.services import allocation, refusals, stock_locks
from backoffice.kernel import clock
from backoffice.kernel import quantity as quantities


@transaction.atomic
def reallocate(hold: Hold, *, stock: StockBalance | None = None, priority: int | None = None) -> Hold:
    """Let go of what backs the hold and back it anew: from `stock` first when one is named, then first expired first.

    With a `priority` it also takes that place in the queue. What others hold is not taken from them. Raises
    HoldResolved for one that ended, LotNotUsable for stock that is blocked, expired by then, or all held.
    """
    stock_locks.lock_products([hold.product_id])
    fresh = Hold.objects.select_related("product__unit").get(pk=hold.pk)
    now = clock.now()
    if not fresh.is_counting(now):
        raise refusals.resolved([fresh.pk])
    if priority is not None and priority != fresh.priority:
        fresh.priority = priority
        fresh.save(update_fields=["priority", "updated_at"])
    scope = allocation.Scopes([fresh]).of(fresh)
    if stock is not None:
        _check(fresh, stock, scope)
    HoldAllocation.objects.filter(hold=fresh).delete()
    cells = stock_cells.load([fresh.product_id], now=now)[fresh.product_id]
    wanted = fresh.quantity - fresh.fulfilled
    rows: list[HoldAllocation] = []
    if stock is not None:
        chosen = [cell for cell in cells if (cell.lot_id, cell.location_id) == (stock.lot_id, stock.location_id)]
        rows = allocation.back(fresh, chosen, wanted, scope)
        if not rows and not stock.lot.is_usable(fresh.needed_on):
            raise refusals.not_usable(
                stock.lot, fresh.product, asked=wanted, scope=[stock.location_id], on=fresh.needed_on, field="stock"
            )
        if not rows:
            raise LotNotUsable(
                _("Lot %(lot)s at %(place)s cannot back it: %(free)s free, good until %(day)s. Choose other stock.")
                % {
                    "lot": stock.lot.code,
                    "place": stock.location.name,
                    "free": quantities.format_quantity(
                        sum((cell.free for cell in chosen), start=wanted * 0), fresh.product.unit.code
                    ),
                    "day": date_format(stock.lot.expires_on, "SHORT_DATE_FORMAT")
                    if stock.lot.expires_on
                    else _("no date"),
                },
                field="stock",
            )
        wanted -= sum(row.quantity for row in rows)
    if wanted > 0:
        rows += allocation.back(fresh, cells, wanted, scope)
    allocation.add(rows)
    allocation.serve([fresh.product_id])
    return fresh


def _check(hold: Hold, stock: StockBalance, scope: Sequence[int] | None) -> None:
    """Raise LotNotUsable for a lot of another product, or one that lies where the hold does not take from."""
    told = {"lot": stock.lot.label, "place": stock.location.name, "product": hold.product.name}
    if stock.product_id != hold.product_id:
        text = _("Lot %(lot)s is of %(other)s; the hold is for %(product)s. Choose stock of it.")
        raise LotNotUsable(text % {**told, "other": stock.product.name}, field="stock")
    if scope is not None and stock.location_id not in scope:
        names = hold.locations.order_by("name").values_list("name", flat=True)
        text = _(
            "Lot %(lot)s lies at %(place)s; the hold takes from %(from)s. Transfer it there, or choose other stock."
        )
        raise LotNotUsable(text % {**told, "from": ", ".join(names)}, field="stock")
