"""What the stock was worth at the end of a day, by place and category, from the ledger."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, IntegerField, Q, QuerySet, Sum, Value
from django.utils.translation import gettext as _

from apps.catalog.models import Category
from apps.inventory.models import Location, Move, StockBalance, StockOperation
from backoffice.kernel import clock

ZERO = Decimal(0)
Values = dict[tuple[int, int], Decimal]
"""Product and place to money."""


@dataclass
class Row:
    """One category, with its value in each place and in all together."""

    name: str
    cells: list[Decimal] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum(self.cells, ZERO)


@dataclass
class Valuation:
    """The value of the stock at the end of a day."""

    day: date
    places: list[Location]
    rows: list[Row]

    @property
    def totals(self) -> list[Decimal]:
        return [sum((row.cells[at] for row in self.rows), ZERO) for at in range(len(self.places))]

    @property
    def total(self) -> Decimal:
        return sum((row.total for row in self.rows), ZERO)


def values(day: date) -> Values:
    """Value by product and place at the end of the day."""
    return _summed("product_id", day)


def _summed(what: str, day: date) -> dict[tuple[Any, int], Decimal]:
    """Value by `what` of the product and place at the end of the day; what is worth nothing is left out.

    Works from the nearer end: from what is there now, back over what came later; or from nothing, up to the day. The
    database adds up, so that a million moves cost what their places and categories cost to read, and in one statement,
    so that what is posted meanwhile is either in both or in neither.
    """
    end = clock.day_bounds(day)[1]
    if end > clock.now():
        return _added([_now(what)])
    newer = StockOperation.objects.filter(occurred_at__gte=end).count()
    if newer <= StockOperation.objects.count() - newer:
        return _added([_now(what), *_moved(what, Q(operation__occurred_at__gte=end), back=True)])
    return _added(_moved(what, Q(operation__occurred_at__lt=end), back=False))


def _now(what: str) -> QuerySet[Any, Any]:
    return _parted(StockBalance.objects.all(), what, "location_id", 1)


def _moved(what: str, which: Q, *, back: bool) -> list[QuerySet[Any, Any]]:
    """What those moves brought to each place, and what they took; `back` takes it away again."""
    moves, sign = Move.objects.filter(which), -1 if back else 1
    return [_parted(moves, what, "destination_id", sign), _parted(moves, what, "source_id", -sign)]


def _parted(rows: QuerySet[Any], what: str, place: str, sign: int) -> QuerySet[Any, Any]:
    found: QuerySet[Any, Any] = rows.order_by().values(key=F(what), place=F(place))
    return found.annotate(sign=Value(sign, IntegerField()), total=Sum("value"))


def _added(parts: list[QuerySet[Any, Any]]) -> dict[tuple[Any, int], Decimal]:
    """The parts together, of places that hold stock."""
    physical = set(Location.objects.physical().values_list("pk", flat=True))
    found: dict[tuple[Any, int], Decimal] = {}
    for row in parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0]:
        if row["place"] in physical:
            cell = (row["key"], row["place"])
            found[cell] = found.get(cell, ZERO) + row["sign"] * row["total"]
    return {cell: value for cell, value in found.items() if value}


def at(day: date) -> Valuation:
    """The matrix of categories and places, dearest first. A constant number of queries."""
    found = _summed("product__category_id", day)
    names = dict(Category.objects.values_list("pk", "name"))
    by_place: dict[int, Decimal] = defaultdict(Decimal)
    for (_category, place), value in found.items():
        by_place[place] += value
    places = sorted(Location.objects.filter(pk__in=by_place), key=lambda place: -by_place[place.pk])
    position = {place.pk: at for at, place in enumerate(places)}
    rows: dict[int | None, Row] = {}
    for (category, place), value in found.items():
        row = rows.setdefault(category, Row(names.get(category) or _("no category"), [ZERO] * len(places)))
        row.cells[position[place]] += value
    return Valuation(day, places, sorted(rows.values(), key=lambda row: (-row.total, row.name)))
