"""How stock is locked: by the rows of its products.

Whoever changes balances or holds of a product has its row locked, in ascending order, before reading them. A service
that posts several times in one transaction locks all its products at the start.
"""

from apps.catalog.services.locks import lock_products

__all__ = ["lock_products"]
