"""The one place where stock is locked.

Whoever changes balances or holds of a product has its row locked, in ascending order, before reading them. On
PostgreSQL that is a row lock that lets foreign keys through; on SQLite the transaction itself is the lock, because
it begins as IMMEDIATE. A service that posts several times in one transaction locks all its products at the start.
"""

from collections.abc import Iterable

from django.db import connection

from apps.catalog.models import Product


def lock_products(ids: Iterable[int]) -> dict[int, Product]:
    """The products, with their units, locked until the transaction ends. Raises Product.DoesNotExist for a stranger."""
    assert connection.in_atomic_block, "Stock is locked inside a transaction."
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = {
        product.pk: product
        for product in Product.objects.select_for_update(no_key=True, of=("self",))
        .select_related("unit")
        .filter(pk__in=wanted)
        .order_by("pk")
    }
    if len(found) != len(wanted):
        raise Product.DoesNotExist(f"No such product: {sorted(set(wanted) - set(found))}")
    return found
