"""How the stock of a product is, in one word: what lists of other rooms are narrowed by."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from apps.inventory.models import StockBalance
from apps.inventory.selectors import stock

State = tuple[str, Any, Callable[[QuerySet[Product]], QuerySet[Product]]]


def _there() -> QuerySet[StockBalance]:
    return StockBalance.objects.filter(quantity__gt=0)


def of_products() -> list[State]:
    """Code, words, and what narrows products to those of the state."""
    return [
        ("in", _("In stock"), lambda rows: stock.with_stock(rows, _there())),
        ("out", _("Out of stock"), lambda rows: rows.stocked().exclude(pk__in=_there().values("product_id"))),
        ("low", _("Below minimum"), lambda rows: rows.filter(pk__in=stock.below_minimum().values("product_id"))),
        (
            "short",
            _("Short"),
            lambda rows: rows.filter(pk__in=stock.waiting().order_by().values("product_id")),
        ),
        ("expiring", _("Expiring soon"), lambda rows: stock.with_stock(rows, stock.expiring())),
    ]


def on_hand(product_ids: Collection[int]) -> dict[int, Decimal]:
    """How much there is of each of the products, wherever it lies; those without any are left out. One query."""
    rows = StockBalance.objects.filter(product_id__in=product_ids).order_by().values("product_id")
    return dict(rows.annotate(total=Sum("quantity")).values_list("product_id", "total"))
