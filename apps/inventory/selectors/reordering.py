"""Which places have too little of a product, and what of that lies elsewhere and can be fetched.

What is bought is decided for all places together (`purchasing.suggestions`): a place that lacks what another can spare
needs a transfer, not a supplier.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from apps.catalog.models import Product
from apps.inventory.models import ExpectedArrival, HoldAllocation, Location, ReorderRule, StockBalance
from apps.inventory.selectors.availability import Availability, usable_backing, usable_stock
from backoffice.kernel import clock

ZERO = Decimal(0)


@dataclass(frozen=True)
class Fetch:
    """So much of what another place can spare; `balance` is the lot there that expires first."""

    balance: StockBalance
    quantity: Decimal

    @property
    def of_lot(self) -> Decimal:
        """What of it the first lot can give."""
        return min(self.quantity, self.balance.free)  # type: ignore[attr-defined]


@dataclass
class Lack:
    """A place that will be below its own minimum once what is on order to it is there."""

    product: Product
    location: Location
    available: Decimal
    coming: Decimal
    minimum: Decimal
    target: Decimal
    fetches: list[Fetch] = field(default_factory=list)
    bought: bool = False

    @property
    def missing(self) -> Decimal:
        """In the product's unit."""
        return self.target - self.available - self.coming

    @property
    def rest(self) -> Decimal:
        """What no other place can spare."""
        return self.missing - sum((fetch.quantity for fetch in self.fetches), ZERO)


def lacking(
    rules: Iterable[ReorderRule],
    *,
    products: Mapping[int, Product],
    numbers: Mapping[int, Availability],
    planned: Mapping[int, Decimal],
) -> list[Lack]:
    """The places that lack something by these rules of single places, each with what can be fetched for it.

    A place spares what is above its own minimum. What is promised or planned anywhere is spared by nobody.
    Three queries.
    """
    of_product: dict[int, list[ReorderRule]] = defaultdict(list)
    for rule in rules:
        if rule.product_id in products:
            of_product[rule.product_id].append(rule)
    if not of_product:
        return []
    balances, coming = _there(of_product), _coming(of_product)
    found: list[Lack] = []
    for product_id, its in of_product.items():
        lots = balances[product_id]
        available: dict[int, Decimal] = defaultdict(Decimal)
        for row in lots:
            available[row.location_id] += row.free
        lacks = []
        for rule in its:
            assert rule.location is not None
            assert rule.location_id is not None
            here, due = available[rule.location_id], coming[product_id, rule.location_id]
            if here + due < rule.minimum:
                lacks.append(Lack(products[product_id], rule.location, here, due, rule.minimum, rule.target))
        if not lacks:
            continue
        least = {rule.location_id: rule.minimum for rule in its}
        spare = {place: max(free - least.get(place, ZERO), ZERO) for place, free in available.items()}
        wanted = numbers[product_id].promised + planned.get(product_id, ZERO)
        _share(lacks, lots, spare, sum(spare.values(), ZERO) - wanted)
        found += lacks
    return sorted(found, key=lambda lack: (lack.product.name.casefold(), lack.location.name.casefold()))


def _share(lacks: list[Lack], lots: list[Any], spare: dict[int, Decimal], at_most: Decimal) -> None:
    """Fetch for the place that lacks most first, from the place that can spare most first."""
    for lack in sorted(lacks, key=lambda one: (-one.missing, one.location.name)):
        for place, _free in sorted(spare.items(), key=lambda one: (-one[1], one[0])):
            quantity = min(lack.rest, spare[place], at_most)
            if quantity <= 0:
                continue
            first = next(row for row in lots if row.location_id == place and row.free > 0)
            lack.fetches.append(Fetch(first, quantity))
            spare[place] -= quantity
            at_most -= quantity


def _there(product_ids: Collection[int]) -> dict[int, list[Any]]:
    """Usable lots of the products, first expired first, each with what of it is `free`, held by nobody."""
    today, now = clock.today(), clock.now()
    held = {
        (lot_id, location_id): total
        for lot_id, location_id, total in HoldAllocation.objects.filter(
            usable_backing(today, now), hold__product_id__in=product_ids
        )
        .order_by()
        .values_list("lot_id", "location_id")
        .annotate(total=Sum("quantity"))
    }
    found: dict[int, list[Any]] = defaultdict(list)
    rows = StockBalance.objects.filter(usable_stock(today), product_id__in=product_ids, quantity__gt=0)
    for row in rows.select_related("lot", "location"):
        row.free = row.quantity - held.get((row.lot_id, row.location_id), ZERO)  # type: ignore[attr-defined]
        found[row.product_id].append(row)
    for lots in found.values():
        lots.sort(key=lambda row: (row.lot.expires_on is None, row.lot.expires_on or today, row.lot_id))
    return found


def _coming(product_ids: Collection[int]) -> dict[tuple[int, int], Decimal]:
    """What is on order of each product to each place."""
    found: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    rows = ExpectedArrival.objects.filter(product_id__in=product_ids).order_by()
    for product_id, location_id, total in rows.values_list("product_id", "location_id").annotate(total=Sum("quantity")):
        found[product_id, location_id] = total
    return found
