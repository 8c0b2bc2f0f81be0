"""Stock as the allocator sees it: one cell for each lot in each place, with what others hold of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Sum

from apps.inventory.models import Hold, HoldAllocation, Location, Lot, StockBalance
from backoffice.kernel.compiled import Compiled

ZERO = Decimal(0)

_HELD = Compiled(
    lambda products, now: (
        HoldAllocation.objects.filter(Hold.counting_condition(now, prefix="hold__"), hold__product_id__in=products)
        .values("lot_id", "location_id")
        .annotate(total=Sum("quantity"))
        .values_list("lot_id", "location_id", "total")
    )
)
_HELD_BY_OTHERS = Compiled(
    lambda products, now, kind, pk: (
        HoldAllocation.objects.filter(Hold.counting_condition(now, prefix="hold__"), hold__product_id__in=products)
        .exclude(hold__origin_type_id=kind, hold__origin_id=pk)
        .values("lot_id", "location_id")
        .annotate(total=Sum("quantity"))
        .values_list("lot_id", "location_id", "total")
    )
)
_BALANCES = Compiled(
    lambda products: StockBalance.objects.filter(product_id__in=products, quantity__gt=0).values_list(
        "product_id",
        "lot_id",
        "location_id",
        "quantity",
        "lot__expires_on",
        "lot__received_on",
        "lot__status",
        "location__kind",
    )
)


@dataclass(slots=True)
class Cell:
    """A lot in a place. `free` goes down while a service plans what it takes."""

    product_id: int
    lot_id: int
    location_id: int
    on_hand: Decimal
    held: Decimal
    free: Decimal
    expires_on: date | None
    received_on: date | None
    status: str
    kind: str

    def usable(self, on: date) -> bool:
        """The predicate of `Lot.usable_condition`, in Python; quarantine places count as blocked."""
        return (
            self.status == Lot.Status.OK
            and self.kind != Location.Kind.QUARANTINE
            and (self.expires_on is None or self.expires_on >= on)
        )

    @property
    def fefo(self) -> tuple[bool, date, date, int]:
        """First expired, first out; then first received; undated last."""
        return (
            self.expires_on is None,
            self.expires_on or date.max,
            self.received_on or date.max,
            self.lot_id,
        )


def load(product_ids: Collection[int], *, now: datetime, exclude: Model | None = None) -> dict[int, list[Cell]]:
    """All cells of the products, first expired first, in two queries.

    Holds of `exclude` do not count. Read under `stock_locks.lock_products` by whoever is going to write.
    """
    held: dict[tuple[int, int], Decimal] = {}
    if exclude is None:
        allocations = _HELD(product_ids, now)
    else:
        allocations = _HELD_BY_OTHERS(product_ids, now, ContentType.objects.get_for_model(exclude).pk, exclude.pk)
    for lot_id, location_id, quantity in allocations:
        held[lot_id, location_id] = quantity
    cells: dict[int, list[Cell]] = defaultdict(list)
    for row in _BALANCES(product_ids):
        product_id, lot_id, location_id, quantity, expires_on, received_on, status, kind = row
        taken = held.get((lot_id, location_id), ZERO)
        cells[product_id].append(
            Cell(
                product_id=product_id,
                lot_id=lot_id,
                location_id=location_id,
                on_hand=quantity,
                held=taken,
                free=quantity - taken,
                expires_on=expires_on,
                received_on=received_on,
                status=status,
                kind=kind,
            )
        )
    for found in cells.values():
        found.sort(key=lambda cell: (cell.fefo, cell.location_id))
    return cells


Backing = dict[tuple[int, int], Decimal]
"""How much of each lot in each place backs a hold."""


def take(
    cells: Iterable[Cell],
    quantity: Decimal,
    *,
    on: date,
    scope: Collection[int] | None,
    backing: Backing | None = None,
) -> list[tuple[Cell, Decimal]]:
    """Take up to `quantity` from the cells that are usable on that day and inside the scope, in order.

    Lowers `free` of what is taken. Within one expiry and lot the order of `scope` decides. With `backing`, no more
    than that is taken from each cell, and it is lowered too.
    """
    rank = {pk: position for position, pk in enumerate(scope)} if scope is not None else None
    usable = [
        cell for cell in cells if cell.free > 0 and cell.usable(on) and (rank is None or cell.location_id in rank)
    ]
    if rank is not None:
        usable.sort(key=lambda cell: (cell.fefo, rank[cell.location_id]))
    found: list[tuple[Cell, Decimal]] = []
    left = quantity
    for cell in usable:
        if left <= 0:
            break
        part = min(cell.free, left)
        if backing is not None:
            part = min(part, backing.get((cell.lot_id, cell.location_id), ZERO))
            if part <= 0:
                continue
            backing[cell.lot_id, cell.location_id] -= part
        cell.free -= part
        left -= part
        found.append((cell, part))
    return found
