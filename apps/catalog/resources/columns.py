"""The columns of a product file, and a product as plain values in their words.

Both directions use the same plain values, which is why exporting and importing again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.catalog.models import PriceList, Product, ProductUnit
from backoffice.transfers.rows import Column

CLEAR = "-"
PRICE_PREFIX = "price:"
PACK_SEPARATOR = ";"

FLAGS = ("lot_tracked", "is_active", "is_sellable", "is_purchasable")
LISTS = ("allergens", "tags")
TEXTS = ("name", "description", "barcode", "icon")

COLUMNS: tuple[Column, ...] = (
    Column("sku", _("SKU"), required=True, aliases=("code", "código"), example="PA-0012"),
    Column("name", _("Name"), aliases=("title", "product", "nome"), example="Croissant"),
    Column("description", _("Description"), aliases=("descrição",)),
    Column("kind", _("Kind"), help=_("simple or ingredient"), example="simple"),
    Column("category", _("Category"), help=_("The path from the top: Bakery > Bread"), example="Bakery > Viennoiserie"),
    Column("unit", _("Unit"), help=_("g, kg, ml, l, un, …"), example="un"),
    Column("barcode", _("Barcode"), aliases=("ean", "gtin")),
    Column("shelf_life_days", _("Shelf life in days"), example="2"),
    Column("sell_policy", _("Sold"), help=_("stock_only, planned_ok or on_demand"), example="stock_only"),
    Column("lot_tracked", _("Kept by lot"), example="yes"),
    Column("is_active", _("Active"), example="yes"),
    Column("is_sellable", _("Can be sold"), example="yes"),
    Column("is_purchasable", _("Can be bought"), example="no"),
    Column("allergens", _("Allergens"), help=_("Parted by commas"), example="gluten, milk, egg"),
    Column("tags", _("Tags"), help=_("Parted by commas")),
    Column("tax_rate", _("Tax rate in per cent"), example="12.5"),
    Column("icon", _("Icon")),
    Column("packs", _("Packs"), help=_("name = quantity, parted by semicolons"), example="sack 25 kg = 25; box = 5"),
)
LABELS = {column.name: column.label for column in COLUMNS}


def price_columns(lists: Iterable[PriceList] | None = None) -> tuple[Column, ...]:
    """One column for each active price list, headed price:<code>."""
    if lists is None:
        lists = PriceList.objects.filter(is_active=True).order_by("-is_default", "code")
    return tuple(
        Column(
            PRICE_PREFIX + row.code, _("Price: %(list)s") % {"list": row.name}, example="9.90",
            aliases=("price", "preço") if row.is_default else (),
        )
        for row in lists
    )  # fmt: skip


def plain_number(value: Decimal) -> str:
    """The number without zeros at its end and without an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_price(value: Decimal) -> str:
    """Like a number, but with cents."""
    whole, _point, decimals = plain_number(value).partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def plain_packs(packs: Iterable[ProductUnit]) -> dict[str, str]:
    """Packs as {name: quantity}."""
    return {
        pack.name: plain_number(Decimal(pack.numerator) / Decimal(pack.denominator))
        for pack in sorted(packs, key=lambda pack: (pack.ratio, pack.name))
    }


def plain(product: Product, *, units: Mapping[int, str], paths: Mapping[int, str]) -> dict[str, Any]:
    """The product in the words of the file; `units` and `paths` name units and categories by their ids."""
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "kind": product.kind,
        "category": paths[product.category_id] if product.category_id else "",
        "unit": units[product.unit_id],
        "barcode": product.barcode,
        "shelf_life_days": product.shelf_life_days,
        "sell_policy": product.sell_policy,
        "lot_tracked": product.lot_tracked,
        "is_active": product.is_active,
        "is_sellable": product.is_sellable,
        "is_purchasable": product.is_purchasable,
        "allergens": list(product.allergens),
        "tags": list(product.tags),
        "tax_rate": plain_number(Decimal(product.tax_rate)),
        "icon": product.icon,
    }


def in_words(value: Any) -> str:
    """A plain value as a cell of the file and of the preview."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return f"{PACK_SEPARATOR} ".join(f"{name} = {quantity}" for name, quantity in value.items())
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)
