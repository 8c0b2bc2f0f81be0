"""How much there is. One function, five numbers; screens, sales and planning all ask here.

on hand − unusable − held = available. *Expected* and *promised* stand beside the sum, not in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    Model,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
    prefetch_related_objects,
)

from apps.catalog.models import Product
from apps.inventory.models import ExpectedArrival, Hold, HoldAllocation, Location, Lot, StockBalance
from apps.inventory.selectors import locations as places
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.fields import QuantityField, exact

ZERO = Decimal(0)
MANY = 500
_STOCK: Compiled[StockBalance] = Compiled(
    lambda product: StockBalance.objects.filter(
        product_id=product, quantity__gt=exact(0, QuantityField)
    ).select_related("lot", "location")
)
_HOLDS: Compiled[Hold] = Compiled(
    lambda product, now: Hold.objects.counting(now).filter(product_id=product).order_by("-priority", "created_at", "pk")
)
_ARRIVALS: Compiled[ExpectedArrival] = Compiled(
    lambda product: ExpectedArrival.objects.filter(product_id=product).select_related("location").order_by("due_at")
)
Products = Iterable[Product | int] | QuerySet[Product] | None


@dataclass(frozen=True, slots=True)
class Availability:
    """The five numbers of one product, and what of the stock on hand cannot be used."""

    product_id: int
    on_hand: Decimal = ZERO
    held: Decimal = ZERO
    available: Decimal = ZERO
    expected: Decimal = ZERO
    promised: Decimal = ZERO
    unusable: Decimal = ZERO


@dataclass(frozen=True)
class LotLine:
    """One lot in one place, and why it counts or not."""

    balance: StockBalance
    held: Decimal
    usable: bool

    @property
    def lot(self) -> Lot:
        return self.balance.lot

    @property
    def location(self) -> Location:
        return self.balance.location

    @property
    def on_hand(self) -> Decimal:
        return self.balance.quantity

    @property
    def available(self) -> Decimal:
        return self.on_hand - self.held if self.usable else ZERO

    @property
    def in_quarantine(self) -> bool:
        return self.location.kind == Location.Kind.QUARANTINE


@dataclass(frozen=True)
class HoldLineInfo:
    """One counting hold: what it asks, what of that is backed, what waits; and what of the backing is `here`, in the
    places that were asked about."""

    hold: Hold
    asked: Decimal
    backed: Decimal
    here: Decimal = ZERO

    @property
    def waiting(self) -> Decimal:
        return self.asked - self.backed


@dataclass(frozen=True)
class Why:
    """Where the five numbers of a product come from."""

    numbers: Availability
    lots: list[LotLine]
    holds: list[HoldLineInfo]
    arrivals: list[ExpectedArrival]


def usable_stock(on: date) -> Q:
    """Balances that may be sold or used on that day, for queries on StockBalance."""
    return Lot.usable_condition(on, prefix="lot__") & ~Q(location__kind=Location.Kind.QUARANTINE)


def unusable_stock(on: date) -> Q:
    """The opposite of `usable_stock`, said so that the database starts from the few lots that are meant."""
    quarantine = Location.objects.filter(kind=Location.Kind.QUARANTINE)
    return ~Q(lot__status=Lot.Status.OK) | Q(lot__expires_on__lt=on) | Q(location__in=quarantine)


def usable_backing(on: date, now: datetime) -> Q:
    """Allocations of counting holds on stock that may be used, for queries on HoldAllocation."""
    return usable_stock(on) & Hold.counting_condition(now, prefix="hold__")


def of(
    products: Products,
    *,
    locations: Iterable[Location | int] | None = None,
    on: date | None = None,
    margin_days: int = 0,
    exclude: Model | None = None,
) -> dict[int, Availability]:
    """The numbers of the products (of all that have any, for None), in three queries at most.

    `locations` restricts to places and what is inside them; `on` is the day the stock must still be good, and up to
    which arrivals count; a channel that wants stock to last longer says by how many days (`margin_days`); holds of
    `exclude` do not count, so that an owner never stands in its own way.
    """
    day, now = (on or clock.today()) + timedelta(days=margin_days), clock.now()
    scope = places.scope(locations)
    keys = _keys(products)
    wanted = _wanted(keys)

    stock = StockBalance.objects.filter(**wanted)
    if scope is not None:
        stock = stock.filter(location_id__in=scope)
    found: dict[int, dict[str, Decimal]] = {}
    # On hand is the sum of one index; what of it is unusable is little, and comes with the promises.
    for product_id, on_hand in (
        stock.order_by().values("product_id").annotate(total=Sum("quantity")).values_list("product_id", "total")
    ):
        found[product_id] = {"on_hand": on_hand}
    for product_id, kind, total in _promises(wanted, stock, scope=scope, on=day, until=on, now=now, exclude=exclude):
        found.setdefault(product_id, {})[kind] = total

    wanted_ids = found.keys() if keys is None or isinstance(keys, QuerySet) else [*keys]
    return {pk: _numbers(pk, found.get(pk, {})) for pk in wanted_ids}


def of_one(
    product: Product,
    *,
    locations: Iterable[Location | int] | None = None,
    on: date | None = None,
    margin_days: int = 0,
    exclude: Model | None = None,
) -> Availability:
    """The numbers of one product."""
    return of([product], locations=locations, on=on, margin_days=margin_days, exclude=exclude)[product.pk]


def by_place(products: Products) -> dict[int, dict[int, Decimal]]:
    """What is available of each product in each place alone, without what lies inside it: {place: {product: …}}.

    Two queries, however many places there are.
    """
    day, now = clock.today(), clock.now()
    wanted = _wanted(_keys(products))
    stock = StockBalance.objects.filter(usable_stock(day), **wanted).order_by()
    backing = HoldAllocation.objects.filter(
        usable_backing(day, now), **{f"hold__{name}": value for name, value in wanted.items()}
    ).order_by()
    found: dict[int, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for place, product, total in (
        stock.values("location_id", "product_id")
        .annotate(total=Sum("quantity"))
        .values_list("location_id", "product_id", "total")
    ):
        found[place][product] += total
    for place, product, total in (
        backing.values("location_id", "hold__product_id")
        .annotate(total=Sum("quantity"))
        .values_list("location_id", "hold__product_id", "total")
    ):
        found[place][product] -= total
    return {place: dict(numbers) for place, numbers in found.items()}


def _keys(products: Products) -> Any:
    if products is None:
        return None
    if isinstance(products, QuerySet):
        return products.order_by().values("pk")
    return list(dict.fromkeys(product if isinstance(product, int) else product.pk for product in products))


def _wanted(keys: Any) -> dict[str, Any]:
    """The condition on rows of a product. Thousands of keys are not named; what lies between them is left out later."""
    if keys is None:
        return {}
    if isinstance(keys, list) and len(keys) > MANY:
        return {"product_id__gte": min(keys), "product_id__lte": max(keys)}
    return {"product_id__in": keys}


def _numbers(product_id: int, figures: dict[str, Decimal]) -> Availability:
    on_hand, unusable = figures.get("on_hand", ZERO), figures.get("unusable", ZERO)
    held = figures.get("held", ZERO)
    return Availability(
        product_id=product_id,
        on_hand=on_hand,
        held=held,
        available=on_hand - unusable - held,
        expected=figures.get("expected", ZERO),
        promised=figures.get("asked", ZERO) - figures.get("backed", ZERO),
        unusable=unusable,
    )


def _asks_at(scope: tuple[int, ...]) -> Any:
    """Whether a hold asks for stock of these places: it names one of them, or none at all."""
    through = Hold.locations.through.objects.filter(hold_id=OuterRef("pk"))
    return ~Exists(through) | Exists(through.filter(location_id__in=scope))


def _promises(
    wanted: dict[str, Any],
    stock: QuerySet[StockBalance],
    *,
    scope: tuple[int, ...] | None,
    on: date,
    until: date | None,
    now: datetime,
    exclude: Model | None,
) -> Iterable[tuple[int, str, Decimal]]:
    """What is held, asked and backed by holds, expected, and unusable: one query of five parts."""
    by_hold = {f"hold__{name}": value for name, value in wanted.items()}
    backing = HoldAllocation.objects.filter(usable_backing(on, now), **by_hold)
    asking = Hold.objects.counting(now).filter(**wanted)
    coming = ExpectedArrival.objects.filter(**wanted)
    if exclude is not None:
        kind = ContentType.objects.get_for_model(exclude)
        backing = backing.exclude(hold__origin_type=kind, hold__origin_id=exclude.pk)
        asking = asking.exclude(origin_type=kind, origin_id=exclude.pk)
    here = backing
    if scope is not None:
        here = backing.filter(location_id__in=scope)
        coming = coming.filter(location_id__in=scope)
        asking = asking.filter(_asks_at(scope))
        backing = backing.filter(hold__in=asking.values("pk"))
    if until is not None:
        coming = coming.filter(due_at__lt=clock.day_bounds(until)[1])

    def part(rows: QuerySet[Any], kind: str, product: str, total: Any) -> QuerySet[Any, Any]:
        return (
            rows.order_by()
            .values(of_product=F(product))
            .annotate(kind=Value(kind, output_field=CharField()), total=total)
            .values_list("of_product", "kind", "total")
        )

    return part(here, "held", "hold__product_id", Sum("quantity")).union(
        part(backing, "backed", "hold__product_id", Sum("quantity")),
        part(asking, "asked", "product_id", Sum(F("quantity") - F("fulfilled"))),
        part(coming, "expected", "product_id", Sum("quantity")),
        part(stock.filter(unusable_stock(on)), "unusable", "product_id", Sum("quantity")),
        all=True,
    )


def why(
    product: Product,
    *,
    locations: Iterable[Location | int] | None = None,
    on: date | None = None,
    margin_days: int = 0,
    exclude: Model | None = None,
    documents: bool = True,
) -> Why:
    """The lots and holds behind the numbers of one product, asked as in `of`. Their sums are the numbers.

    The `documents` that hold and bring come with them, a query for each kind, unless they are not shown.
    """
    day, now = (on or clock.today()) + timedelta(days=margin_days), clock.now()
    scope = places.scope(locations)
    stock, shown, coming = _behind(product, scope, on, now, exclude)
    origins = ["origin"] if documents else []
    prefetch_related_objects(
        shown, Prefetch("allocations", HoldAllocation.objects.select_related("lot", "location")), *origins
    )
    prefetch_related_objects(coming, *origins)
    held: dict[tuple[int, int], Decimal] = {}
    infos = []
    for hold in shown:
        backed = here = ZERO
        for row in hold.allocations.all():
            held[row.lot_id, row.location_id] = held.get((row.lot_id, row.location_id), ZERO) + row.quantity
            if row.lot.is_usable(day) and row.location.kind != Location.Kind.QUARANTINE:
                backed += row.quantity
                here += row.quantity if scope is None or row.location_id in scope else ZERO
        if scope is None or hold.asks_here:
            infos.append(HoldLineInfo(hold, hold.quantity - hold.fulfilled, backed, here))
        elif here:  # it asks elsewhere, and is backed from here all the same
            infos.append(HoldLineInfo(hold, here, here, here))
    lots = [
        LotLine(
            balance,
            held=held.get((balance.lot_id, balance.location_id), ZERO),
            usable=balance.lot.is_usable(day) and balance.location.kind != Location.Kind.QUARANTINE,
        )
        for balance in stock
    ]
    lots.sort(
        key=lambda line: (
            line.lot.expires_on is None,
            line.lot.expires_on or date.max,
            line.lot.received_on or date.max,
            line.lot.pk,
            line.location.name,
        )
    )
    return Why(_added_up(product, lots, infos, coming), lots, infos, coming)


def _behind(
    product: Product, scope: tuple[int, ...] | None, on: date | None, now: datetime, exclude: Model | None
) -> tuple[list[StockBalance], list[Any], list[ExpectedArrival]]:
    """Balances, counting holds and arrivals of a product; as the stock card asks for them, by kept statements."""
    if scope is None and on is None and exclude is None:
        return _STOCK(product.pk), list(_HOLDS(product.pk, now)), _ARRIVALS(product.pk)
    stock = StockBalance.objects.filter(product=product, quantity__gt=0).select_related("lot", "location")
    holds = Hold.objects.counting(now).filter(product=product).order_by("-priority", "created_at", "pk")
    arrivals = ExpectedArrival.objects.filter(product=product).select_related("location").order_by("due_at")
    if scope is not None:
        stock = stock.filter(location_id__in=scope)
        arrivals = arrivals.filter(location_id__in=scope)
        holds = holds.annotate(asks_here=Case(When(_asks_at(scope), then=True), default=False))
    if on is not None:
        arrivals = arrivals.filter(due_at__lt=clock.day_bounds(on)[1])
    if exclude is not None:
        holds = holds.exclude(origin_type=ContentType.objects.get_for_model(exclude), origin_id=exclude.pk)
    return list(stock), list(holds), list(arrivals)


def _added_up(
    product: Product, lots: Sequence[LotLine], holds: Sequence[HoldLineInfo], coming: Sequence[ExpectedArrival]
) -> Availability:
    """The five numbers, from the rows behind them: `of` without asking once more."""
    figures = {
        "on_hand": sum((line.on_hand for line in lots), ZERO),
        "unusable": sum((line.on_hand for line in lots if not line.usable), ZERO),
        "held": sum((hold.here for hold in holds), ZERO),
        "backed": sum((hold.backed for hold in holds), ZERO),
        "asked": sum((hold.asked for hold in holds), ZERO),
        "expected": sum((arrival.quantity for arrival in coming), ZERO),
    }
    return _numbers(product.pk, figures)
