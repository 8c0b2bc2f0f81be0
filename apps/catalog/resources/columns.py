"""The columns of a product file, and a product as plain values in their words.

Both directions use the same plain values, which is why exporting and importing again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Attribute, PriceList, Product
from backoffice.transfers.rows import Change, Column, DecimalStyle

CLEAR = "-"
PRICE_PREFIX = "price:"
ATTRIBUTE_PREFIX = "attribute:"

FLAGS = ("lot_tracked", "is_active", "is_sellable", "is_purchasable")
LISTS = ("allergens", "tags")
TEXTS = ("name", "description", "barcode", "icon")

COLUMNS: tuple[Column, ...] = (
    Column("sku", _("SKU"), required=True, aliases=("code", "código"), example="PA-0012"),
    Column("name", _("Name"), aliases=("title", "product", "nome"), example="Croissant"),
    Column("description", _("Description"), aliases=("descrição",)),
    Column("kind", _("Kind"), help=_("simple, ingredient, configurable, bundle or virtual"), example="simple"),
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
    Column("variant_of", _("Variant of"), help=_("The SKU of the product that it is a variant of"), example="CA-BIRT"),
    Column("axes", _("Variants differ by"), help=_("Codes of attributes, of a product with variants"), example="size"),
    Column("packs", _("Packs"), help=_("name = quantity, parted by semicolons; a barcode in brackets, ~ for about"),
           example="sack 25 kg = 25 [7898912340122]; bunch = ~0.4"),
    Column("parts", _("Parts"), help=_("Of a bundle: SKU = quantity, parted by semicolons"), example="SH-JAM = 2"),
    Column("media", _("Pictures and videos"), help=_("Addresses parted by blanks; video: before that of a video"),
           example="https://example.com/croissant.jpg"),
)  # fmt: skip
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


def attribute_columns(attributes: Iterable[Attribute] | None = None) -> tuple[Column, ...]:
    """One column for each attribute that some category asks for, headed attribute:<code>."""
    if attributes is None:
        attributes = Attribute.objects.filter(categories__isnull=False).distinct().order_by("name")
    return tuple(
        Column(
            ATTRIBUTE_PREFIX + row.code, _("Attribute: %(name)s") % {"name": row.name},
            example=next(iter(row.option_names.values()), ""),
        )
        for row in attributes
    )  # fmt: skip


def plain_number(value: Decimal) -> str:
    """The number without zeros at its end and without an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_price(value: Decimal) -> str:
    """Like a number, but with cents."""
    whole, _point, decimals = plain_number(value).partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def plain(
    product: Product, *, units: Mapping[int, str], paths: Mapping[int, str], parents: Mapping[int, str]
) -> dict[str, Any]:
    """The product in the words of the file; units, categories and parents are named by their ids."""
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
        "variant_of": parents[product.variant_of_id] if product.variant_of_id else "",
        "axes": product.axes,
    }


def say_number(text: str | None, style: DecimalStyle) -> str:
    """A plain number or price as the reader's file writes it; nothing for none."""
    return text.replace(".", ",") if text and style == "comma" else text or ""


def in_words(value: Any) -> str:
    """A plain value as a cell of the file and of the preview."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)


def change_of(column: str, before: Any, after: Any, style: DecimalStyle, *, label: Any = "") -> Change:
    """What becomes of a column, for who reads the preview: numbers as the file writes them."""
    texts = [in_words(value) for value in (before, after)]
    if column == "tax_rate" or column.startswith(PRICE_PREFIX):
        texts = [say_number(text, style) for text in texts]
    return Change(column, label or LABELS[column], *texts)
