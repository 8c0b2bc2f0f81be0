"""Holds: stock promised to an order, a cart, a work order. Written here only, under the products' locks.

A hold that is too old stops counting at once, whether or not the sweep ran. Its owner never stands in its own way: what
an origin holds is free to that origin.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadQuantity, InsufficientStock
from apps.inventory.models import Hold, HoldAllocation, Location, StockOperation
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors import locations as places
from apps.inventory.selectors.cells import ZERO, Cell
from apps.inventory.services import allocation, held, shortages, stock_locks
from apps.inventory.services.consumption import Part, Taken, backing_of, post_lines, taken_by, taken_of
from apps.inventory.services.posting import write
from backoffice.kernel import clock, idempotency, rows
from backoffice.kernel.audit import current_actor
from backoffice.kernel.locks import joined

EXPIRED = "expired"
REPLACED = "replaced"


@dataclass(frozen=True)
class HoldLine:
    """A quantity to keep, for a day (today without one)."""

    product: Product
    quantity: Decimal
    needed_on: date | None = None


def for_origin(origin: Model) -> list[Hold]:
    """The active holds of a document, oldest first, with product and allocations."""
    return list(
        Hold.objects.of_origin(origin)
        .filter(status=Hold.Status.ACTIVE)
        .select_related("product__unit")
        .prefetch_related("allocations__lot", "allocations__location", "locations")
        .order_by("pk")
    )


@joined
def place(
    *,
    origin: Model,
    lines: Sequence[HoldLine],
    locations: Sequence[Location] | None,
    expires_at: datetime | None = None,
    priority: int = 0,
    partial: bool = False,
) -> list[Hold]:
    """Keep stock for `origin`, beside what it holds already. One hold a line, in the order given.

    Lines of products that are made on demand are left out. Without `partial` raises InsufficientStock naming every
    product that is short, and holds nothing; with it, what is not there becomes waiting demand.
    """
    products = stock_locks.lock_products(line.product.pk for line in lines)
    return _place(
        [],
        origin=origin,
        lines=lines,
        products=products,
        locations=locations,
        expires_at=expires_at,
        priority=priority,
        partial=partial,
    )


@joined
def replace(
    *,
    origin: Model,
    lines: Sequence[HoldLine],
    locations: Sequence[Location] | None,
    expires_at: datetime | None = None,
    priority: int = 0,
    partial: bool = False,
) -> list[Hold]:
    """Hold for `origin` exactly these lines, whatever it held before. Its old holds do not stand in its way.

    Refused like `place`; then the old holds stay as they were. Freed stock goes to waiting holds.
    """
    products, old = held.locked(origin, [line.product.pk for line in lines])
    allocation.drop(old)
    found = _place(
        old,
        origin=origin,
        lines=lines,
        products=products,
        locations=locations,
        expires_at=expires_at,
        priority=priority,
        partial=partial,
    )
    kept = {hold.pk for hold in found}
    held.end([hold for hold in old if hold.pk not in kept], Hold.Status.RELEASED, reason=REPLACED)
    if old:
        allocation.serve({hold.product_id for hold in old})
    return found


def _place(
    old: Sequence[Hold],
    *,
    origin: Model,
    lines: Sequence[HoldLine],
    products: dict[int, Product],
    locations: Sequence[Location] | None,
    expires_at: datetime | None,
    priority: int,
    partial: bool,
) -> list[Hold]:
    """Write the holds of the lines, on rows of `old` (whose allocations are gone) as long as they last."""
    lines = [line for line in lines if products[line.product.pk].is_stocked]
    for line in lines:
        if line.quantity <= 0:
            raise BadQuantity(_("%(product)s: the quantity must be above zero.") % {"product": line.product.name})
    now, today = clock.now(), clock.today()
    scope = places.scope(locations)
    cells = stock_cells.load({line.product.pk for line in lines}, now=now)
    spare = allocation.by_product(old)
    found: list[Hold] = []
    for line in lines:
        hold = (
            spare[line.product.pk].pop(0) if spare[line.product.pk] else Hold(origin=origin, product_id=line.product.pk)
        )
        hold.quantity, hold.fulfilled = line.quantity, ZERO
        hold.needed_on = line.needed_on or today
        hold.expires_at, hold.priority = expires_at, priority
        found.append(hold)
    backing = _back_all(found, cells, scope)
    if not partial:
        _refuse_short(found, backing, products, cells, scope=scope, now=now)
    new = [hold for hold in found if hold.pk is None]
    kept = [hold for hold in found if hold.pk is not None]
    rows.insert(new)
    for hold in kept:
        rows.save(hold, ("quantity", "fulfilled", "needed_on", "expires_at", "priority"))
    _confine(found, {hold.pk for hold in kept}, [location.pk for location in locations or ()])
    for hold, planned in zip(found, backing, strict=True):
        for row in planned:
            row.hold = hold
        hold.backing = planned
    rows.insert(row for planned in backing for row in planned)
    return found


def _confine(holds: Sequence[Hold], kept: set[int], locations: Sequence[int]) -> None:
    """Write where the holds may take from; of `kept` ones only what differs from what they had."""
    where: Any = Hold.locations.through
    wanted = {(hold.pk, location) for hold in holds for location in locations}
    had = set(allocation.places_of(kept))
    if gone := had - wanted:
        where.objects.filter(hold_id__in={hold for hold, _place in gone}, hold__in=kept).delete()
        had = {pair for pair in had if pair[0] not in {hold for hold, _place in gone}}
    rows.insert(
        where(hold_id=hold.pk, location_id=location)
        for hold in holds
        for location in locations
        if (hold.pk, location) not in had
    )


def _back_all(
    holds: Sequence[Hold], cells: dict[int, list[Cell]], scope: tuple[int, ...] | None
) -> list[list[HoldAllocation]]:
    """Plan the backing of all holds; who needs it first takes the stock that spoils first."""
    planned: dict[int, list[HoldAllocation]] = {}
    for position, hold in sorted(enumerate(holds), key=lambda pair: pair[1].needed_on):
        planned[position] = allocation.back(hold, cells[hold.product_id], hold.quantity - hold.fulfilled, scope)
    return [planned[position] for position in range(len(holds))]


def _refuse_short(
    holds: Sequence[Hold],
    backing: Sequence[Sequence[HoldAllocation]],
    products: dict[int, Product],
    cells: dict[int, list[Cell]],
    *,
    scope: tuple[int, ...] | None,
    now: datetime,
) -> None:
    asked: dict[int, Decimal] = {}
    backed: dict[int, Decimal] = {}
    day: dict[int, date] = {}
    for hold, planned in zip(holds, backing, strict=True):
        asked[hold.product_id] = asked.get(hold.product_id, ZERO) + hold.quantity - hold.fulfilled
        backed[hold.product_id] = backed.get(hold.product_id, ZERO) + sum((row.quantity for row in planned), ZERO)
        day[hold.product_id] = max(day.get(hold.product_id, hold.needed_on), allocation.usable_day(hold.needed_on))
    short = [pk for pk in asked if backed[pk] < asked[pk]]
    if short:
        raise InsufficientStock(
            [
                shortages.shortage(products[pk], cells[pk], asked=asked[pk], on=day[pk], now=now, scope=scope)
                for pk in short
            ]
        )


@transaction.atomic
def release(hold: Hold, *, reason: str = "") -> Hold:
    """Somebody gives the stock of a hold back. Raises HoldResolved when it ended before."""
    stock_locks.lock_products([hold.product_id])
    held.end([hold], Hold.Status.RELEASED, reason=reason)
    if (actor := current_actor().user) is not None and actor.pk:
        hold.released_by_id = actor.pk
        rows.save(hold, ("released_by",))
    allocation.serve([hold.product_id])
    return hold


@joined
def release_for(origin: Model, *, reason: str = "") -> int:
    """Give back everything that the document still holds. Returns how many holds that were."""
    products, holds = held.locked(origin)
    ended = held.end(holds, Hold.Status.RELEASED, reason=reason)
    if ended:
        allocation.serve(products)
    return ended


@joined
def transfer(from_origin: Model, *, to: Model, expires_at: datetime | None = None) -> list[Hold]:
    """Point the holds of one document to another, for good or until `expires_at`. Returns them.

    Holds that had grown too old are backed again. Raises InsufficientStock, and changes nothing, when their stock went
    to someone else in the meantime.
    """
    return _renew(from_origin, expires_at=expires_at, to=to)


@transaction.atomic
def extend(origin: Model, expires_at: datetime | None) -> list[Hold]:
    """Let a document keep its holds until `expires_at` (None: until it lets go). Refused like `transfer`."""
    return _renew(origin, expires_at=expires_at, to=origin)


def _renew(origin: Model, *, expires_at: datetime | None, to: Model) -> list[Hold]:
    products, holds = held.locked(origin)
    now, backing = clock.now(), allocation.backing(holds)
    for hold in holds:
        hold.product, hold.backing = products[hold.product_id], backing[hold.pk]
    if lost := [hold for hold in holds if not hold.is_counting(now)]:
        _back_again(lost, products, now=now)
    for hold in holds:
        hold.origin, hold.expires_at = to, expires_at
    rows.save_all(holds, ("origin_type", "origin_id", "expires_at"))
    if lost:  # what backed them before may be for others to have
        allocation.serve({hold.product_id for hold in lost})
    return holds


def _back_again(holds: Sequence[Hold], products: dict[int, Product], *, now: datetime) -> None:
    """Back holds anew whose stock was anybody's. What waited before may wait on; what was backed must be again."""
    had = {hold.pk: sum((row.quantity for row in hold.backing), ZERO) for hold in holds}
    allocation.drop(holds)
    cells = stock_cells.load({hold.product_id for hold in holds}, now=now)
    scopes = allocation.Scopes(holds)
    planned: list[HoldAllocation] = []
    short = []
    for hold in holds:
        scope = scopes.of(hold)
        found = allocation.back(hold, cells[hold.product_id], hold.quantity - hold.fulfilled, scope)
        if sum((row.quantity for row in found), ZERO) < had[hold.pk]:
            product = products[hold.product_id]
            day = allocation.usable_day(hold.needed_on)
            asked = had[hold.pk]
            short.append(shortages.shortage(product, cells[product.pk], asked=asked, on=day, now=now, scope=scope))
        hold.backing = found
        planned += found
    if short:
        raise InsufficientStock(short)
    rows.insert(planned)


def backed(placed: Iterable[Hold]) -> dict[int, Decimal]:
    """What backs holds that were just placed or moved, by product."""
    found: dict[int, Decimal] = {}
    for hold in placed:
        found[hold.product_id] = found.get(hold.product_id, ZERO) + sum((row.quantity for row in hold.backing), ZERO)
    return found


@joined
def fulfil_for(
    origin: Model,
    *,
    kind: str = StockOperation.Kind.SALE,
    reason: str = "",
    key: str | None = None,
    occurred_at: datetime | None = None,
    moved: Sequence[Hold] | None = None,
) -> list[Taken]:
    """Hand over everything that the document holds: the backed stock, and free stock for what still waits.

    All of it leaves, or InsufficientStock is raised and nothing does. Returns what left, hold by hold; nothing when the
    document holds nothing, so a caller that expects stock compares. The same key hands over once. `moved` is what
    `transfer` has returned in the same transaction, when the document holds nothing else: locked and read already.
    """
    if moved is None:
        products, holds = held.locked(origin)
        backing = allocation.backing(holds)
    else:
        products, holds = {hold.product_id: hold.product for hold in moved}, list(moved)
        backing = {hold.pk: hold.backing for hold in moved}
    if done := idempotency.find(scope="holds.fulfil", key=key, fingerprint=[origin.pk, kind]):
        return taken_by(done)
    if not holds:
        return []
    now, today = clock.now(), clock.today()
    cells = stock_cells.load(products, now=now, exclude=origin)
    scopes = allocation.Scopes(holds)
    parts: list[list[Part]] = [
        stock_cells.take(
            cells[hold.product_id],
            hold.quantity - hold.fulfilled,
            on=today,
            scope=None,
            backing=backing_of([hold], backing, now=now),
        )
        for hold in holds
    ]
    short = []
    for hold, found in zip(holds, parts, strict=True):
        rest = hold.quantity - hold.fulfilled - sum((part for _cell, part in found), ZERO)
        if rest <= 0:
            continue
        scope = scopes.of(hold)
        more = stock_cells.take(cells[hold.product_id], rest, on=today, scope=scope)
        if sum((part for _cell, part in more), ZERO) < rest:
            product, asked = products[hold.product_id], hold.quantity - hold.fulfilled
            short.append(
                shortages.shortage(
                    product, cells[product.pk], asked=asked, on=today, now=now, scope=scope, exclude=origin
                )
            )
        found += more
    if short:
        raise InsufficientStock(short)
    held.end(holds, Hold.Status.FULFILLED, reason=reason)
    for hold in holds:
        hold.fulfilled = hold.quantity
    lines = post_lines(
        [(products[hold.product_id], found) for hold, found in zip(holds, parts, strict=True)], Location.Kind.CUSTOMER
    )
    posted = write(kind, lines, products, reason=reason, origin=origin, occurred_at=occurred_at)
    idempotency.remember(scope="holds.fulfil", key=key, fingerprint=[origin.pk, kind], result=posted.operation)
    return taken_of(posted)


@transaction.atomic
def serve_waiting(product_ids: Iterable[int]) -> list[Hold]:
    """Give free stock to waiting holds, by priority, then age. `post` does so by itself for what arrives."""
    return allocation.serve(stock_locks.lock_products(product_ids))


def expire_due(*, limit: int = 1000) -> int:
    """End the holds that are too old; product by product, each in a transaction of its own. Returns how many.

    Housekeeping: they stopped counting when their time came.
    """
    due = Hold.objects.filter(status=Hold.Status.ACTIVE, expires_at__lte=clock.now())
    product_ids = sorted(set(due.order_by("expires_at").values_list("product_id", flat=True)[:limit]))
    return sum(_expire(product_id) for product_id in product_ids)


@transaction.atomic
def _expire(product_id: int) -> int:
    stock_locks.lock_products([product_id])
    due = Hold.objects.filter(status=Hold.Status.ACTIVE, expires_at__lte=clock.now(), product_id=product_id)
    ended = held.end(list(due), Hold.Status.RELEASED, reason=EXPIRED)
    if ended:
        allocation.serve([product_id])
    return ended
