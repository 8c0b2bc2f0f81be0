"""Backing holds with stock. Internal to the stock room: callers hold the product locks."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.inventory.models import Hold, HoldAllocation
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors import locations as places
from apps.inventory.selectors.cells import ZERO, Cell
from backoffice.kernel import clock
from backoffice.kernel.fields import QuantityField, exact


def usable_day(needed_on: date) -> date:
    """The day that a lot must still be good on: when it is needed, but never the past."""
    return max(needed_on, clock.today())


def back(hold: Hold, cells: Iterable[Cell], quantity: Decimal, scope: Collection[int] | None) -> list[HoldAllocation]:
    """Plan allocations of up to `quantity` for the hold from free cells; nothing is written yet."""
    taken = stock_cells.take(cells, quantity, on=usable_day(hold.needed_on), scope=scope)
    return [
        HoldAllocation(hold=hold, lot_id=cell.lot_id, location_id=cell.location_id, quantity=part)
        for cell, part in taken
    ]


def scope_of(hold: Hold, tree: places.Tree) -> tuple[int, ...] | None:
    """Where the hold may take from; everywhere when it names no place. Prefetch `locations` for many."""
    return tree.scope(list(hold.locations.all()) or None)


def waiting(product_ids: Collection[int], *, now: datetime) -> QuerySet[Hold]:
    """Counting holds that stock does not cover, first served first: by priority, then age."""
    return (
        Hold.objects.counting(now)
        .filter(product_id__in=product_ids)
        .annotate(backed=Coalesce(Sum("allocations__quantity"), exact(0, QuantityField)))
        .filter(backed__lt=F("quantity") - F("fulfilled"))
        .order_by("-priority", "created_at", "pk")
    )


def serve(product_ids: Collection[int]) -> list[Hold]:
    """Give free stock to waiting holds. Returns the holds that got some."""
    now = clock.now()
    queue = list(waiting(product_ids, now=now).prefetch_related("locations"))
    if not queue:
        return []
    cells = stock_cells.load({hold.product_id for hold in queue}, now=now)
    tree = places.Tree()
    rows: list[HoldAllocation] = []
    served = []
    for hold in queue:
        missing = hold.quantity - hold.fulfilled - hold.backed  # type: ignore[attr-defined]
        if found := back(hold, cells[hold.product_id], missing, scope_of(hold, tree)):
            rows += found
            served.append(hold)
    add(rows)
    return served


def add(rows: Iterable[HoldAllocation]) -> None:
    """Write planned allocations; more of a stock that already backs the hold adds to its row."""
    wanted: dict[tuple[int, int, int], HoldAllocation] = {}
    for row in rows:
        key = (row.hold_id, row.lot_id, row.location_id)
        if key in wanted:
            wanted[key].quantity += row.quantity
        else:
            wanted[key] = row
    if not wanted:
        return
    there = {
        (row.hold_id, row.lot_id, row.location_id): row
        for row in HoldAllocation.objects.filter(hold_id__in={key[0] for key in wanted})
    }
    changed = []
    for key, row in list(wanted.items()):
        if key in there:
            there[key].quantity += row.quantity
            changed.append(there[key])
            del wanted[key]
    HoldAllocation.objects.bulk_create(wanted.values())
    HoldAllocation.objects.bulk_update(changed, ["quantity"])


def displace(lot_ids: Collection[int]) -> list[Hold]:
    """Take allocations off lots that may no longer be used, and serve those holds from other stock.

    Returns the holds that were moved. What other stock does not cover becomes waiting demand.
    """
    rows = list(
        HoldAllocation.objects.filter(lot_id__in=lot_ids, hold__status=Hold.Status.ACTIVE).select_related("hold")
    )
    moved: dict[int, Hold] = {row.hold_id: row.hold for row in rows}
    HoldAllocation.objects.filter(pk__in=[row.pk for row in rows]).delete()
    serve({hold.product_id for hold in moved.values()})
    return list(moved.values())


def by_product(holds: Iterable[Hold]) -> dict[int, list[Hold]]:
    found: dict[int, list[Hold]] = defaultdict(list)
    for hold in holds:
        found[hold.product_id].append(hold)
    return found


__all__ = ["ZERO", "add", "back", "by_product", "displace", "scope_of", "serve", "usable_day", "waiting"]
