"""The products that the rows of a file name."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import NotStocked
from apps.inventory.services import amounts
from backoffice.kernel import quantity as quantities
from backoffice.transfers.importer import BadCell, Row


def named(rows: Iterable[Row], *, packs: bool = False) -> dict[str, Product]:
    """The products of the rows by folded SKU, with units and perhaps packs; also what has no stock. A query or two."""
    skus = {row.text("sku").lower() for row in rows}
    found = Product.objects.alias(folded_sku=Lower("sku")).filter(folded_sku__in=skus).select_related("unit")
    return {product.sku.casefold(): product for product in (found.prefetch_related("packs") if packs else found)}


def amount(row: Row, column: str) -> Decimal | None:
    """How much of something, None when blank. BadCell for no number, for less than nothing, and for a code."""
    found = row.decimal(column, places=6, minimum=0)
    if found is not None and found >= amounts.MOST:
        raise BadCell(
            column,
            _("%(amount)s are more than any shelf holds. Was a code scanned into the field?")
            % {"amount": quantities.format_quantity(found)},
        )
    return found


def money(row: Row, column: str, *, places: int, times: Decimal = Decimal(1)) -> Decimal | None:
    """What something costs, None when blank. BadCell for no number, and when so many of them cost too much."""
    found = row.decimal(column, places=places, minimum=0)
    if found is not None and found * max(times, Decimal(1)) >= amounts.MOST:
        raise BadCell(column, amounts.too_much())
    return found


def of(row: Row, products: Mapping[str, Product]) -> Product:
    """The product that the row names. BadCell when there is none, or there is no stock of it."""
    product = products.get(row.required("sku").casefold())
    if product is None:
        raise BadCell("sku", _("No product has this SKU."), _("Import the products first."))
    if not product.is_stocked:
        raise BadCell("sku", NotStocked(product.sku).message)
    return product
