"""Stock as lists need it: what is low, what spoils, what is short, and what to say of each product on a page."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import IsNull

from apps.catalog.models import Product
from apps.inventory.models import (
    ExpectedArrival,
    Hold,
    HoldAllocation,
    Location,
    Lot,
    ReorderRule,
    StockBalance,
    TrendsKept,
)
from apps.inventory.selectors import locations as places
from apps.inventory.selectors import nearness
from apps.inventory.selectors.availability import Availability, Why
from backoffice.kernel import clock
from backoffice.kernel import quantity as quantities
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.fields import MoneyField, QuantityField, exact

ZERO = Decimal(0)
ARRIVAL = "arrival"
OK, QUARANTINE = str(Lot.Status.OK), str(Location.Kind.QUARANTINE)


PAGE = 200
"""As many products as the longest page of a list has."""


def _whole(path: str) -> Cast:
    """An amount as the whole number that the table keeps: what is added up for a page is made exact once."""
    return Cast(F(path), BigIntegerField())


def _text(path: str) -> Cast:
    """A day or an instant as text, which compares like it: most of a page are only looked at."""
    return Cast(F(path), TextField())


_balances: Compiled[Any] = Compiled(
    lambda products: StockBalance.objects.filter(product_id__in=products).values_list(
        "product_id", _whole("quantity"), _whole("value"), "location__name", "location__kind",
        _text("lot__expires_on"), "lot__status",
    ),
    most=PAGE,
)  # fmt: skip


def _promised(now: Any, products: Any) -> QuerySet[Any, Any]:
    """What counting holds ask with what backs each, and what is to come, with the instant in the place of the day."""
    holds = (
        Hold.objects.counting(now)
        .filter(product_id__in=products)
        .values_list(
            "product_id", "pk", _whole("quantity"), _whole("fulfilled"), _whole("allocations__quantity"),
            _text("allocations__lot__expires_on"), "allocations__lot__status", "allocations__location__kind",
        )
    )  # fmt: skip
    nothing, whole = Value(None, output_field=BigIntegerField()), _whole("quantity")
    arrivals = ExpectedArrival.objects.filter(product_id__in=products).values_list(
        "product_id", "pk", whole, nothing, nothing, _text("due_at"), Value(ARRIVAL), Value("")
    )
    return holds.order_by().union(arrivals.order_by(), all=True)


_promises: Compiled[Any] = Compiled(_promised, most=PAGE + 1)


@dataclass
class Facts:
    """What a row of the stock list says beside the five numbers."""

    product_id: int
    value: Decimal = ZERO
    places: list[str] = field(default_factory=list)
    minimum: Decimal | None = None
    soonest: date | None = None
    soonest_quantity: Decimal = ZERO
    due: tuple[datetime, Decimal] | None = None
    numbers: Availability | None = None

    @property
    def average_cost(self) -> Decimal | None:
        """What one of all that is on hand cost, to six decimals; None when there is none."""
        on_hand = self.numbers.on_hand if self.numbers else ZERO
        return quantities.from_fraction(Fraction(self.value) / Fraction(on_hand)) if on_hand > 0 else None


class _Sums:
    """What is added up for one product, in the whole numbers of the tables."""

    __slots__ = ("asked", "due", "due_quantity", "expected", "held", "on_hand", "places", "soonest",
                 "soonest_quantity", "unusable", "value")  # fmt: skip

    def __init__(self) -> None:
        self.on_hand = self.unusable = self.held = self.asked = self.expected = self.value = 0
        self.places: set[str] = set()
        self.soonest: str | None = None
        self.soonest_quantity = self.due_quantity = 0
        self.due: str | None = None

    def facts(self, product_id: int) -> Facts:
        available = self.on_hand - self.unusable - self.held
        return Facts(
            product_id,
            value=Decimal(self.value).scaleb(-MoneyField.places),
            places=sorted(self.places),
            soonest=date.fromisoformat(self.soonest) if self.soonest else None,
            soonest_quantity=_exactly(self.soonest_quantity),
            due=(_instant(self.due), _exactly(self.due_quantity)) if self.due else None,
            numbers=Availability(
                product_id,
                on_hand=_exactly(self.on_hand),
                held=_exactly(self.held),
                available=_exactly(available),
                expected=_exactly(self.expected),
                promised=_exactly(self.asked - self.held),
                unusable=_exactly(self.unusable),
            ),
        )


def _instant(text: str) -> datetime:
    """What `_text` made of an instant: SQLite keeps them in UTC and says so nowhere."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _exactly(quantity: int) -> Decimal:
    return Decimal(quantity).scaleb(-QuantityField.places) if quantity else ZERO


def facts(product_ids: Collection[int]) -> dict[int, Facts]:
    """For the products of one page (or of an export), in two queries; `minimum` is beside the row (`with_minimum`).

    The five numbers come along: those of `availability.of`, counted from the rows that are read here anyway.
    """
    sums = {pk: _Sums() for pk in product_ids}
    today = clock.today().isoformat()
    for product_id, quantity, value, place, kind, expires_on, status in _balances(product_ids):
        of = sums[product_id]
        of.on_hand += quantity
        of.value += value
        of.places.add(place)
        if not _is_usable(kind, expires_on, status, today):
            of.unusable += quantity
        if expires_on is None or expires_on < today or status != OK:
            continue
        if of.soonest is None or expires_on < of.soonest:
            of.soonest, of.soonest_quantity = expires_on, 0
        if expires_on == of.soonest:
            of.soonest_quantity += quantity
    asked: set[int] = set()
    for product_id, pk, quantity, fulfilled, backed, day, status, kind in _promises(clock.now(), product_ids):
        of = sums[product_id]
        if status == ARRIVAL:
            of.expected += quantity
            if of.due is None or day < of.due:
                of.due, of.due_quantity = day, quantity
            continue
        if pk not in asked:
            asked.add(pk)
            of.asked += quantity - fulfilled
        if backed and _is_usable(kind, day, status, today):
            of.held += backed
    return {pk: of.facts(pk) for pk, of in sums.items()}


def _is_usable(kind: str, expires_on: str | None, status: str, today: str) -> bool:
    """`usable_stock`, for one row that is there."""
    return (expires_on is None or expires_on >= today) and status == OK and kind != QUARANTINE


def facts_of(why: Why, minimum: Decimal | None) -> Facts:
    """The same for a product whose lots and holds are known already, without a query."""
    found = Facts(why.numbers.product_id, numbers=why.numbers, minimum=minimum)
    for line in why.lots:
        found.value += line.balance.value
        if line.location.name not in found.places:
            found.places.append(line.location.name)
    good = [line for line in why.lots if line.lot.expires_on and line.lot.is_usable(clock.today())]
    if good:
        found.soonest = min(line.lot.expires_on for line in good if line.lot.expires_on)
        found.soonest_quantity = sum((line.on_hand for line in good if line.lot.expires_on == found.soonest), ZERO)
    if why.arrivals:
        found.due = why.arrivals[0].due_at, why.arrivals[0].quantity
    return found


def with_minimum(products: QuerySet[Product]) -> QuerySet[Product]:
    """The products, each with the `minimum` of its general rule, None without one, and the house's `expiry_days`."""
    rule = ReorderRule.objects.filter(product=OuterRef("pk"), location=None)
    minimum = Subquery(rule.values("minimum")[:1], output_field=QuantityField())
    return products.annotate(minimum=minimum, expiry_days=nearness.in_force())


def with_trend(products: QuerySet[Product]) -> QuerySet[Product]:
    """The products, each with what is kept of how its stock went (`StockTrend`), and of which day that is, as text."""
    kept = TrendsKept.objects.filter(pk=TrendsKept.PK).values(said=_text("day"))
    return products.annotate(
        trend_ends=F("trend__ends"),
        trend_used=_whole("trend__used"),
        trend_days=F("trend__days"),
        trend_day=Subquery(kept),
    )


listed: Compiled[Product] = Compiled(
    lambda products: with_trend(
        with_minimum(Product.objects.filter(pk__in=products).select_related("unit", "category"))
    ).only("sku", "name", "icon", "cover", "shelf_life_days", "unit__code", "category__icon", "category__hue"),
    most=PAGE,
    shown=True,
)
"""Products as a row of the stock list shows them."""


carded: Compiled[Product] = Compiled(
    lambda pk: with_minimum(Product.objects.filter(pk=pk).select_related("unit", "category", "put_away__location"))
)
"""One product as its stock card shows it, with where it is kept."""


def worth() -> Decimal:
    """What all stock is worth at cost."""
    total: Decimal | None = StockBalance.objects.aggregate(total=Sum("value"))["total"]
    return total or ZERO


def expiring() -> QuerySet[StockBalance]:
    """Released stock that is about to expire (`nearness`)."""
    return StockBalance.objects.filter(nearness.condition(clock.today(), prefix="lot__"), lot__status=Lot.Status.OK)


def expiring_lots(today: Any = None) -> QuerySet[Lot]:
    """The lots of it: an index leads to them, and of each it is asked whether some is left."""
    today = today or clock.today()
    return Lot.objects.filter(nearness.condition(today), there(), status=Lot.Status.OK)


def there(**more: Any) -> Exists:
    """Some of the lot is somewhere."""
    return Exists(StockBalance.objects.filter(lot_id=OuterRef("pk"), **more))


def expired() -> QuerySet[StockBalance]:
    """Stock whose last good day is over."""
    return StockBalance.objects.filter(lot__expires_on__lt=clock.today())


def blocked() -> QuerySet[StockBalance]:
    """Stock that may not be used whatever its date: blocked lots, and quarantine places."""
    return StockBalance.objects.filter(~Q(lot__status=Lot.Status.OK) | Q(location__kind=Location.Kind.QUARANTINE))


def below_minimum(now: datetime | None = None, today: date | None = None) -> QuerySet[ReorderRule]:
    """Rules whose product has less available than the minimum: in the rule's place and what lies inside it, or in all
    together. The rules of a closed place rest."""
    now, today = now or clock.now(), today or clock.today()
    here = counted_by(OuterRef("location_id")) & _is_good(today)
    stock = StockBalance.objects.filter(here, product_id=OuterRef("product_id"))
    counting = Hold.counting_condition(now, prefix="hold__")
    held = HoldAllocation.objects.filter(here, counting, hold__product_id=OuterRef("product_id"))
    # Asked of each rule: joined, the products, of which there are many more, may be read first.
    is_active = Exists(Product.objects.filter(pk=OuterRef("product_id"), is_active=True))
    return ReorderRule.objects.annotate(
        available=_added(stock) - _added(held),
    ).filter(is_active, ~Q(location__in=Location.objects.filter(is_active=False)), available__lt=F("minimum"))


def counted_by(place: Any) -> Q:
    """Balances or allocations that count for a minimum of that place: in it and inside it; without a place, all."""
    return Q(IsNull(place, True)) | Q(location__in=places.Inside(place))


def _is_good(today: Any) -> Q:
    """`usable_stock`, looked up for one row after the other: where thousands of products have a few rows each that is
    two thirds of what joining them takes."""
    lot = Lot.objects.filter(pk=OuterRef("lot_id"))
    good = lot.values(good=ExpressionWrapper(Lot.usable_condition(today), BooleanField()))
    quarantine = Location.objects.filter(kind=Location.Kind.QUARANTINE)
    return Q(Subquery(good, output_field=BooleanField())) & ~Q(location__in=quarantine)


def _added(rows: QuerySet[Any]) -> Coalesce:
    """The sum of all of them, for which nothing need be put into groups."""
    total = rows.order_by().values(total=Func(F("quantity"), function="SUM"))
    return Coalesce(Subquery(total, output_field=QuantityField()), exact(0, QuantityField))


def summed(rows: QuerySet[Any], group: str) -> Coalesce:
    total = rows.order_by().values(group).annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(total, output_field=QuantityField()), exact(0, QuantityField))


def waiting(now: datetime | None = None, today: date | None = None) -> QuerySet[Any]:
    """Counting holds that usable stock does not cover, as `missing`."""
    now, today = now or clock.now(), today or clock.today()
    return with_missing(Hold.objects.counting(now), today).filter(missing__gt=exact(0, QuantityField))


def with_missing(holds: QuerySet[Hold], today: Any) -> QuerySet[Any]:
    """The holds, each with what of it usable stock does not cover, as `missing`."""
    # Whether a hold counts is asked of it, and need not be asked of its allocations once more.
    backed = HoldAllocation.objects.filter(_is_good(today), hold_id=OuterRef("pk"))
    return holds.annotate(missing=F("quantity") - F("fulfilled") - _added(backed))


def waiting_of(kind: type[Model], ids: Collection[int]) -> QuerySet[Any]:
    """The `waiting` holds of these documents of one kind, oldest first."""
    documents = ContentType.objects.get_for_model(kind)
    return waiting().filter(origin_type=documents, origin_id__in=ids).order_by("pk")


def with_stock(products: QuerySet[Product], balances: QuerySet[StockBalance]) -> QuerySet[Product]:
    """Those of the products that these balances are of."""
    return products.filter(pk__in=balances.order_by().values("product_id"))


def kept(products: QuerySet[Product]) -> QuerySet[Product]:
    """Products that the stock list shows: active ones that can have stock, and whatever still has some."""
    return products.exclude(sell_policy=Product.SellPolicy.ON_DEMAND).filter(
        Q(is_active=True) | Q(pk__in=StockBalance.objects.order_by().values("product_id"))
    )


def listable() -> QuerySet[Product]:
    """All products of the stock list."""
    return _listable().all()


@cache
def _listable() -> QuerySet[Product]:
    return kept(Product.objects.all())


def in_places(products: QuerySet[Product], locations: Iterable[Location]) -> QuerySet[Product]:
    """Products that have stock in one of the places."""
    return with_stock(products, StockBalance.objects.filter(location__in=list(locations)))


def value_of(rows: QuerySet[Any], group: str) -> Coalesce:
    """Subquery: the summed value of balances or moves that the outer row has."""
    total = rows.order_by().values(group).annotate(total=Sum("value")).values("total")
    return Coalesce(Subquery(total, output_field=MoneyField()), exact(0, MoneyField))


def on_hand_of(rows: QuerySet[Any], group: str) -> Coalesce:
    """Subquery: the summed quantity of balances that the outer row has."""
    return summed(rows, group)
