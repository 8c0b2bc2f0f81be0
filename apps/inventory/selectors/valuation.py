"""What the stock was worth at the end of a day, by place and category, from the ledger."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
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
    database adds up, so that a million moves cost what their places and categories cost to read.
    """
    end = clock.day_bounds(day)[1]
    later = StockOperation.objects.filter(occurred_at__gte=end)
    if not later.exists():
        return _now(what)
    newer = later.count()
    if newer <= StockOperation.objects.count() - newer:
        found = _now(what)
        which, direction = Q(operation__occurred_at__gte=end), -1
    else:
        found = {}
        which, direction = Q(operation__occurred_at__lt=end), 1
    for key, value in _moved(what, which):
        found[key] = found.get(key, ZERO) + direction * value
    return {key: value for key, value in found.items() if value}


def _now(what: str) -> dict[tuple[Any, int], Decimal]:
    rows = StockBalance.objects.order_by().values(what, "location_id").annotate(total=Sum("value"))
    return {(key, place): total for key, place, total in rows.values_list(what, "location_id", "total")}


def _moved(what: str, which: Q) -> Iterator[tuple[tuple[Any, int], Decimal]]:
    """What those moves brought to each physical place, less what they took."""
    physical = set(Location.objects.physical().values_list("pk", flat=True))
    for side, sign in (("destination_id", 1), ("source_id", -1)):
        rows: Any = Move.objects.filter(which).order_by().values(what, side).annotate(total=Sum("value"))
        for key, place, total in rows.values_list(what, side, "total"):
            if place in physical:
                yield (key, place), sign * total


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
