"""One row of a product file → plain values. A blank cell leaves, "-" clears; all that is wrong names its column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from apps.catalog import allergens
from apps.catalog.codes import SKU, clean_barcode, clean_sku
from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Product
from apps.catalog.services.products import clean_tags
from backoffice.kernel.text import fold
from backoffice.transfers.rows import BadCell, Row

from .cells import check_barcode, read_media, read_packs, read_parts
from .columns import CLEAR, FLAGS, plain_number, plain_price

CLEARED: Mapping[str, Any] = {
    "description": "", "category": "", "barcode": "", "shelf_life_days": None, "allergens": [], "tags": [],
    "tax_rate": "0", "icon": "", "packs": {}, "parts": {},
}  # fmt: skip
LONGEST = {
    field.name: field.max_length
    for field in Product._meta.concrete_fields
    if isinstance(field, models.CharField | models.TextField)
}
MOST_DAYS = 32767
CHOICES: Mapping[str, type[models.TextChoices]] = {"kind": Product.Kind, "sell_policy": Product.SellPolicy}


def read(row: Row, *, units: Mapping[str, str]) -> tuple[dict[str, Any], list[BadCell]]:
    """The cells that say something, as plain values by column, and those that cannot be read.

    `units` maps folded codes to codes.
    """
    if row.flaw is not None:
        return {}, [row.flaw]
    values: dict[str, Any] = {}
    wrong: list[BadCell] = []
    for column, reader in READERS.items():
        text = row.text(column)
        if not text and column != "sku":
            continue
        try:
            if text == CLEAR and column != "sku":
                if column not in CLEARED:
                    raise BadCell(column, _("This cannot be cleared, only changed."))
                values[column] = CLEARED[column]
            elif column == "unit":
                values[column] = _unit(text, units)
            else:
                values[column] = reader(row, column)
        except BadCell as bad:
            wrong.append(bad)
    return values, wrong


def read_sku(row: Row, column: str = "sku") -> str:
    """The natural key. Raises BadCell when it is blank, too long or not plain."""
    sku = clean_sku(row.required(column))
    if not SKU.match(sku):
        raise BadCell(column, _("A SKU is made of plain letters, digits and signs, without accents."))
    return _short(sku, column, "sku")


def read_price(row: Row, column: str) -> str | None:
    """The price as plain text, None to take the product off the list. Raises BadCell."""
    if row.text(column) == CLEAR:
        return None
    amount = row.decimal(column, places=4, minimum=0)
    assert amount is not None, "asked for cells with something in them only"
    if amount >= 10**12:
        raise BadCell(column, _("This price is too large."))
    return plain_price(amount)


def _text(row: Row, column: str) -> str:
    text = row.text(column)
    return _short(" ".join(text.split()) if column == "name" else text, column)


def _barcode(row: Row, column: str) -> str:
    return check_barcode(_short(clean_barcode(row.text(column)), column), column)


def _path(row: Row, column: str) -> str:
    parts = [" ".join(part.split()) for part in row.text(column).split(">")]
    if not all(parts):
        raise BadCell(column, _("A path names each category: Bakery > Bread."))
    if any(len(part) > 80 for part in parts) or len(parts) > 8:
        raise BadCell(column, _("This path is too long."))
    return " > ".join(parts)


def _unit(text: str, units: Mapping[str, str]) -> str:
    code = units.get(fold(text))
    if code is None:
        raise BadCell(
            "unit", _("There is no unit “%(unit)s”.") % {"unit": text}, _("Known: ") + ", ".join(units.values())
        )
    return code


def _days(row: Row, column: str) -> int | None:
    days = row.integer(column, minimum=0)
    if days is not None and days > MOST_DAYS:
        raise BadCell(column, _("This is too long a shelf life."))
    return days


def _flag(row: Row, column: str) -> bool | None:
    return row.flag(column)


def _percentage(row: Row, column: str) -> str:
    rate = row.decimal(column, places=4, minimum=0)
    assert rate is not None, "asked for cells with something in them only"
    if rate >= 100:
        raise BadCell(column, _("A tax rate is below 100 per cent."))
    return plain_number(rate)


def _allergens(row: Row, column: str) -> list[str]:
    try:
        return allergens.normalise(part for part in row.text(column).split(",") if part.strip())
    except InvalidProduct as error:
        raise BadCell(column, error.message) from error


def _tags(row: Row, column: str) -> list[str]:
    return clean_tags([row.text(column)])


def _codes(row: Row, column: str) -> list[str]:
    return list(dict.fromkeys(code.strip() for code in row.text(column).split(",") if code.strip()))


def _short(text: str, column: str, name: str = "") -> str:
    longest = LONGEST[name or column]
    if longest and len(text) > longest:
        raise BadCell(column, _("At most %(longest)d characters are possible here.") % {"longest": longest})
    return text


def _choice(row: Row, column: str) -> str:
    """A value by its code or by its word in the reader's language."""
    text = fold(row.text(column))
    for choice in CHOICES[column]:
        if text in (fold(choice.value), fold(str(choice.label))):
            return str(choice.value)
    raise BadCell(column, _("Not one of: %(choices)s.") % {"choices": ", ".join(CHOICES[column].values)})


READERS: Mapping[str, Callable[[Row, str], Any]] = {
    "sku": read_sku,
    "name": _text,
    "description": _text,
    "kind": _choice,
    "category": _path,
    "unit": _text,  # read with the units at hand
    "barcode": _barcode,
    "shelf_life_days": _days,
    "sell_policy": _choice,
    **dict.fromkeys(FLAGS, _flag),
    "allergens": _allergens,
    "tags": _tags,
    "tax_rate": _percentage,
    "icon": _text,
    "variant_of": read_sku,
    "axes": _codes,
    "packs": read_packs,
    "parts": read_parts,
    "media": read_media,
}
