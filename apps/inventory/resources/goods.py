"""The products that the rows of a file name."""

from collections.abc import Iterable, Mapping

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import NotStocked
from backoffice.transfers.importer import BadCell, Row


def named(rows: Iterable[Row], *, packs: bool = False) -> dict[str, Product]:
    """The products of the rows by folded SKU, with units and perhaps packs; also what has no stock. A query or two."""
    skus = {row.text("sku").lower() for row in rows}
    found = Product.objects.alias(folded_sku=Lower("sku")).filter(folded_sku__in=skus).select_related("unit")
    return {product.sku.casefold(): product for product in (found.prefetch_related("packs") if packs else found)}


def of(row: Row, products: Mapping[str, Product]) -> Product:
    """The product that the row names. BadCell when there is none, or there is no stock of it."""
    product = products.get(row.required("sku").casefold())
    if product is None:
        raise BadCell("sku", _("No product has this SKU."), _("Import the products first."))
    if not product.is_stocked:
        raise BadCell("sku", NotStocked(product.sku).message)
    return product
