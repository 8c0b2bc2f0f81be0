"""Stock that a document uses up: its own holds first, then what is free, first expired first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadQuantity, InsufficientStock
from apps.inventory.models import Hold, HoldAllocation, Location, Lot, Move, StockOperation
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors import locations as places
from apps.inventory.selectors.cells import ZERO, Backing, Cell
from apps.inventory.services import allocation, held, locations, refusals, shortages, stock_locks
from apps.inventory.services.posting import Posted, PostLine, write
from backoffice.kernel import clock, idempotency, rows
from backoffice.kernel import quantity as quantities
from backoffice.kernel.compiled import Compiled

_LOTS = Compiled(lambda ids: Lot.objects.filter(pk__in=ids))
_LOCATIONS = Compiled(lambda ids: Location.objects.filter(pk__in=ids))

Part = tuple[Cell, Decimal]


@dataclass(frozen=True)
class ConsumeLine:
    """A quantity to use up from a place (and the places inside it), of one lot when it was scanned."""

    product: Product
    quantity: Decimal
    location: Location
    lot: Lot | None = None


@dataclass(frozen=True)
class Taken:
    """What left: how much of which lot, from where, at what cost."""

    product_id: int
    lot: Lot
    location: Location
    quantity: Decimal
    unit_cost: Decimal
    value: Decimal


def taken_by(operation: StockOperation) -> list[Taken]:
    """What an operation took, in the order it was posted."""
    moves: list[Move] = list(operation.moves.select_related("lot", "source").order_by("pk"))
    return [Taken(move.product_id, move.lot, move.source, move.quantity, move.unit_cost, move.value) for move in moves]


def taken_of(posted: Posted) -> list[Taken]:
    """The same of what was posted just now, without reading it again."""
    return [
        Taken(line.product.pk, line.lot, line.source, move.quantity, move.unit_cost, move.value)
        for line, move in zip(posted.lines, posted.moves, strict=True)
    ]


@transaction.atomic
def consume(
    *, origin: Model, lines: Sequence[ConsumeLine], key: str | None = None, occurred_at: datetime | None = None
) -> list[Taken]:
    """Use stock up for `origin`. Its own holds of these products are fulfilled as far as they go.

    Without a lot: the stock its holds are backed with, then free stock, first expired first. Quantities are rounded
    half-up to the unit's step. Raises InsufficientStock naming every product that is short, LotNotUsable for an
    expired or blocked lot, BadQuantity for what would round to nothing. The same key consumes once.
    """
    products = stock_locks.lock_products(line.product.pk for line in lines)
    fingerprint = [
        origin.pk,
        *((line.product.pk, line.quantity, line.location.pk, line.lot and line.lot.pk) for line in lines),
    ]
    if done := idempotency.find(scope="stock.consume", key=key, fingerprint=fingerprint):
        return taken_by(done)
    now, today = clock.now(), clock.today()
    own_holds = [hold for hold in held.active(origin) if hold.product_id in products]
    holds, scopes, backing = (
        allocation.by_product(own_holds),
        allocation.Scopes(own_holds),
        allocation.backing(own_holds),
    )
    cells = stock_cells.load(products, now=now, exclude=origin)
    own = {product_id: backing_of(holds.get(product_id, []), backing, now=now) for product_id in products}
    had = {product_id: dict(backed) for product_id, backed in own.items()}
    tree = places.Tree()
    parts: list[tuple[ConsumeLine, list[Part]]] = []
    asked: dict[tuple[int, int, int | None], Decimal] = {}
    short = {}
    for line in lines:
        product = products[line.product.pk]
        amount = _posted(product, line.quantity)
        scope = tree.scope([line.location]) or ()
        found = _pick(line, amount, cells[product.pk], own[product.pk], scope=scope, on=today)
        what = (product.pk, line.location.pk, line.lot.pk if line.lot else None)
        asked[what] = asked.get(what, ZERO) + amount
        if sum((part for _cell, part in found), ZERO) < amount:
            short[what] = shortages.shortage(
                product,
                cells[product.pk],
                asked=asked[what],
                on=today,
                now=now,
                scope=scope,
                lot=line.lot,
                exclude=origin,
            )
        parts.append((line, found))
    if short:
        raise InsufficientStock(list(short.values()))
    used: dict[int, Decimal] = {}
    for line, found in parts:
        used[line.product.pk] = used.get(line.product.pk, ZERO) + sum((part for _cell, part in found), ZERO)
    planned = credit([(of_product, used[pk], cells[pk]) for pk, of_product in holds.items()], scopes=scopes, now=now)
    posted = write(
        StockOperation.Kind.CONSUMPTION,
        post_lines([(products[line.product.pk], found) for line, found in parts], Location.Kind.CONSUMED),
        products,
        origin=origin,
        occurred_at=occurred_at,
    )
    if free := _freed(had, parts, planned):
        allocation.serve(free)
    idempotency.remember(scope="stock.consume", key=key, fingerprint=fingerprint, result=posted.operation)
    return taken_of(posted)


def _freed(
    had: Mapping[int, Backing], parts: Iterable[tuple[ConsumeLine, list[Part]]], planned: Iterable[HoldAllocation]
) -> set[int]:
    """The products of which something backed the holds that was neither taken nor kept: another lot was scanned."""
    left = {product_id: dict(backed) for product_id, backed in had.items() if backed}
    for line, found in parts:
        for cell, part in found:
            place = (cell.lot_id, cell.location_id)
            of_product = left.get(line.product.pk, {})
            of_product[place] = of_product.get(place, ZERO) - part
    for row in planned:
        place = (row.lot_id, row.location_id)
        of_product = left.get(row.hold.product_id, {})
        of_product[place] = of_product.get(place, ZERO) - row.quantity
    return {product_id for product_id, of_product in left.items() if any(rest > 0 for rest in of_product.values())}


def _posted(product: Product, amount: Decimal) -> Decimal:
    rounded = quantities.round_half_up(amount, product.unit.step) if amount > 0 else ZERO
    if rounded <= 0:
        raise BadQuantity(
            _("%(product)s: %(amount)s rounds to nothing; at least %(step)s is used up. Enter more, or another unit.")
            % {
                "product": product.name,
                "amount": quantities.format_quantity(amount, product.unit.code),
                "step": quantities.format_quantity(product.unit.step, product.unit.code),
            }
        )
    return rounded


def _pick(
    line: ConsumeLine, amount: Decimal, cells: list[Cell], own: Backing, *, scope: Sequence[int], on: date
) -> list[Part]:
    if line.lot is not None:
        if not line.lot.is_usable(on):
            raise refusals.not_usable(line.lot, line.product, asked=amount, scope=scope, on=on)
        return stock_cells.take((cell for cell in cells if cell.lot_id == line.lot.pk), amount, on=on, scope=scope)
    found = stock_cells.take(cells, amount, on=on, scope=scope, backing=own)
    rest = amount - sum((part for _cell, part in found), ZERO)
    return [*found, *stock_cells.take(cells, rest, on=on, scope=scope)] if rest > 0 else found


def backing_of(holds: Iterable[Hold], allocations: Mapping[int, Sequence[HoldAllocation]], *, now: datetime) -> Backing:
    """What backs the holds that still count, of what backs each hold."""
    found: Backing = {}
    for hold in holds:
        if hold.is_counting(now):
            for row in allocations.get(hold.pk, ()):
                place = (row.lot_id, row.location_id)
                found[place] = found.get(place, ZERO) + row.quantity
    return found


def credit(
    parts: Iterable[tuple[Sequence[Hold], Decimal, list[Cell]]], *, scopes: allocation.Scopes, now: datetime
) -> list[HoldAllocation]:
    """Of each product: count what was used towards its holds, oldest first.

    What they still ask is backed from what is left in the product's cells, and returned.
    """
    credited: list[Hold] = []
    planned: list[HoldAllocation] = []
    for holds, used, cells in parts:
        credited += holds
        for hold in holds:
            part = min(hold.quantity - hold.fulfilled, used)
            used -= part
            hold.fulfilled += part
            outstanding = hold.quantity - hold.fulfilled
            if outstanding == 0:
                hold.status, hold.resolved_at = Hold.Status.FULFILLED, now
            elif hold.is_counting(now):
                planned += allocation.back(hold, cells, outstanding, scopes.of(hold))
    if not credited:
        return []
    allocation.drop(credited)
    for hold in credited:
        rows.save(hold, ("fulfilled", "status", "resolved_at"))
    return rows.insert(planned)


def post_lines(parts: Sequence[tuple[Product, list[Part]]], to: str) -> list[PostLine]:
    """The picked cells as lines that leave for a counter-account."""
    destination = locations.virtual(to)
    lots = {lot.pk: lot for lot in _LOTS({cell.lot_id for _product, found in parts for cell, _part in found})}
    where = {
        place.pk: place
        for place in _LOCATIONS({cell.location_id for _product, found in parts for cell, _part in found})
    }
    return [
        PostLine(product, lots[cell.lot_id], where[cell.location_id], destination, part)
        for product, found in parts
        for cell, part in found
    ]
