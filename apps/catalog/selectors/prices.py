"""Prices as people and tills read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q, QuerySet

from apps.catalog.models import Price, PriceList, Product
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled


@dataclass(slots=True)
class ListPrices:
    """One product in one list: the price that holds, its quantity tiers, and what is scheduled."""

    price_list: PriceList
    current: Price | None = None
    tiers: list[Price] = field(default_factory=list)
    scheduled: list[Price] = field(default_factory=list)


def default_list() -> PriceList | None:
    """The list whose prices the product list shows: the one marked so, else the oldest active one."""
    return next(iter(_default_list()), None)


_default_list: Compiled[PriceList] = Compiled(
    lambda: PriceList.objects.filter(is_active=True).order_by("-is_default", "pk")[:1]
)


def current(
    price_list: PriceList | int | None,
    products: Iterable[Product | int],
    at: datetime | None = None,
    *,
    selling: bool = False,
) -> dict[int, Decimal]:
    """Price of one unit of each product at a moment (now); products without a price are absent. One query.

    For `selling`, a list has prices only in its own window of time, as quotes see it.
    """
    if price_list is None:
        return {}
    list_id = price_list.pk if isinstance(price_list, PriceList) else price_list
    ids = {product if isinstance(product, int) else product.pk for product in products}
    moment = at or clock.now()
    found = Price.objects.at(moment).single().filter(price_list_id=list_id, product_id__in=ids)
    if selling:
        found = found.filter(
            Q(price_list__valid_from=None) | Q(price_list__valid_from__lte=moment),
            Q(price_list__valid_to=None) | Q(price_list__valid_to__gt=moment),
        )
    rows = found.order_by("product_id", "-min_quantity").values_list("product_id", "amount")
    return dict(rows)  # of several tiers the smallest quantity comes last and stays


def by_list(product: Product, at: datetime | None = None) -> list[ListPrices]:
    """The product in every active list, with tiers and scheduled prices. Two queries."""
    moment = at or clock.now()
    lists = {
        row.pk: ListPrices(row)
        for row in PriceList.objects.filter(is_active=True).select_related("base").order_by("-is_default", "name")
    }
    rows = (
        Price.objects.filter(product=product, price_list__in=lists)
        .select_related("unit")
        .order_by(F("unit").asc(nulls_first=True), "min_quantity", "valid_from")
    )
    for row in rows:
        entry = lists[row.price_list_id]
        if row.valid_from > moment:
            entry.scheduled.append(row)
        elif row.valid_to is None or row.valid_to > moment:
            if entry.current is None and row.unit_id is None:
                entry.current = row
            else:
                entry.tiers.append(row)
    for entry in lists.values():
        entry.scheduled.sort(key=lambda price: price.valid_from)
    return list(lists.values())


def current_by_list(product: Product, at: datetime | None = None) -> list[Price]:
    """What the product costs by the unit in each active list that has a price for it, as `by_list`. One query."""
    rows = (
        Price.objects.at(at or clock.now())
        .filter(product=product, unit=None, price_list__is_active=True)
        .select_related("price_list")
        .order_by("-price_list__is_default", "price_list__name", "-min_quantity", "-valid_from")
    )
    return list({row.price_list_id: row for row in rows}.values())  # of several tiers the smallest stays


def history(product: Product) -> QuerySet[Price]:
    """Every price the product had, has and will have, newest first."""
    return product.prices.select_related("price_list__base", "unit").order_by(
        "-valid_from", "price_list__name", "min_quantity"
    )
