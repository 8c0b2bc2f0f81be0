"""The one place where rows of products and price lists are locked.

Stock, imports and recipes all hold the rows of the products that they change, and all take them here in ascending
order: whoever locks products another way may wait in a circle. On PostgreSQL it is a row lock that lets foreign keys
through; on SQLite the transaction itself is the lock, because it begins as IMMEDIATE.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from apps.catalog.models import PriceList, Product
from backoffice.kernel.compiled import Compiled


def _locked(ids: Any) -> QuerySet[Product]:
    rows = Product.objects.select_for_update(no_key=True, of=("self",)).select_related("unit")
    return rows.filter(pk__in=ids).order_by("pk")


_WHOLE = Compiled(_locked)
_BRIEF = Compiled(lambda ids: _locked(ids).defer(*Product.DETAILS))


def lock_products(ids: Iterable[int], *, gone_is_fine: bool = False, brief: bool = False) -> dict[int, Product]:
    """The products by id, with their units, locked until the transaction ends.

    Raises Product.DoesNotExist, naming the ids, when one is not there, unless the caller says that this is fine.
    `brief` is for who does not change the products themselves: their descriptions and attributes are not read.
    """
    assert connection.in_atomic_block, "Products are locked inside a transaction."
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = {product.pk: product for product in (_BRIEF if brief else _WHOLE)(wanted)}
    if len(found) != len(wanted) and not gone_is_fine:
        raise Product.DoesNotExist(f"No such product: {sorted(set(wanted) - set(found))}")
    return found


def lock_price_lists() -> dict[int, PriceList]:
    """All price lists by id, locked until the transaction ends.

    A price may reach every list that follows its own, and who follows whom may change meanwhile: all rows of this
    small table together are the one lock for prices, always taken in ascending order.
    """
    assert connection.in_atomic_block, "Price lists are locked inside a transaction."
    return {row.pk: row for row in PriceList.objects.select_for_update(no_key=True).order_by("pk")}
