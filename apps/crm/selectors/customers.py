"""A customer in figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.catalog.models import Product
from apps.crm.models import Customer, PointLot, Purchase, PurchaseItem
from apps.crm.selectors import loyalty
from backoffice.kernel import clock, money
from backoffice.kernel.fields import MoneyField, exact

EXPIRING_WITHIN = timedelta(days=90)


@dataclass(frozen=True)
class Favourite:
    """A product the customer buys, and in how many purchases."""

    product: Product
    purchases: int
    quantity: Decimal


@dataclass(frozen=True)
class Summary:
    """The strip of figures on a customer's page."""

    orders: int
    orders_in_year: int
    spent: Decimal
    average: Decimal
    first_at: datetime | None
    last_at: datetime | None
    every_days: int | None
    points: int
    points_value: Decimal
    expiring: int
    expires_on: date | None
    favourites: tuple[Favourite, ...]

    @property
    def favourite(self) -> Favourite | None:
        return self.favourites[0] if self.favourites else None


def summary(customer: Customer, *, today: date | None = None, lots: Iterable[PointLot] | None = None) -> Summary:
    """Spend, orders, last seen, favourites and points of one customer, in four queries; three when `lots` are known."""
    today = today or clock.today()
    year_ago = clock.day_bounds(today - timedelta(days=365))[0]
    counting = Purchase.objects.filter(customer=customer).counting()
    totals = counting.aggregate(
        orders=Count("pk"),
        in_year=Count("pk", filter=Q(at__gte=year_ago)),
        spent=Sum("amount"),
        first_at=Min("at"),
        last_at=Max("at"),
    )
    orders, spent = totals["orders"], totals["spent"] or Decimal(0)
    first_at, last_at = totals["first_at"], totals["last_at"]
    every = round((last_at - first_at).days / (orders - 1)) if first_at and orders > 1 else None
    lots = sorted(
        (
            lot
            for lot in (loyalty.lots_of(customer) if lots is None else lots)
            if lot.remaining and (lot.expires_on is None or lot.expires_on >= today)
        ),
        key=lambda lot: lot.expires_on or date.max,
    )
    soon = [lot for lot in lots if lot.expires_on and lot.expires_on <= today + EXPIRING_WITHIN]
    return Summary(
        orders=orders,
        orders_in_year=totals["in_year"],
        spent=spent,
        average=money.round_money(spent / orders) if orders else Decimal(0),
        first_at=first_at,
        last_at=last_at,
        every_days=every,
        points=sum(lot.remaining for lot in lots),
        points_value=money.round_money(
            sum((lot.remaining * lot.account.program.redeem_value for lot in lots), Decimal(0))
        ),
        expiring=sum(lot.remaining for lot in soon),
        expires_on=soon[0].expires_on if soon else None,
        favourites=tuple(favourites(customer, limit=3)),
    )


def favourites(customer: Customer, *, limit: int = 3) -> list[Favourite]:
    """The products bought most often, those bought in greater quantity first among equals."""
    rows = list(
        PurchaseItem.objects.filter(purchase__customer=customer, purchase__reversed_at=None)
        .values("product_id")
        .annotate(purchases=Count("purchase_id", distinct=True), total=Sum("quantity"))
        .order_by("-purchases", "-total", "product_id")[:limit]
    )
    products = Product.objects.select_related("unit", "category").in_bulk([row["product_id"] for row in rows])
    return [Favourite(products[row["product_id"]], row["purchases"], row["total"]) for row in rows]


def with_figures(customers: QuerySet[Customer], *, today: date | None = None) -> QuerySet[Customer]:
    """Customers with `orders_count`, `spent`, `last_at` and `points` beside each, looked up for the rows read only."""
    bought = Purchase.objects.filter(customer=OuterRef("pk")).counting().order_by().values("customer")
    points = (
        PointLot.objects.filter(account__customer=OuterRef("pk"))
        .spendable(today or clock.today())
        .order_by()
        .values("account__customer")
        .annotate(total=Sum("remaining"))
        .values("total")
    )
    return customers.annotate(
        orders_count=Coalesce(Subquery(bought.annotate(total=Count("pk")).values("total")), 0),
        spent=Coalesce(Subquery(bought.annotate(total=Sum("amount")).values("total")), exact(0, MoneyField)),
        last_at=Subquery(bought.annotate(total=Max("at")).values("total")),
        points=Coalesce(Subquery(points), 0),
    )
