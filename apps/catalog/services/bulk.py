"""Saving many loaded rows at once, with history, several times as fast as `bulk_update`.

One upsert on the primary key instead of a CASE for every row and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.catalog.models import Price, Product
from backoffice.kernel import audit

BATCH = 500


def save_products(products: Sequence[Product], fields: Iterable[str]) -> None:
    """Write the named fields of products that were loaded and locked in this transaction."""
    if not products:
        return
    Product.objects.bulk_create(
        products, update_conflicts=True, unique_fields=["id"], update_fields=sorted(fields), batch_size=BATCH
    )
    _remember(products)


def close_prices(prices: Sequence[Price], moment: datetime) -> None:
    """End the windows of prices that were loaded under their list's lock."""
    if not prices:
        return
    Price.objects.filter(pk__in=[price.pk for price in prices]).update(valid_to=moment)
    for price in prices:
        price.valid_to = moment
    _remember(prices)


def _remember(rows: Sequence[Product] | Sequence[Price]) -> None:
    actor = audit.current_actor()
    type(rows[0]).history.bulk_history_create(
        rows, batch_size=BATCH, update=True, default_user=actor.user, default_change_reason=actor.why or None
    )
