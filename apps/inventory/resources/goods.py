"""The products that the rows of a file name."""

from collections.abc import Iterable

from django.db.models.functions import Lower

from apps.catalog.models import Product
from backoffice.transfers.importer import Row


def named(rows: Iterable[Row], *, packs: bool = False) -> dict[str, Product]:
    """What has stock of them, by folded SKU, with units and perhaps packs. One query, or two."""
    skus = {row.text("sku").lower() for row in rows}
    found = Product.objects.stocked().alias(folded_sku=Lower("sku")).filter(folded_sku__in=skus)
    found = found.select_related("unit")
    return {product.sku.casefold(): product for product in (found.prefetch_related("packs") if packs else found)}
