"""How stock is locked: by the rows of its products.

Whoever changes balances or holds of a product has its row locked, in ascending order, before reading them. A service
that posts several times in one transaction locks all its products at the start. Once it is committed, the alerts of
these products are brought in step.
"""

from collections.abc import Iterable

from apps.catalog.models import Product
from apps.catalog.services import locks
from apps.inventory.services import alerts


def lock_products(ids: Iterable[int], *, gone_is_fine: bool = False) -> dict[int, Product]:
    """`apps.catalog.services.locks.lock_products`, for who changes their stock and not the products."""
    found = locks.lock_products(ids, gone_is_fine=gone_is_fine, brief=True)
    alerts.moved(found)
    return found


__all__ = ["lock_products"]
