"""The ledger's pen: `post` is the only writer of moves and balances. Callers use it as `stock.post`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadMove, BadQuantity, InsufficientStock, NotStocked
from apps.inventory.models import Hold, HoldAllocation, Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors.cells import ZERO
from apps.inventory.services import allocation, locations, periods, refusals, shortages, stock_locks, trends
from backoffice.kernel import bulk, clock, idempotency, money, rows
from backoffice.kernel.audit import current_actor
from backoffice.kernel.compiled import Compiled, CompiledDelete

_BALANCES = Compiled(lambda lots, places: StockBalance.objects.filter(lot_id__in=lots, location_id__in=places))
_HELD = Compiled(
    lambda lots, now: HoldAllocation.objects.filter(
        Hold.counting_condition(now, prefix="hold__"), lot_id__in=lots
    ).values_list("lot_id", "location_id", "quantity")
)
_USED_UP = CompiledDelete(lambda ids: StockBalance.objects.filter(pk__in=ids))

LOTS_AT_ONCE = 400

Place = tuple[int, int]
"""A lot in a location."""


@dataclass(frozen=True)
class PostLine:
    """A quantity of a lot, from one place to another.

    `unit_cost` defaults to the lot's; `value` to what that makes, when the stock enters the house.
    """

    product: Product
    lot: Lot
    source: Location
    destination: Location
    quantity: Decimal
    unit_cost: Decimal | None = None
    value: Decimal | None = None


@dataclass(frozen=True)
class Posted:
    """An operation with its lines and the moves that they became."""

    operation: StockOperation
    lines: Sequence[PostLine]
    moves: Sequence[Move]


@transaction.atomic
def post(
    kind: str,
    lines: Sequence[PostLine],
    *,
    occurred_at: datetime | None = None,
    reason: str = "",
    note: str = "",
    reference: str = "",
    origin: Model | None = None,
    reverses: StockOperation | None = None,
    key: str | None = None,
) -> StockOperation:
    """Write moves and the balances they make, together. The same key posts once.

    Raises BadMove or BadQuantity for lines that make no sense, NotStocked for what is made on demand, and
    InsufficientStock when a place would give more than it has beyond what others hold there. Waiting holds are served
    from whatever arrives.
    """
    products = stock_locks.lock_products(line.product.pk for line in lines)
    fingerprint = [kind, *(_fingerprint(line) for line in lines)]
    if done := idempotency.find(scope="stock.post", key=key, fingerprint=fingerprint):
        return done
    operation = write(
        kind,
        lines,
        products,
        occurred_at=occurred_at,
        reason=reason,
        note=note,
        reference=reference,
        origin=origin,
        reverses=reverses,
    ).operation
    idempotency.remember(scope="stock.post", key=key, fingerprint=fingerprint, result=operation)
    return operation


def write(
    kind: str,
    lines: Sequence[PostLine],
    products: Mapping[int, Product],
    *,
    occurred_at: datetime | None = None,
    reason: str = "",
    note: str = "",
    reference: str = "",
    origin: Model | None = None,
    reverses: StockOperation | None = None,
) -> Posted:
    """`post` for services of the stock room that hold the locks of `products` already. Refuses like it."""
    _check(lines, products)
    now = clock.now()
    if occurred_at is not None and occurred_at > now:
        raise BadMove(_("Stock cannot move in the future."), field="occurred_at")
    if occurred_at is not None:
        periods.refuse_closed(occurred_at, now=now, what=lambda: _told(lines))
        trends.posted(occurred_at, products)
    book = _Book(lines)
    values = [book.write(line) for line in lines]
    book.refuse_shortages(products, now=now)

    actor = current_actor().user
    operation = StockOperation(
        kind=kind,
        occurred_at=occurred_at or now,
        reason=reason,
        note=note,
        reference=reference,
        origin=origin,
        reverses=reverses,
        actor=actor if actor is not None and actor.pk else None,
    )
    rows.insert([operation])
    moves = rows.insert(
        Move(
            operation=operation,
            product_id=line.product.pk,
            lot_id=line.lot.pk,
            source_id=line.source.pk,
            destination_id=line.destination.pk,
            quantity=line.quantity,
            unit_cost=line.lot.unit_cost if line.unit_cost is None else line.unit_cost,
            value=value,
        )
        for line, value in zip(lines, values, strict=True)
    )
    book.save()
    _refuse_closed(lines)
    if arrived := {line.product.pk for line in lines if line.destination.is_physical}:
        allocation.serve(arrived)
    return Posted(operation, lines, moves)


@dataclass(frozen=True)
class ValueLine:
    """Money that goes the way a lot's stock went, later, and without stock. `value` is above zero."""

    product_id: int
    lot_id: int
    source_id: int
    destination_id: int
    value: Decimal


def revalue(lines: Sequence[ValueLine], *, reason: str, origin: Model, reference: str = "") -> StockOperation:
    """Move value alone, now. For the cost corrections, which hold the locks of the products.

    Raises BadMove when value would be left where no stock is, or more would leave than is there.
    """
    physical = set(Location.objects.physical().values_list("pk", flat=True))
    change: dict[Place, Decimal] = {}
    for line in lines:
        for location, sign in ((line.source_id, -1), (line.destination_id, 1)):
            if location in physical:
                change[line.lot_id, location] = change.get((line.lot_id, location), ZERO) + sign * line.value
    touched = {place for place, value in change.items() if value}
    lots = sorted({lot for lot, _place in touched})
    there: dict[Place, StockBalance] = {}
    for start in range(0, len(lots), LOTS_AT_ONCE):
        for balance in StockBalance.objects.filter(lot_id__in=lots[start : start + LOTS_AT_ONCE]):
            there[balance.lot_id, balance.location_id] = balance
    written = []
    for place in sorted(touched):
        row = there.get(place)
        if row is None or row.value + change[place] < 0:
            raise BadMove(_("Value cannot be moved to where there is no stock."))
        row.value += change[place]
        written.append(row)
    actor = current_actor().user
    operation = StockOperation(
        kind=StockOperation.Kind.CORRECTION,
        occurred_at=clock.now(),
        reason=reason,
        reference=reference,
        origin=origin,
        actor=actor if actor is not None and actor.pk else None,
    )
    rows.insert([operation])
    Move.objects.bulk_create(
        [
            Move(
                operation=operation,
                product_id=line.product_id,
                lot_id=line.lot_id,
                source_id=line.source_id,
                destination_id=line.destination_id,
                quantity=ZERO,
                value=line.value,
            )
            for line in lines
        ],
        batch_size=LOTS_AT_ONCE,
    )
    bulk.update(written, ["value"])
    return operation


def _fingerprint(line: PostLine) -> str:
    return f"{line.lot.pk}:{line.source.pk}>{line.destination.pk}:{line.quantity.normalize():f}"


def _check(lines: Sequence[PostLine], products: Mapping[int, Product]) -> None:
    if not lines:
        raise BadMove(_("There is nothing to post."))
    for line in lines:
        product = products[line.product.pk]
        if not product.is_stocked:
            raise NotStocked(product.sku)
        if line.quantity <= 0:
            raise BadQuantity(
                _("%(product)s, %(source)s → %(destination)s: the quantity must be above zero. Enter how much it is.")
                % {"product": product.name, "source": line.source.called, "destination": line.destination.called}
            )
        if line.lot.product_id != product.pk:
            raise BadMove(
                _("Lot %(lot)s is not of %(product)s.") % {"lot": line.lot.code, "product": product.name}, field="lot"
            )
        if line.source.pk == line.destination.pk or not (line.source.is_physical or line.destination.is_physical):
            raise BadMove(
                _("%(amount)s: it is at %(place)s already. Stock moves from one place to another; choose another.")
                % {"amount": refusals.amount_of(product, line.quantity), "place": line.destination.called},
                field="destination",
            )


def _told(lines: Sequence[PostLine]) -> str:
    """What would be posted, and where: for a refusal."""
    first = lines[0]
    return _("%(amount)s, %(source)s → %(destination)s:") % {
        "amount": refusals.amounts([(line.product, line.quantity) for line in lines]),
        "source": first.source.called,
        "destination": first.destination.called,
    }


def _refuse_closed(lines: Sequence[PostLine]) -> None:
    """Asked after writing, and until the transaction ends nobody closes where something arrived."""
    arrived = {line.destination.pk for line in lines if line.destination.is_physical}
    if closed := locations.closed_of(arrived):
        place = closed[0]
        raise refusals.closed_place(
            place, [(line.product, line.quantity) for line in lines if line.destination.pk == place.pk]
        )


class _Book:
    """The balances that the lines touch, in memory, until they are saved as absolute figures."""

    def __init__(self, lines: Sequence[PostLine]) -> None:
        self.lines = lines
        self.product_of: dict[int, int] = {line.lot.pk: line.product.pk for line in lines}
        self.lots = {line.lot.pk: line.lot for line in lines}
        self.places = {place.pk: place for line in lines for place in (line.source, line.destination)}
        self.before: dict[Place, StockBalance] = {
            (balance.lot_id, balance.location_id): balance for balance in _BALANCES(self.lots, self.places)
        }
        self.after: dict[Place, tuple[Decimal, Decimal]] = {
            place: (balance.quantity, balance.value) for place, balance in self.before.items()
        }
        self.out: dict[Place, Decimal] = {}

    def write(self, line: PostLine) -> Decimal:
        """Move the line's quantity and value between the balances. Returns the value.

        What leaves takes its share of the value that is there, and the last of it takes the rest, so that rounding
        never leaves value without stock or stock without value.
        """
        source, destination = (line.lot.pk, line.source.pk), (line.lot.pk, line.destination.pk)
        if line.source.is_physical:
            quantity, worth = self.after.get(source, (ZERO, ZERO))
            value = self._leaving(line, quantity, worth)
            self.after[source] = (quantity - line.quantity, worth - value)
            self.out[source] = self.out.get(source, ZERO) + line.quantity
        elif line.value is not None:
            value = line.value
        else:
            cost = line.lot.unit_cost if line.unit_cost is None else line.unit_cost
            value = money.round_money(line.quantity * cost)
        if line.destination.is_physical:
            quantity, worth = self.after.get(destination, (ZERO, ZERO))
            self.after[destination] = (quantity + line.quantity, worth + value)
        return value

    @staticmethod
    def _leaving(line: PostLine, quantity: Decimal, worth: Decimal) -> Decimal:
        if line.quantity >= quantity:
            return worth
        share = money.round_money(worth * line.quantity / quantity) if line.value is None else line.value
        return min(share, worth)

    def refuse_shortages(self, products: Mapping[int, Product], *, now: datetime) -> None:
        """Raise InsufficientStock where a place gave more than it has, or what someone else holds."""
        if not self.out:
            return
        held: dict[Place, Decimal] = {}
        for lot_id, location_id, quantity in _HELD({lot_id for lot_id, _place in self.out}, now):
            held[lot_id, location_id] = held.get((lot_id, location_id), ZERO) + quantity
        short = [place for place in self.out if self.after[place][0] < held.get(place, ZERO)]
        if not short:
            return
        cells = stock_cells.load({self.product_of[lot_id] for lot_id, _place in short}, now=now)
        raise InsufficientStock(
            [
                shortages.shortage(
                    products[self.product_of[lot_id]],
                    cells[self.product_of[lot_id]],
                    asked=self.out[lot_id, location_id],
                    on=clock.today(),
                    now=now,
                    scope=[location_id],
                    lot=self.lots[lot_id],
                    any_state=True,
                )
                for lot_id, location_id in short
            ]
        )

    def save(self) -> None:
        """Absolute figures in one statement; what is used up is deleted."""
        touched = {
            (line.lot.pk, place.pk)
            for line in self.lines
            for place in (line.source, line.destination)
            if place.is_physical
        }
        left = [
            StockBalance(
                product_id=self.product_of[lot_id],
                lot_id=lot_id,
                location_id=location_id,
                quantity=self.after[lot_id, location_id][0],
                value=self.after[lot_id, location_id][1],
            )
            for lot_id, location_id in sorted(touched)
            if self.after[lot_id, location_id][0] > 0
        ]
        rows.upsert(left, unique=("lot", "location"), fields=("quantity", "value"))
        gone = [self.before[place].pk for place in touched if place in self.before and self.after[place][0] == 0]
        _USED_UP(gone)
