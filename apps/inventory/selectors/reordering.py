"""Which places have too little of a product, and what of that lies elsewhere and can be fetched.

What is bought is decided for all places together (`purchasing.suggestions`): a place that lacks what another can spare
needs a transfer, not a supplier.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Sum

from apps.catalog.models import Product
from apps.inventory.models import ExpectedArrival, Hold, HoldAllocation, Location, ReorderRule, StockBalance
from apps.inventory.selectors import locations as places
from apps.inventory.selectors.availability import Availability, usable_stock
from apps.inventory.selectors.stock import summed
from backoffice.kernel import clock

ZERO = Decimal(0)
Scopes = Mapping[int, frozenset[int]]
"""By a place's key, the keys of the place and of all that lie inside it."""


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
    """A place that will be below its own minimum once what is on order to it is there.

    What lies in the places inside it is there too; `brought` is what one of those is sent from elsewhere.
    """

    product: Product
    location: Location
    available: Decimal
    coming: Decimal
    minimum: Decimal
    target: Decimal
    fetches: list[Fetch] = field(default_factory=list)
    brought: Decimal = ZERO
    bought: bool = False

    @property
    def missing(self) -> Decimal:
        """In the product's unit."""
        return self.target - self.available - self.coming - self.brought

    @property
    def is_served(self) -> bool:
        """Whether what the places inside it get is enough for it."""
        return self.available + self.coming + self.brought >= self.minimum

    @property
    def rest(self) -> Decimal:
        """What no other place can spare."""
        return self.missing - sum((fetch.quantity for fetch in self.fetches), ZERO)


def scopes_of(rules: Iterable[ReorderRule]) -> dict[int, frozenset[int]]:
    """What each place of these rules counts. One query."""
    tree = places.Tree()
    wanted = {rule.location_id for rule in rules if rule.location_id is not None}
    return {pk: frozenset(tree.scope([pk]) or ()) for pk in wanted}


def together(rules: Iterable[ReorderRule], name: str, scopes: Scopes) -> Decimal:
    """What places ask for together: each its own figure, or what the places inside it ask for when that is more."""
    asked: dict[int, Decimal] = {}
    for rule in _inner_first(rules, scopes):
        assert rule.location_id is not None
        inside = [asked.pop(place) for place in asked.keys() & scopes[rule.location_id]]
        asked[rule.location_id] = max(getattr(rule, name), sum(inside, ZERO))
    return sum(asked.values(), ZERO)


def _inner_first(rules: Iterable[ReorderRule], scopes: Scopes) -> list[ReorderRule]:
    of_places = [rule for rule in rules if rule.location_id is not None]
    return sorted(of_places, key=lambda rule: (len(scopes[rule.location_id or 0]), rule.pk))


def lacking(
    rules: Iterable[ReorderRule],
    *,
    scopes: Scopes,
    products: Mapping[int, Product],
    numbers: Mapping[int, Availability],
    planned: Mapping[int, Decimal],
) -> list[Lack]:
    """The places that lack something by these rules of single places, each with what can be fetched for it.

    A place spares what is above its own minimum, and above those of the places around it unless it stays inside them.
    What is promised or planned anywhere is spared by nobody. Two queries.
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
        free: dict[int, Decimal] = defaultdict(Decimal)
        for row in lots:
            free[row.location_id] += row.free
        lacks = []
        for rule in its:
            assert rule.location is not None
            here = sum((free[place] for place in scopes[rule.location.pk] & free.keys()), ZERO)
            due = sum(
                (coming[product_id][place] for place in scopes[rule.location.pk] & coming[product_id].keys()), ZERO
            )
            if here + due < rule.minimum:
                lacks.append(Lack(products[product_id], rule.location, here, due, rule.minimum, rule.target))
        if not lacks:
            continue
        wanted = numbers[product_id].promised + planned.get(product_id, ZERO)
        _share(lacks, _inner_first(its, scopes), lots, free, wanted, scopes)
        found += [lack for lack in lacks if not lack.is_served]
    return sorted(found, key=lambda lack: (lack.product.name.casefold(), lack.location.name.casefold()))


def _share(
    lacks: list[Lack],
    rules: list[ReorderRule],
    lots: list[Any],
    free: dict[int, Decimal],
    wanted: Decimal,
    scopes: Scopes,
) -> None:
    """Fetch for the place that lacks most first, from the place that can spare most first; for a place inside another
    before that one, which then has it too. `free` is brought down by what goes."""
    at = [lack.location.pk for lack in lacks]
    for lack in sorted(
        lacks, key=lambda one: (len(scopes[one.location.pk].intersection(at)), -one.missing, one.location.name)
    ):
        if lack.is_served:
            continue
        to = lack.location.pk
        spare = _spare(rules, free, to, scopes)
        at_most = sum(spare.values(), ZERO) - wanted
        for place, _free in sorted(spare.items(), key=lambda one: (-one[1], one[0])):
            quantity = min(lack.rest, spare[place], at_most)
            if quantity <= 0:
                continue
            first = next(row for row in lots if row.location_id == place and row.free > 0)
            lack.fetches.append(Fetch(first, quantity))
            free[place] -= quantity
            at_most -= quantity
            for around in lacks:
                if around is not lack and to in scopes[around.location.pk] and place not in scopes[around.location.pk]:
                    around.brought += quantity


def _spare(rules: list[ReorderRule], free: Mapping[int, Decimal], to: int, scopes: Scopes) -> dict[int, Decimal]:
    """What each place can send there without bringing itself, or a place around it that it leaves, below a minimum."""
    spare = {place: there for place, there in free.items() if place not in scopes[to] and there > 0}
    for rule in rules:
        scope = scopes[rule.location_id or 0]
        if to in scope:  # what stays inside is not missing there
            continue
        there = sum((free[place] for place in scope & free.keys()), ZERO)
        over = sum((spare[place] for place in scope & spare.keys()), ZERO) - max(there - rule.minimum, ZERO)
        for place in sorted(scope & spare.keys(), key=lambda place: (spare[place], place)):
            kept = min(max(over, ZERO), spare[place])
            spare[place] -= kept
            over -= kept
    return spare


def _there(product_ids: Collection[int]) -> dict[int, list[Any]]:
    """Usable lots of the products, first expired first, each with what of it is `free`, held by nobody."""
    today, now = clock.today(), clock.now()
    held = HoldAllocation.objects.filter(
        Hold.counting_condition(now, prefix="hold__"), lot_id=OuterRef("lot_id"), location_id=OuterRef("location_id")
    )
    rows = StockBalance.objects.filter(usable_stock(today), product_id__in=product_ids, quantity__gt=0)
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows.select_related("lot", "location").annotate(held=summed(held, "lot_id")):
        row.free = row.quantity - row.held  # type: ignore[attr-defined]
        found[row.product_id].append(row)
    for lots in found.values():
        lots.sort(key=lambda row: (row.lot.expires_on is None, row.lot.expires_on or today, row.lot_id))
    return found


def _coming(product_ids: Collection[int]) -> dict[int, dict[int, Decimal]]:
    """What is on order of each product to each place."""
    found: dict[int, dict[int, Decimal]] = defaultdict(dict)
    rows = ExpectedArrival.objects.filter(product_id__in=product_ids).order_by()
    for product_id, location_id, total in rows.values_list("product_id", "location_id").annotate(total=Sum("quantity")):
        found[product_id][location_id] = total
    return found
