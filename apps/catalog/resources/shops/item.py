"""A product as another shop's file tells it, in the words of our own file where there are any."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from apps.catalog.codes import SKU, clean_barcode, clean_sku, looks_like_gtin, validate_barcode
from apps.catalog.models import Product
from backoffice.transfers.rows import BadCell, Row

LONGEST_SKU = 40
LONGEST_DESCRIPTION = 4000


@dataclass(slots=True)
class Offer:
    """What a product costs: always, and for a while."""

    regular: Decimal | None = None
    sale: Decimal | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(slots=True)
class Item:
    """One product, variant or product with variants. `cells` are those of our own file, attributes and prices apart."""

    row: Row
    sku: str
    cells: dict[str, str]
    lines: int = 1  # of the file, for the progress
    category: str = ""
    parent: str = ""  # the SKU of the product that this is a variant of
    has_variants: bool = False
    attributes: dict[str, list[str]] = field(default_factory=dict)  # values by the attribute's name
    offer: Offer | None = None
    pictures: list[tuple[str, str]] = field(default_factory=list)  # address, description
    wrong: list[BadCell] = field(default_factory=list)
    odd_barcode: bool = False
    is_homeless: bool = False  # the file names no category
    more: Sequence[Row] = ()  # further lines of the file that only say something about it


class Line(Row):
    """A line of another shop in the columns of our own file."""

    __slots__ = ("item",)

    def __init__(self, item: Item, cells: Mapping[str, str]) -> None:
        super().__init__(item.row.line, cells, values=item.row.values, style=item.row.style, flaw=item.row.flaw)
        self.item = item

    @property
    def lines(self) -> int:
        """How many lines of the file this one is made of."""
        return self.item.lines

    def has(self, column: str) -> bool:
        """Any column may be made of what the other shop says."""
        return True


def key(text: str) -> str:
    """A SKU made of a text that may be too long for one, or have other letters: always the same for the same text."""
    sku = clean_sku(text)
    if SKU.match(sku) and len(sku) <= LONGEST_SKU:
        return sku
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{slugify(text)[: LONGEST_SKU - 9].strip('-') or 'item'}-{digest}"


def barcode(item: Item, text: str) -> None:
    """Take the barcode over, unless it only looks like one: a scanner would refuse it."""
    code = clean_barcode(text.lstrip("'"))
    if not code or code == "-":
        return
    try:
        validate_barcode(code)
    except ValidationError:
        item.odd_barcode = looks_like_gtin(code)
        return
    item.cells["barcode"] = code


def no_goods(item: Item) -> None:
    """A service, a voucher, a file to load down; a variant of one is at least never sold out."""
    if item.parent:
        item.cells["sell_policy"] = Product.SellPolicy.ON_DEMAND
    else:
        item.cells["kind"] = Product.Kind.VIRTUAL


def shortened(text: str) -> str:
    """A description within what we keep, ended at a word."""
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return text[: LONGEST_DESCRIPTION - 2].rsplit(None, 1)[0] + " …"


def flag(value: bool) -> str:
    return "yes" if value else "no"


def listed(values: Sequence[str]) -> str:
    """Values as a cell that is parted by commas; each once, whatever case."""
    found: dict[str, str] = {}
    for value in values:
        words = " ".join(value.replace(",", " ").split())
        if words:
            found.setdefault(words.casefold(), words)
    return ", ".join(found.values())
