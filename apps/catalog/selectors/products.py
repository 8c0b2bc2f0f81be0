"""Products with what lists show beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.catalog.models import Price, PriceList, Product
from apps.catalog.selectors.schemas import Lack
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled


def with_price(
    products: QuerySet[Product], price_list: PriceList | int | None, *, at: datetime | None = None
) -> QuerySet[Product]:
    """The products, each with `price` (None without one) in the list at the moment (now). No further query."""
    list_id = price_list.pk if isinstance(price_list, PriceList) else price_list
    prices = Price.objects.at(at or clock.now()).single().filter(price_list_id=list_id, product=OuterRef("pk"))
    return products.annotate(price=Subquery(prices.order_by("min_quantity").values("amount")[:1]))


SHOWN = (
    "sku", "name", "icon", "cover", "kind", "is_active", "is_sellable", "completeness", "updated_at",
    "category__name", "category__icon", "category__hue", "unit__code",
)  # fmt: skip


def _rows(now: Any, list_id: Any, keys: Any) -> QuerySet[Product]:
    rows = with_price(Product.objects.filter(pk__in=keys), list_id, at=now)
    return rows.select_related("category", "unit").only(*SHOWN)


_shown: Compiled[Product] = Compiled(_rows, most=202, shown=True)


def shown(keys: Sequence[int], price_list: PriceList | None) -> list[Product]:
    """The products with these keys, in any order, with what the product list shows of them and no more."""
    return _shown(clock.now(), price_list.pk if price_list else 0, keys)


def with_next_price(products: QuerySet[Product], price_list: PriceList | int) -> QuerySet[Product]:
    """The products, each with `next_price` and `next_from` where one is scheduled in the list."""
    list_id = price_list.pk if isinstance(price_list, PriceList) else price_list
    prices = Price.objects.after(clock.now()).single()
    prices = prices.filter(price_list_id=list_id, product=OuterRef("pk"), min_quantity=0)
    coming = prices.order_by("valid_from")
    return products.annotate(
        next_price=Subquery(coming.values("amount")[:1]), next_from=Subquery(coming.values("valid_from")[:1])
    )


def with_page_needs(products: QuerySet[Product]) -> QuerySet[Product]:
    """Products as their own page needs them: unit, category with those above it, and counts. One query."""
    rows = Price.objects.filter(product=OuterRef("pk")).order_by().values("product")
    variants = Product.objects.filter(variant_of=OuterRef("pk")).order_by().values("variant_of")
    return products.select_related("unit", "variant_of", "category__parent__parent__parent").annotate(
        price_rows=Coalesce(Subquery(rows.annotate(rows=Count("pk")).values("rows")), 0),
        variant_rows=Coalesce(Subquery(variants.annotate(rows=Count("pk")).values("rows")), 0),
    )


def unpriced(products: QuerySet[Product]) -> QuerySet[Product]:
    """What should be sold and has no price. What is kept of it is asked: a look at the prices of a hundred thousand
    products would take longer than all else on the page."""
    return products.filter(is_active=True, is_sellable=True, missing__in=Lack.PRICE.masks)


def retired(products: QuerySet[Product]) -> QuerySet[Product]:
    """What is no longer in use. Asked so that an index serves, which for a "not" it would not on SQLite."""
    return products.filter(is_active__in=[False])


def active() -> QuerySet[Product]:
    """The products in use; their number stands beside the entry of the sidebar."""
    return Product.objects.active()
