"""Reading the ledger: the stock card with its running balance, and what became of a lot."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import Q, QuerySet, Sum

from apps.catalog.models import Product
from apps.inventory.models import Location, Lot, Move, StockBalance

PAGE = 25
ZERO = Decimal(0)
LONGEST_KEY = 18
INSIDE = Q(destination__kind__in=Location.PHYSICAL)
SHOWN = (
    "product",
    "quantity",
    *(f"operation__{name}" for name in ("kind", "reason", "occurred_at", "origin_type", "origin_id")),
    *(f"lot__{name}" for name in ("code", "is_silent", "product")),
    *(f"{side}__{name}" for side in ("source", "destination") for name in ("kind", "name")),
)
"""What a line of the card says: a page is twice as wide with all there is."""
FROM_INSIDE = Q(source__kind__in=Location.PHYSICAL)


@dataclass(frozen=True)
class Line:
    """A move as the card shows it: what it changed in the house, and what there was then."""

    move: Move
    change: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Card:
    """A page of a product's moves, newest first. `before` continues with older ones; 0 when there are none.

    `older` is the same for a link: it carries the balance there was then, signed.
    """

    lines: Sequence[Line]
    before: int
    older: str = ""


def card(
    product: Product,
    *,
    before: int | None = None,
    size: int = PAGE,
    on_hand: Decimal | None = None,
    carried: Decimal | None = None,
) -> Card:
    """The moves of a product with the running balance over the whole house, paged by key.

    The balance starts from what is on hand (asked for unless it is known) and is taken back move by move, so no page
    sums the history below it. A page further down starts from what the one above `carried` on: moves are never changed,
    so what was there before one of them does not change either. Without it all newer moves are summed.

    What moved nothing but value, as corrections of cost do, is not among them: the lot and the correction show it.
    """
    moves = Move.objects.filter(product=product).exclude(quantity=0)
    if before is not None:
        if carried is None:
            newer = moves.filter(pk__gte=before)
            on_hand = _total(StockBalance.objects.filter(product=product)) if on_hand is None else on_hand
            carried = on_hand - _total(newer.filter(INSIDE)) + _total(newer.filter(FROM_INSIDE))
        moves = moves.filter(pk__lt=before)
        balance = carried
    else:
        balance = _total(StockBalance.objects.filter(product=product)) if on_hand is None else on_hand
    rows = list(
        moves.select_related("operation", "lot", "source", "destination")
        .only(*SHOWN)
        .prefetch_related("operation__origin")
        .order_by("-pk")[: size + 1]
    )
    lines = []
    for move in rows[:size]:
        change = (move.quantity if move.destination.is_physical else ZERO) - (
            move.quantity if move.source.is_physical else ZERO
        )
        lines.append(Line(move, change, balance))
        balance -= change
    if len(rows) <= size:
        return Card(lines, 0)
    last = rows[size - 1].pk
    return Card(lines, last, _signer(product).sign(f"{last}_{balance.normalize():f}"))


def on_hand(product: Product) -> Decimal:
    """How much there is of the product in the whole house."""
    return _total(StockBalance.objects.filter(product=product))


def carried_on(product: Product, link: str) -> tuple[int, Decimal | None] | None:
    """(before, carried) of a link's text, for `card`.

    A key without a balance, or with one that is not signed for this product, has no balance: it is summed anew. None
    when the text is no key at all.
    """
    key, _dash, rest = link.partition("_")
    if not (key.isascii() and key.isdigit() and len(key) < LONGEST_KEY):
        return None
    if not rest:
        return int(key), None
    try:
        return int(key), Decimal(_signer(product).unsign(link).partition("_")[2])
    except BadSignature:
        return int(key), None


def _signer(product: Product) -> Signer:
    return Signer(salt=f"stock card {product.pk}")


def _total(rows: QuerySet[Any]) -> Decimal:
    return rows.aggregate(total=Sum("quantity"))["total"] or ZERO


@dataclass(frozen=True)
class Destiny:
    """What became of a lot, in its product's unit."""

    came: Decimal
    used: Decimal
    sold: Decimal
    wasted: Decimal
    adjusted: Decimal
    on_hand: Decimal
    value: Decimal


def destiny(lot: Lot, balances: Sequence[StockBalance] | None = None) -> Destiny:
    """Sums over all moves of one lot, by what is on the other side; the lot's own moves only.

    One query when the lot's `balances` are known, else two.
    """
    totals: dict[str, Decimal] = {}
    output = ZERO
    rows: Any = (
        Move.objects.filter(lot=lot)
        .order_by()
        .values("source__kind", "destination__kind")
        .annotate(total=Sum("quantity"))
        .values_list("source__kind", "destination__kind", "total")
    )
    for source, destination, total in rows:
        if source == Location.Kind.CONSUMED:
            output += total
        if source not in Location.PHYSICAL:
            totals[source] = totals.get(source, ZERO) - total
        if destination not in Location.PHYSICAL:
            totals[destination] = totals.get(destination, ZERO) + total
    there = list(lot.balances.all()) if balances is None else balances
    kind = Location.Kind
    made = lot.produced_on is not None
    consumed = totals.get(kind.CONSUMED, ZERO)
    came = -totals.get(kind.SUPPLIER, ZERO)
    if made:
        came += output
        consumed += output
    return Destiny(
        came=came,
        used=consumed,
        sold=totals.get(kind.CUSTOMER, ZERO),
        wasted=totals.get(kind.WASTE, ZERO),
        adjusted=-totals.get(kind.ADJUSTMENT, ZERO),
        on_hand=sum((balance.quantity for balance in there), ZERO),
        value=sum((balance.value for balance in there), ZERO),
    )


def moves_of_lot(lot: Lot, *, limit: int = 50) -> list[Move]:
    """The last moves of a lot, newest first."""
    return list(
        Move.objects.filter(lot=lot).select_related("operation__actor", "source", "destination").order_by("-pk")[:limit]
    )


@dataclass(frozen=True)
class Gone:
    """A document that stock of a lot went to."""

    origin: Any
    kind: str
    quantity: Decimal
    move: Move


def went_to(lot: Lot, *, limit: int = 50) -> list[Gone]:
    """The documents that the lot left the house for, newest first: sales, work orders, losses."""
    return [
        Gone(move.operation.origin, move.operation.get_kind_display(), move.quantity, move)
        for move in Move.objects.filter(lot=lot, quantity__gt=0)
        .exclude(INSIDE)
        .exclude(operation__kind="reversal")
        .select_related("operation", "destination")
        .prefetch_related("operation__origin")
        .order_by("-pk")[:limit]
    ]
