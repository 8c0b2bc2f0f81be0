"""A lot's whole family, forward and back: what was made of it, what is still here, what left and to whom."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.db.models import Model
from django.utils.module_loading import import_string

from apps.inventory.models import Hold, HoldAllocation, Location, Lot, Move, StockBalance

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
Ask = Callable[[Sequence[Model]], Mapping[tuple[type[Model], int], Party]]


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
    """What one document took out of the house of one lot."""

    lot: Lot
    quantity: Decimal
    kind: str
    when: datetime
    origin: Any
    label: str
    url: str
    party: Party | None = None


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


def family(lot: Lot) -> list[Member]:
    """The lot and every lot made from it, from those, and so on; each once, at its nearest level."""
    return _walk(lot, Lot.parents.through, "to_lot_id", "from_lot_id")


def ancestors(lot: Lot) -> list[Member]:
    """Every lot that went into it, into those, and so on."""
    return _walk(lot, Lot.parents.through, "from_lot_id", "to_lot_id")[1:]


def _walk(lot: Lot, links: Any, near: str, far: str) -> list[Member]:
    level_of = {lot.pk: 0}
    edge: list[int] = [lot.pk]
    level = 0
    while edge and level < MAX_LEVELS:
        level += 1
        found = links.objects.filter(**{f"{near}__in": edge}).values_list(far, flat=True)
        edge = [pk for pk in dict.fromkeys(found) if pk not in level_of]
        level_of.update(dict.fromkeys(edge, level))
    rows = Lot.objects.filter(pk__in=level_of).select_related("product__unit", "product__category")
    return sorted(
        (Member(row, level_of[row.pk]) for row in rows), key=lambda one: (one.level, one.lot.product.name, one.lot.pk)
    )


def nobody(permission: str) -> bool:
    """Somebody who may see nothing more."""
    return False


def of(lot: Lot, *, sees: Sees = nobody) -> Recall:
    """The recall of a lot. Who bought is told only to who may see it; see `composition.PARTIES`."""
    found = Recall(lot, family=family(lot), ancestors=ancestors(lot))
    ids = [member.lot.pk for member in found.family]
    found.here = list(
        StockBalance.objects.filter(lot_id__in=ids)
        .select_related("lot", "location", "product__unit")
        .order_by("product__name", "lot_id", "location__name")
    )
    found.held = list(
        HoldAllocation.objects.filter(lot_id__in=ids, hold__status=Hold.Status.ACTIVE)
        .select_related("hold__product__unit", "lot", "location")
        .prefetch_related("hold__origin")
        .order_by("hold__needed_on", "pk")
    )
    found.sold, found.lost = _left(found.family, sees)
    return found


def _left(members: Collection[Member], sees: Sees) -> tuple[list[Left], list[Left]]:
    lots = {member.lot.pk: member.lot for member in members}
    moves = (
        Move.objects.filter(lot_id__in=lots, quantity__gt=0)
        .select_related("operation", "source", "destination")
        .prefetch_related("operation__origin")
        .order_by("pk")
    )
    sums: dict[tuple[Any, ...], tuple[Decimal, Move]] = {}
    for move in moves:
        out, back = move.destination.kind, move.source.kind
        for kind, sign in ((out, 1), (back, -1)):
            if kind not in (Location.Kind.CUSTOMER, Location.Kind.WASTE, Location.Kind.SUPPLIER):
                continue
            if kind == Location.Kind.SUPPLIER and sign < 0:
                continue
            operation = move.operation
            if operation.origin_id:
                cause: tuple[Any, ...] = (operation.origin_type_id, operation.origin_id)
            else:
                cause = ("operation", operation.reverses_id or operation.pk)
            key = (kind, move.lot_id, cause)
            before, first = sums.get(key, (ZERO, move))
            sums[key] = (before + sign * move.quantity, first)
    sold: list[Left] = []
    lost: list[Left] = []
    origins = [move.operation.origin for (kind, *_rest), (_q, move) in sums.items() if kind == Location.Kind.CUSTOMER]
    parties = _parties([origin for origin in origins if origin is not None], sees)
    for (kind, lot_id, _cause), (quantity, move) in sums.items():
        if quantity <= 0:
            continue
        operation = move.operation
        cause_row: Any = operation.origin or operation
        row = Left(
            lot=lots[lot_id],
            quantity=quantity,
            kind=str(operation.get_kind_display()),
            when=operation.occurred_at,
            origin=operation.origin,
            label=str(cause_row),
            url=cause_row.get_absolute_url() if hasattr(cause_row, "get_absolute_url") else "",
            party=parties.get((type(cause_row), cause_row.pk)),
        )
        (sold if kind == Location.Kind.CUSTOMER else lost).append(row)
    newest = sorted(sold, key=lambda row: row.when, reverse=True)
    return newest, lost


def _parties(origins: Sequence[Model], sees: Sees) -> dict[tuple[type[Model], int], Party]:
    """Who got it, as the rooms above say."""
    found: dict[tuple[type[Model], int], Party] = {}
    for path, permission in import_module("backoffice.composition").PARTIES:
        if sees(permission):
            ask: Ask = import_string(path)
            found |= ask(origins)
    return found
