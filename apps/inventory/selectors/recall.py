"""A lot's whole family, forward and back: what was made of it, what is still here, what left and to whom."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import Any, cast

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model, Q
from django.db.models.expressions import RawSQL
from django.utils.module_loading import import_string

from apps.inventory.models import Hold, HoldAllocation, Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.selectors import nearness

ZERO = Decimal(0)
MAX_LEVELS = 20


@dataclass(frozen=True)
class Party:
    """Somebody who got something: what the room that knows them says."""

    name: str
    contact: str = ""
    url: str = ""


Sees = Callable[[str], bool]
"""Whether the person who asks has a permission."""
Key = tuple[type[Model], int]
"""A document: its model and its key."""


@dataclass(frozen=True)
class Told:
    """What the room that knows a document says: the document, so that nobody reads it again, and who it was for."""

    document: Model
    party: Party


Ask = Callable[[Mapping[type[Model], Collection[int]]], Mapping[Key, Told]]


@dataclass(frozen=True)
class Member:
    """A lot of the family, so many steps away from the one that was asked about."""

    lot: Lot
    level: int

    @property
    def steps(self) -> range:
        return range(self.level)


@dataclass(frozen=True)
class Left:
    """What one document took out of the house of one lot. `cause` is the document, or the operation without one."""

    lot: Lot
    quantity: Decimal
    kind: str
    when: datetime
    cause: Any
    party: Party | None = None

    @property
    def origin(self) -> Any:
        return None if isinstance(self.cause, StockOperation) else self.cause

    @cached_property
    def label(self) -> str:
        return str(self.cause)

    @cached_property
    def url(self) -> str:
        return self.cause.get_absolute_url() if hasattr(self.cause, "get_absolute_url") else ""


@dataclass
class Recall:
    """Everything that a recall of one lot touches."""

    lot: Lot
    family: list[Member] = field(default_factory=list)
    ancestors: list[Member] = field(default_factory=list)
    here: list[StockBalance] = field(default_factory=list)
    sold: list[Left] = field(default_factory=list)
    lost: list[Left] = field(default_factory=list)
    held: list[HoldAllocation] = field(default_factory=list)

    @property
    def blocked(self) -> int:
        return sum(1 for member in self.family if member.lot.status == Lot.Status.BLOCKED)

    @property
    def open(self) -> int:
        """Lots that may still be sold or used."""
        return len(self.family) - self.blocked

    @property
    def people(self) -> int:
        return len({row.party.name for row in self.sold if row.party})


CHILDREN, PARENTS = ("to_lot_id", "from_lot_id"), ("from_lot_id", "to_lot_id")
"""Forward and back: from which column of a link to which."""
Way = tuple[str, str]

KIN = """
WITH RECURSIVE kin (lot_id, level) AS (
    SELECT CAST(%s AS bigint), 0
    UNION
    SELECT link.{far}, kin.level + 1
    FROM kin
    JOIN inventory_lot_parents link ON link.{near} = kin.lot_id
    WHERE kin.level < %s
)
SELECT lot_id FROM kin
"""
"""The lots that can be reached one way. A circle, as merges to and fro make one, ends with the levels."""
MADE_FROM = """
(SELECT {joined}(CAST(to_lot_id AS text), ' ') FROM inventory_lot_parents WHERE from_lot_id = inventory_lot.id)
"""


def family(lot: Lot) -> list[Member]:
    """The lot and every lot made from it, from those, and so on; each once, at its nearest level. One query."""
    return _walk(lot.pk, CHILDREN)[0]


def ancestors(lot: Lot) -> list[Member]:
    """Every lot that went into it, into those, and so on. One query."""
    return _walk(lot.pk, PARENTS)[0][1:]


def _walk(lot_id: int, *ways: Way) -> list[list[Member]]:
    """The lot and those that each of the ways leads to, at most MAX_LEVELS away. One query, however far they go.

    A lot comes with the keys of those it was made from; how near it is, is counted here.
    """
    walks = " UNION ".join(f"SELECT lot_id FROM ({KIN.format(near=near, far=far)}) walk" for near, far in ways)  # noqa: S608
    joined = "string_agg" if connection.vendor == "postgresql" else "group_concat"
    reached = RawSQL(walks, [lot_id, MAX_LEVELS] * len(ways))  # noqa: S611 - the key is a parameter
    made_from = RawSQL(MADE_FROM.format(joined=joined), [])  # noqa: S611 - one of two words of ours
    rows = (
        Lot.objects.filter(pk__in=reached)
        .select_related("product__unit", "product__category")
        .annotate(made_from=made_from, expiry_days=nearness.column())
    )
    lots: dict[int, Any] = {row.pk: row for row in rows}
    if lot_id in lots:
        nearness.known(lots[lot_id].expiry_days)
    links = [(pk, int(parent)) for pk, row in lots.items() for parent in (row.made_from or "").split()]
    return [_levels(lot_id, lots, links, back=way == PARENTS) for way in ways]


def _levels(lot_id: int, lots: Mapping[int, Lot], links: Iterable[tuple[int, int]], *, back: bool) -> list[Member]:
    """The lots that links lead to, each at its nearest level, the nearest first."""
    next_to: dict[int, list[int]] = defaultdict(list)
    for child, parent in links:
        near, far = (child, parent) if back else (parent, child)
        next_to[near].append(far)
    level_of = {pk: 0 for pk in (lot_id,) if pk in lots}
    edge = list(level_of)
    for level in range(1, MAX_LEVELS + 1):
        reached = dict.fromkeys(far for near in edge for far in next_to[near])
        edge = [pk for pk in reached if pk in lots and pk not in level_of]
        level_of.update(dict.fromkeys(edge, level))
    return sorted(
        (Member(lots[pk], level) for pk, level in level_of.items()),
        key=lambda one: (one.level, one.lot.product.name, one.lot.pk),
    )


def nobody(permission: str) -> bool:
    """Somebody who may see nothing more."""
    return False


def of(lot: Lot, *, sees: Sees = nobody) -> Recall:
    """The recall of a lot. Who bought is told only to who may see it; see `composition.PARTIES`."""
    return find(lot.pk, sees=sees)


def find(lot_id: int, *, sees: Sees = nobody) -> Recall:
    """The same by the lot's key. Four queries, and one for each kind of document. Raises Lot.DoesNotExist."""
    forward, back = _walk(lot_id, CHILDREN, PARENTS)
    if not forward:
        raise Lot.DoesNotExist
    found = Recall(forward[0].lot, family=forward, ancestors=back[1:])
    lots = {member.lot.pk: member.lot for member in forward}
    found.here = list(
        StockBalance.objects.filter(lot_id__in=lots)
        .select_related("location")
        .order_by("lot__product__name", "lot_id", "location__name")
    )
    found.held = list(_held(lots).select_related("hold", "location").order_by("hold__needed_on", "pk"))
    for row in found.here:
        row.lot, row.product = lots[row.lot_id], lots[row.lot_id].product
    for allocation in found.held:
        allocation.lot, allocation.hold.product = lots[allocation.lot_id], lots[allocation.lot_id].product
    gone = _gone(lots)
    documents = _documents([*(row.hold for row in found.held), *(one.operation for one in gone)], sees)
    for allocation in found.held:
        hold = allocation.hold
        origin = documents.get((hold.origin_type_id, hold.origin_id), NOTHING).document
        cast(Any, Hold._meta.get_field("origin")).set_cached_value(hold, origin)
    kinds = {kind.value: str(kind.label) for kind in StockOperation.Kind}  # a word in the reader's language, once
    for one in gone:
        rows = found.sold if one.kind == Location.Kind.CUSTOMER else found.lost
        rows.append(_left(lots[one.lot_id], one, documents, kinds))
    found.sold.sort(key=lambda row: row.when, reverse=True)
    return found


@dataclass(frozen=True)
class Reach:
    """How much a recall would change: lots that are not blocked, and holds that are backed by one of the family."""

    open: int
    holds: int


def reach(lot: Lot) -> Reach:
    """What somebody has to know who is about to block all. Two queries."""
    lots = {member.lot.pk: member.lot for member in family(lot)}
    still = sum(1 for one in lots.values() if one.status != Lot.Status.BLOCKED)
    return Reach(still, _held(lots).order_by().values("hold_id").distinct().count())


def _held(lots: Collection[int]) -> Any:
    return HoldAllocation.objects.filter(lot_id__in=lots, hold__status=Hold.Status.ACTIVE)


OUT = (Location.Kind.CUSTOMER, Location.Kind.WASTE, Location.Kind.SUPPLIER)


@dataclass(frozen=True)
class Gone:
    """What went of a lot to one kind of place outside for one document, and the first operation of it."""

    kind: str
    lot_id: int
    quantity: Decimal
    operation: StockOperation


MOVED = ("lot_id", "quantity", "source__kind", "destination__kind", "operation__reverses")
CAUSED = ("id", "kind", "occurred_at", "origin_type_id", "origin_id")


def _gone(lots: Collection[int]) -> list[Gone]:
    """What left the house and did not come back, by lot and document. One query, of which no row becomes a model."""
    moves: Any = (
        Move.objects.filter(Q(destination__kind__in=OUT) | Q(source__kind__in=OUT), lot_id__in=lots, quantity__gt=0)
        .order_by("pk")
        .values_list(*MOVED, *(f"operation__{name}" for name in CAUSED))
    )
    sums: dict[tuple[Any, ...], tuple[Decimal, Any]] = {}
    for lot_id, quantity, source, destination, reverses, *operation in moves:
        *_head, origin_type, origin = operation
        cause = (origin_type, origin) if origin else ("operation", reverses or operation[0])
        for kind, sign in ((destination, 1), (source, -1)):
            if kind in OUT:
                before, first = sums.get((kind, lot_id, cause), (ZERO, operation))
                sums[kind, lot_id, cause] = (before + sign * quantity, first)
    # What came from a supplier is less than nothing here, unless it was sent back.
    return [
        Gone(kind, lot_id, quantity, StockOperation(**dict(zip(CAUSED, first, strict=True))))
        for (kind, lot_id, _cause), (quantity, first) in sums.items()
        if quantity > 0
    ]


def _left(lot: Lot, gone: Gone, documents: Mapping[tuple[Any, Any], "Known"], kinds: Mapping[str, str]) -> Left:
    operation = gone.operation
    known = documents.get((operation.origin_type_id, operation.origin_id), NOTHING)
    return Left(
        lot=lot,
        quantity=gone.quantity,
        kind=kinds[operation.kind],
        when=operation.occurred_at,
        cause=known.document or operation,
        party=known.party,
    )


@dataclass(frozen=True)
class Known:
    """A document, when it is still there, and who it was for, when somebody knows and may say it."""

    document: Model | None = None
    party: Party | None = None


NOTHING = Known()


def _documents(caused: Iterable[Any], sees: Sees) -> dict[tuple[Any, Any], Known]:
    """The origins of holds and operations, by (origin_type_id, origin_id). One query for each kind of them."""
    keys = dict.fromkeys((one.origin_type_id, one.origin_id) for one in caused if one.origin_id)
    models = {kind: ContentType.objects.get_for_id(kind).model_class() for kind in dict.fromkeys(k for k, _pk in keys)}
    asked: dict[type[Model], list[int]] = defaultdict(list)
    for kind, pk in keys:
        if (model := models[kind]) is not None:
            asked[model].append(pk)
    found: dict[Key, Known] = {key: Known(told.document, told.party) for key, told in _parties(asked, sees).items()}
    for model, pks in asked.items():
        if rest := [pk for pk in pks if (model, pk) not in found]:
            found |= {(model, row.pk): Known(row) for row in model._base_manager.filter(pk__in=rest)}
    return {
        (kind, pk): found[model, pk]
        for kind, pk in keys
        if (model := models[kind]) is not None and (model, pk) in found
    }


def _parties(documents: Mapping[type[Model], Collection[int]], sees: Sees) -> dict[Key, Told]:
    """Who got it, as the rooms above say."""
    found: dict[Key, Told] = {}
    for path, permission in import_module("backoffice.composition").PARTIES:
        if sees(permission):
            ask: Ask = import_string(path)
            found |= ask(documents)
    return found
