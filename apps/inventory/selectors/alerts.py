"""Which lines are crossed now, and which alerts say so already."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, DateField, Exists, F, Field, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from apps.catalog.models import Price, Product
from apps.inventory.models import Hold, HoldAllocation, ReorderRule, StockAlert, StockBalance
from apps.inventory.selectors import stock
from apps.inventory.selectors.availability import usable_backing, usable_stock
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.fields import MoneyField, PriceField, QuantityField, exact

Kind = StockAlert.Kind
Subject = tuple[str, int]
"""A kind of alert and what it is about."""
ZERO = Decimal(0)
COST = Decimal("0.000001")
DATED = [Kind.EXPIRING.value, Kind.EXPIRED.value]


@dataclass(frozen=True)
class Crossed:
    """A line that is crossed, with the two figures as they are now."""

    product_id: int
    measured: Decimal
    limit: Decimal | None = None
    day: date | None = None
    lot_id: int | None = None
    location_id: int | None = None
    price_list_id: int | None = None


@dataclass
class Now:
    """All lines that are crossed, by subject; and the products whose cost is known, because some of them is there."""

    crossed: dict[Subject, Crossed] = field(default_factory=dict)
    costed: set[int] = field(default_factory=set)


def _is_open(kind: str, subject: str) -> Exists:
    return Exists(StockAlert.objects.open().filter(kind=kind, subject_id=OuterRef(subject)))


def _asked(now: Any, product: str) -> Coalesce:
    """What counting holds of the product still ask for."""
    asked = (
        Hold.objects.counting(now)
        .filter(product_id=OuterRef(product))
        .order_by()
        .values("product_id")
        .annotate(asked=Sum(F("quantity") - F("fulfilled"), output_field=QuantityField()))
        .values("asked")
    )
    return Coalesce(Subquery(asked, output_field=QuantityField()), exact(0, QuantityField))


def _states(products: Any, today: Any, now: Any) -> QuerySet[Any, Any]:
    """Of each product, and each of its minimums, whether its line is crossed and whether an alert says so."""
    here = stock.counted_by(OuterRef("reorder_rules__location_id"))
    there = StockBalance.objects.filter(usable_stock(today), product_id=OuterRef("pk"))
    backed = HoldAllocation.objects.filter(usable_backing(today, now), hold__product_id=OuterRef("pk"))
    gone = StockAlert.objects.open().filter(
        ~Exists(StockBalance.objects.filter(lot_id=OuterRef("lot_id"))), kind__in=DATED, product_id=OuterRef("pk")
    )
    return (
        Product.objects.filter(pk__in=products)
        .order_by()
        .annotate(
            usable=stock.on_hand_of(there.filter(here), "product_id"),
            held=stock.on_hand_of(backed.filter(here), "hold__product_id"),
            asked=_asked(now, "pk"),
            backed=stock.on_hand_of(backed, "hold__product_id"),
            low=_is_open(Kind.LOW.value, "reorder_rules__pk"),
            waiting=_is_open(Kind.WAITING.value, "pk"),
            gone=Exists(gone),
        )
        .values_list(
            "pk",
            "is_active",
            "reorder_rules__minimum",
            "reorder_rules__location__is_active",
            "usable",
            "held",
            "asked",
            "backed",
            "low",
            "waiting",
            "gone",
        )
    )


_STATES: Compiled[Any] = Compiled(_states, most=100)


def out_of_step(product_ids: Collection[int]) -> set[int]:
    """Those of the products where stock has crossed a line, there or back, and no alert says so yet. One query."""
    found = set()
    rows = _STATES(product_ids, clock.today(), clock.now())
    for pk, is_active, minimum, is_open, usable, held, asked, backed, low, waiting, gone in rows:
        is_low = minimum is not None and is_active and is_open is not False and usable - held < minimum
        if is_low != low or (asked > backed) != waiting or gone:
            found.add(pk)
    return found


def now(product_ids: Collection[int] | None = None) -> Now:
    """Every line that is crossed now, of all products or of these. Six queries."""

    def of(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        return rows if product_ids is None else rows.filter(product_id__in=product_ids)

    found = Now()
    for rule in of(stock.below_minimum()):
        found.crossed[Kind.LOW, rule.pk] = Crossed(
            rule.product_id, rule.available, rule.minimum, location_id=rule.location_id
        )
    for kind, balances in ((Kind.EXPIRING, stock.expiring()), (Kind.EXPIRED, stock.expired())):
        lots = of(balances).order_by().values_list("product_id", "lot_id", "lot__expires_on")
        for product_id, lot_id, day, quantity in lots.annotate(total=Sum("quantity")):
            found.crossed[kind, lot_id] = Crossed(product_id, quantity, day=day, lot_id=lot_id)
    waits = of(stock.waiting()).order_by().values_list("product_id", "needed_on", "missing")
    for product_id, day, missing in waits:
        before = found.crossed.get((Kind.WAITING, product_id))
        found.crossed[Kind.WAITING, product_id] = Crossed(
            product_id,
            missing + (before.measured if before else ZERO),
            day=min(day, before.day) if before and before.day else day,
        )
    _margins(found, of)
    return found


def _margins(found: Now, of: Any) -> None:
    """Prices below what the stock that is there cost on average. Compared here: the product of two of the scaled
    numbers that the database holds may be too large for it."""
    costs: dict[int, Decimal] = {}
    balances = of(StockBalance.objects.all()).order_by().values_list("product_id")
    for product_id, quantity, value in balances.annotate(quantity=Sum("quantity"), worth=Sum("value")):
        if quantity > 0:
            costs[product_id] = value / quantity
    found.costed = set(costs)
    prices = of(Price.objects.at(clock.now()).single()).filter(
        price_list__is_active=True, product__is_active=True, min_quantity=exact(0, QuantityField)
    )
    for product_id, price_list_id, amount in prices.values_list("product_id", "price_list_id", "amount"):
        cost = costs.get(product_id)
        if cost is None or amount >= cost:
            continue
        worst = found.crossed.get((Kind.MARGIN, product_id))
        if worst is None or amount < worst.measured:
            found.crossed[Kind.MARGIN, product_id] = Crossed(
                product_id, amount, cost.quantize(COST), price_list_id=price_list_id
            )


def _figures(ids: Any, today: Any, now: Any) -> QuerySet[Any, Any]:
    """Of open alerts, the figures that their kind has, as they are now. A case asks for those of its kind alone."""
    there = StockBalance.objects.filter(product_id=OuterRef("product_id"))
    here = stock.counted_by(OuterRef("location_id"))
    backed = HoldAllocation.objects.filter(usable_backing(today, now), hold__product_id=OuterRef("product_id"))
    rule = ReorderRule.objects.filter(pk=OuterRef("subject_id"))
    waits = stock.waiting(now, today).filter(product_id=OuterRef("product_id")).order_by("needed_on")
    of_lot = StockBalance.objects.filter(lot_id=OuterRef("lot_id"))
    price = (
        Price.objects.at(now)
        .single()
        .filter(
            product_id=OuterRef("product_id"),
            price_list_id=OuterRef("price_list_id"),
            min_quantity=exact(0, QuantityField),
        )
    )
    free = stock.on_hand_of(there.filter(usable_stock(today), here), "product_id") - stock.on_hand_of(
        backed.filter(here), "hold__product_id"
    )
    return StockAlert.objects.filter(pk__in=ids).values_list(
        "pk",
        "lot__expires_on",
        _where(Kind.LOW, free, QuantityField()),
        _where(Kind.LOW, Subquery(rule.values("minimum")[:1]), QuantityField()),
        _where(Kind.WAITING, _asked(now, "product_id") - stock.on_hand_of(backed, "hold__product_id"), QuantityField()),
        _where(Kind.WAITING, Subquery(waits.values("needed_on")[:1]), DateField()),
        _where(Kind.EXPIRING, stock.on_hand_of(of_lot, "lot_id"), QuantityField(), Kind.EXPIRED),
        _where(Kind.MARGIN, Subquery(price.values("amount")[:1]), PriceField()),
        _where(Kind.MARGIN, stock.value_of(there, "product_id"), MoneyField()),
        _where(Kind.MARGIN, stock.on_hand_of(there, "product_id"), QuantityField()),
    )


def _where(kind: str, figure: Any, field: "Field[Any, Any]", *kinds: str) -> Case:
    return Case(When(kind__in=[str(one) for one in (kind, *kinds)], then=figure), output_field=field)


_FIGURES: Compiled[Any] = Compiled(_figures, most=stock.PAGE)


def as_now(alerts: Collection[StockAlert]) -> list[StockAlert]:
    """The alerts with their figures of this moment in them, unsaved: between two looks at their lines stock moves on.

    Those that are over keep what they had last. One query.
    """
    open_ones = {alert.pk: alert for alert in alerts if alert.resolved_at is None}
    rows = _FIGURES(list(open_ones), clock.today(), clock.now())
    for pk, expires_on, free, minimum, short, needed_on, of_lot, price, worth, on_hand in rows:
        alert = open_ones[pk]
        if alert.kind == Kind.LOW and minimum is not None:
            alert.measured, alert.limit = free, minimum
        elif alert.kind == Kind.WAITING and needed_on is not None:
            alert.measured, alert.day = short, needed_on
        elif alert.kind in DATED and expires_on is not None:
            alert.measured, alert.day = of_lot, expires_on
        elif alert.kind == Kind.MARGIN and price is not None and on_hand > 0:
            alert.measured, alert.limit = price, (worth / on_hand).quantize(COST)
    return list(alerts)


def unseen() -> QuerySet[StockAlert]:
    """What somebody should look at: for the menu and the bell."""
    return StockAlert.objects.unseen()


def shown(alerts: QuerySet[StockAlert]) -> QuerySet[StockAlert]:
    """With all that a row says of itself."""
    return alerts.select_related(
        "product__unit", "product__category", "lot", "location", "price_list", "acknowledged_by"
    )


def earlier(alert: StockAlert) -> QuerySet[StockAlert]:
    """The other times that this line was crossed, newest first."""
    same = StockAlert.objects.filter(kind=alert.kind, subject_id=alert.subject_id).exclude(pk=alert.pk)
    return shown(same).order_by("-raised_at")


def by_kind(alerts: QuerySet[StockAlert]) -> dict[str, int]:
    """How many of each kind. One query."""
    found: dict[str, int] = defaultdict(int)
    for kind in alerts.order_by().values_list("kind", flat=True):
        found[kind] += 1
    return found
