"""Backing a hold with other stock, moving it up in the queue, or to another day."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.db.models import Model
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.inventory.errors import LotNotUsable
from apps.inventory.models import Hold, HoldAllocation, StockBalance
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.services import allocation, held, refusals, stock_locks
from backoffice.kernel import clock, rows
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
    planned: list[HoldAllocation] = []
    if stock is not None:
        chosen = [cell for cell in cells if (cell.lot_id, cell.location_id) == (stock.lot_id, stock.location_id)]
        planned = allocation.back(fresh, chosen, wanted, scope)
        if not planned and not stock.lot.is_usable(fresh.needed_on):
            raise refusals.not_usable(
                stock.lot, fresh.product, asked=wanted, scope=[stock.location_id], on=fresh.needed_on, field="stock"
            )
        if not planned:
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
        wanted -= sum(row.quantity for row in planned)
    if wanted > 0:
        planned += allocation.back(fresh, cells, wanted, scope)
    allocation.add(planned)
    allocation.serve([fresh.product_id])
    return fresh


@transaction.atomic
def reschedule(origin: Model, needed_on: date) -> list[Hold]:
    """What the document holds is wanted on another day. Returns the holds that were wanted on a different one.

    Stock that will have expired by then is let go of: other stock takes its place, or they wait. What was skipped as
    too old for the day before may back them now, and what they let go of backs others.
    """
    _products, holds = held.locked(origin)
    moved = [hold for hold in holds if hold.needed_on != needed_on]
    if not moved:
        return []
    for hold in moved:
        hold.needed_on = needed_on
    rows.save_all(moved, ("needed_on",))
    too_old = HoldAllocation.objects.filter(lot__expires_on__lt=allocation.usable_day(needed_on))
    too_old.filter(hold__in=[hold.pk for hold in moved]).delete()
    allocation.serve({hold.product_id for hold in moved})
    return moved


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
