"""What the stock was worth at the end of a day, by place and category, from the ledger."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from apps.catalog.models import Product
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
    """Value by product and place at the end of the day.

    Works from the nearer end: from what is there now, back over what came later; or from nothing, up to the day.
    """
    end = clock.day_bounds(day)[1]
    later = StockOperation.objects.filter(occurred_at__gte=end)
    if not later.exists():
        return _now()
    newer = later.count()
    if newer <= StockOperation.objects.count() - newer:
        found = _now()
        for key, value in _moved(Q(operation__occurred_at__gte=end)):
            found[key] = found.get(key, ZERO) - value
    else:
        found = {}
        for key, value in _moved(Q(operation__occurred_at__lt=end)):
            found[key] = found.get(key, ZERO) + value
    return {key: value for key, value in found.items() if value}


def _now() -> Values:
    rows = StockBalance.objects.order_by().values("product_id", "location_id").annotate(total=Sum("value"))
    return {(p, place): total for p, place, total in rows.values_list("product_id", "location_id", "total")}


def _moved(which: Q) -> Iterator[tuple[tuple[int, int], Decimal]]:
    """What those moves brought to each physical place, less what they took."""
    physical = set(Location.objects.physical().values_list("pk", flat=True))
    for side, sign in (("destination_id", 1), ("source_id", -1)):
        rows: Any = Move.objects.filter(which).order_by().values("product_id", side).annotate(total=Sum("value"))
        for product_id, place, total in rows.values_list("product_id", side, "total"):
            if place in physical:
                yield (product_id, place), sign * total


def at(day: date) -> Valuation:
    """The matrix of categories and places, dearest first."""
    found = values(day)
    product_ids = {product_id for product_id, _place in found}
    names = dict(Product.objects.filter(pk__in=product_ids).values_list("pk", "category__name"))
    by_place: dict[int, Decimal] = defaultdict(Decimal)
    for (_product, place), value in found.items():
        by_place[place] += value
    places = sorted(Location.objects.filter(pk__in=by_place), key=lambda place: -by_place[place.pk])
    position = {place.pk: at for at, place in enumerate(places)}
    rows: dict[str, Row] = {}
    for (product_id, place), value in found.items():
        name = names.get(product_id) or _("no category")
        row = rows.setdefault(name, Row(name, [ZERO] * len(places)))
        row.cells[position[place]] += value
    return Valuation(day, places, sorted(rows.values(), key=lambda row: (-row.total, row.name)))
