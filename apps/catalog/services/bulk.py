"""Saving many loaded rows at once, with history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.catalog.models import Price, Product
from backoffice.kernel import bulk


def save_products(products: Sequence[Product], fields: Iterable[str]) -> None:
    """Write the named fields of products that were loaded and locked in this transaction."""
    bulk.update(products, sorted(fields))


def close_prices(prices: Sequence[Price], moment: datetime) -> None:
    """End the windows of prices that were loaded under their list's lock."""
    if not prices:
        return
    Price.objects.filter(pk__in=[price.pk for price in prices]).update(valid_to=moment)
    for price in prices:
        price.valid_to = moment
    bulk.remember(prices, "~")
