"""Backing holds with stock. Internal to the stock room: callers hold the product locks."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.inventory.models import Hold, HoldAllocation, Location, Lot
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors import locations as places
from apps.inventory.selectors.availability import usable_stock
from apps.inventory.selectors.cells import ZERO, Cell
from backoffice.kernel import clock, rows
from backoffice.kernel.compiled import Compiled, CompiledDelete
from backoffice.kernel.fields import QuantityField, exact

_BACKING = Compiled(lambda holds: HoldAllocation.objects.filter(hold_id__in=holds).order_by("pk"))
_PLACES = Compiled(
    lambda holds: (
        Hold.locations.through.objects.filter(hold_id__in=holds).order_by("pk").values_list("hold_id", "location_id")
    )
)


def _is_good(today: Any) -> Q:
    """`usable_stock`, of what backs a hold; without a negation, which would be asked for in a query of its own."""
    kinds = [kind.value for kind in Location.PHYSICAL if kind != Location.Kind.QUARANTINE]
    return Lot.usable_condition(today, prefix="allocations__lot__") & Q(allocations__location__kind__in=kinds)


_WAITING = Compiled(
    lambda products, now, today: (
        Hold.objects.counting(now)
        .filter(product_id__in=products)
        .annotate(
            given=Coalesce(Sum("allocations__quantity"), exact(0, QuantityField)),
            backed=Coalesce(Sum("allocations__quantity", filter=_is_good(today)), exact(0, QuantityField)),
        )
        .filter(backed__lt=F("quantity") - F("fulfilled"))
        .order_by("-priority", "created_at", "pk")
    )
)
_DROP = CompiledDelete(lambda holds: HoldAllocation.objects.filter(hold_id__in=holds))


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


class Scopes:
    """Where holds may take from. Nothing is read before somebody asks: most holds are backed and need not look."""

    def __init__(self, holds: Iterable[Hold]) -> None:
        self.holds = holds
        self.tree: places.Tree | None = None
        self.named: dict[int, list[int]] = defaultdict(list)

    def of(self, hold: Hold) -> tuple[int, ...] | None:
        """The keys of the places that the hold names and of all inside them; None is everywhere."""
        if self.tree is None:
            self.tree = places.Tree()
            for hold_id, location_id in _PLACES([hold.pk for hold in self.holds]):
                self.named[hold_id].append(location_id)
        return self.tree.scope(self.named.get(hold.pk))


def backing(holds: Iterable[Hold]) -> dict[int, list[HoldAllocation]]:
    """The allocations of each hold, by its key. One query."""
    found: dict[int, list[HoldAllocation]] = defaultdict(list)
    for row in _BACKING([hold.pk for hold in holds]):
        found[row.hold_id].append(row)
    return found


def places_of(hold_ids: Collection[int]) -> list[tuple[int, int]]:
    """The (hold, location) pairs of where the holds may take from. One query."""
    return _PLACES(hold_ids)


def drop(holds: Iterable[Hold]) -> int:
    """Take all allocations off the holds. Returns how many there were."""
    return _DROP([hold.pk for hold in holds])


def waiting(product_ids: Collection[int], *, now: datetime) -> list[Hold]:
    """Counting holds that usable stock does not cover, first served first: by priority, then age."""
    return list(_WAITING(product_ids, now, clock.today()))


def serve(product_ids: Collection[int]) -> list[Hold]:
    """Give free stock to waiting holds, by priority, then age. Returns the holds that got some.

    What backs them and cannot be used any more, expired or blocked, is let go of, whether or not a job ran.
    """
    now = clock.now()
    queue = waiting(product_ids, now=now)
    if not queue:
        return []
    if spoilt := [hold.pk for hold in queue if hold.given > hold.backed]:  # type: ignore[attr-defined]
        HoldAllocation.objects.filter(hold_id__in=spoilt).exclude(usable_stock(clock.today())).delete()
    cells = stock_cells.load({hold.product_id for hold in queue}, now=now)
    scopes = Scopes(queue)
    found_rows: list[HoldAllocation] = []
    served = []
    for hold in queue:
        missing = hold.quantity - hold.fulfilled - hold.backed  # type: ignore[attr-defined]
        if found := back(hold, cells[hold.product_id], missing, scopes.of(hold)):
            found_rows += found
            served.append(hold)
    add(found_rows)
    return served


def add(planned: Iterable[HoldAllocation]) -> None:
    """Write planned allocations; more of a stock that already backs the hold adds to its row."""
    wanted: dict[tuple[int, int, int], HoldAllocation] = {}
    for row in planned:
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
    rows.insert(wanted.values())
    HoldAllocation.objects.bulk_update(changed, ["quantity"])


def at(places_of_stock: Collection[tuple[int, int]]) -> dict[tuple[int, int], list[HoldAllocation]]:
    """What active holds have of each (lot, place), with the holds: first served first, too old ones last."""
    now = clock.now()
    found: dict[tuple[int, int], list[HoldAllocation]] = defaultdict(list)
    taken = HoldAllocation.objects.filter(
        hold__status=Hold.Status.ACTIVE, lot_id__in={lot_id for lot_id, _place in places_of_stock}
    ).select_related("hold")
    for row in taken.order_by("-hold__priority", "hold__created_at", "pk"):
        if (row.lot_id, row.location_id) in places_of_stock:
            found[row.lot_id, row.location_id].append(row)
    for of_place in found.values():
        of_place.sort(key=lambda row: not row.hold.is_counting(now))
    return found


def let_go(left: Mapping[tuple[int, int], Decimal]) -> list[tuple[Hold, Decimal]]:
    """Take allocations off stock that is not there any more, until no more than `left` is held of each (lot, place).

    The least urgent give first, then the youngest. Returns who lost how much; `serve` looks for other stock.
    """
    gone: list[int] = []
    lost: list[tuple[Hold, Decimal]] = []
    for place, of_place in at(left.keys()).items():
        rest = max(left[place], ZERO)
        for row in of_place:
            kept = min(row.quantity, rest)
            rest -= kept
            if kept == row.quantity:
                continue
            lost.append((row.hold, row.quantity - kept))
            if kept:
                row.quantity = kept
                rows.save(row, ("quantity",))
            else:
                gone.append(row.pk)
    HoldAllocation.objects.filter(pk__in=gone).delete()
    return lost


def displace(lot_ids: Collection[int]) -> list[Hold]:
    """Take allocations off lots that may no longer be used, and serve those holds from other stock.

    Returns the holds that were moved. What other stock does not cover becomes waiting demand.
    """
    return _displace(HoldAllocation.objects.filter(lot_id__in=lot_ids))


def leave(location: Location) -> list[Hold]:
    """`displace` for what lies in a place whose stock is not for use."""
    return _displace(HoldAllocation.objects.filter(location=location))


def _displace(allocations: QuerySet[HoldAllocation]) -> list[Hold]:
    taken = list(allocations.filter(hold__status=Hold.Status.ACTIVE).select_related("hold"))
    moved: dict[int, Hold] = {row.hold_id: row.hold for row in taken}
    HoldAllocation.objects.filter(pk__in=[row.pk for row in taken]).delete()
    serve({hold.product_id for hold in moved.values()})
    return list(moved.values())


def by_product(holds: Iterable[Hold]) -> dict[int, list[Hold]]:
    found: dict[int, list[Hold]] = defaultdict(list)
    for hold in holds:
        found[hold.product_id].append(hold)
    return found


__all__ = [
    "ZERO",
    "Scopes",
    "add",
    "at",
    "back",
    "backing",
    "by_product",
    "displace",
    "drop",
    "leave",
    "let_go",
    "places_of",
    "serve",
    "usable_day",
    "waiting",
]
