"""Cells that hold several things: packs, parts of a bundle, pictures and videos, values of attributes.

What is written here is read back by the same grammar, in either number style.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.catalog import values
from apps.catalog.codes import clean_barcode, clean_sku, validate_barcode
from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Attribute, ProductUnit
from backoffice.kernel import outward
from backoffice.kernel.text import fold
from backoffice.transfers.rows import BadCell, DecimalStyle, Row, composed, read_decimal, write_decimal

from .columns import CLEAR, plain_number

Packs = dict[str, list[str]]  # name → its quantity as text, its barcode, "~" when that is about
SaidPacks = dict[str, tuple[str, str | None, str]]  # the same as read; no barcode: it stays
TEXTS = frozenset({"name", "description", "icon"})
VIDEO = "video:"
APPROXIMATE = "~"
MOST_PARTS = 100
LONGEST_NAME = 40
PACKS = "sack 25 kg = 25; box = 6 [7898912340122]"
PARTS = "SH-JAM = 2; SH-BEAN = 1"
# name = quantity, perhaps about, perhaps with a barcode; the next one follows a semicolon
ENTRY = re.compile(
    r"\s*(?P<name>\S.*?)\s*=\s*(?P<about>~?)\s*(?P<number>[\d.,]+(?:/\d+)?)\s*(?:\[(?P<code>[^\[\]]*)\]\s*)?(?:;|\Z)",
    re.DOTALL,
)


# --- packs --------------------------------------------------------------------------------------------------------
def plain_packs(packs: Iterable[ProductUnit]) -> Packs:
    """Packs in the words of the file."""
    return {pack.name: plain_pack(pack) for pack in sorted(packs, key=lambda pack: (pack.ratio, pack.name))}


def plain_pack(pack: ProductUnit) -> list[str]:
    """One pack without its name."""
    ratio = Decimal(pack.numerator) / Decimal(pack.denominator)
    exact = Fraction(ratio) == pack.ratio
    text = plain_number(ratio) if exact else f"{pack.numerator}/{pack.denominator}"
    return [text, pack.barcode, APPROXIMATE if pack.is_approximate else ""]


def ratio_of(text: str) -> tuple[int, int]:
    """The quantity of a pack as whole numbers."""
    ratio = Fraction(text)
    return ratio.numerator, ratio.denominator


def say_packs(packs: Mapping[str, list[str]], style: DecimalStyle) -> str:
    return "; ".join(
        f"{name} = {about}{_number(quantity, style)}" + (f" [{barcode}]" if barcode else "")
        for name, (quantity, barcode, about) in packs.items()
    )


def read_packs(row: Row, column: str) -> SaidPacks:
    """Raises BadCell when the cell does not follow the grammar. Empty brackets take a barcode away."""
    found: SaidPacks = {}
    for name, about, quantity, barcode in _entries(row, column, PACKS):
        if ";" in name or "=" in name:
            raise BadCell(column, _("“%(part)s” cannot be read.") % {"part": name}, _("Write: ") + PACKS)
        if len(name) > LONGEST_NAME:
            raise BadCell(column, _("At most %(longest)d characters are possible here.") % {"longest": LONGEST_NAME})
        if fold(name) in map(fold, found):
            raise BadCell(column, _("The pack “%(name)s” is named twice.") % {"name": name})
        found[name] = quantity, None if barcode is None else _barcode(barcode, column), about
    return found


# --- parts --------------------------------------------------------------------------------------------------------
def say_parts(parts: Mapping[str, str], style: DecimalStyle) -> str:
    return "; ".join(f"{sku} = {_number(quantity, style)}" for sku, quantity in parts.items())


def read_parts(row: Row, column: str) -> dict[str, str]:
    """Quantities as text by SKU. Raises BadCell."""
    found: dict[str, str] = {}
    for name, about, quantity, code in _entries(row, column, PARTS):
        sku = clean_sku(name)
        if about or code is not None or "/" in quantity:
            raise BadCell(column, _("“%(part)s” is no part.") % {"part": sku}, _("Write: ") + PARTS)
        if sku.lower() in map(str.lower, found):
            raise BadCell(column, _("The part %(sku)s is named twice.") % {"sku": sku})
        found[sku] = quantity
    return found


def _entries(row: Row, column: str, example: str) -> Iterable[tuple[str, str, str, str | None]]:
    # Single blanks only: the pattern may try each place for a name's end, and must not walk over thousands each time.
    text, place = " ".join(row.text(column).split()).rstrip(";"), 0
    count = 0
    while place < len(text):
        count += 1
        if count > MOST_PARTS:
            raise BadCell(column, _("At most %(most)d of them fit into a cell.") % {"most": MOST_PARTS})
        match = ENTRY.match(text, place)
        quantity = _quantity(match["number"], row.style) if match else ""
        if not match or not quantity:
            part = text[place:].partition(";")[0].strip()
            raise BadCell(column, _("“%(part)s” cannot be read.") % {"part": part}, _("Write: ") + example)
        yield " ".join(match["name"].split()), match["about"], quantity, match["code"]
        place = match.end()


def _quantity(text: str, style: DecimalStyle) -> str:
    """The number without needless zeros; nothing when it is none, or not above zero, or too fine."""
    over, _stroke, under = text.partition("/")
    try:
        number = read_decimal(over, style)
    except ValueError:
        return ""
    if number <= 0 or number >= 10**12 or number != round(number, 6) or (under and not int(under)):
        return ""
    return f"{plain_number(number)}/{int(under)}" if under else plain_number(number)


def _number(text: str, style: DecimalStyle) -> str:
    return text if "/" in text else write_decimal(Decimal(text), style)


def _barcode(text: str, column: str) -> str:
    barcode = clean_barcode(text)
    if len(barcode) > LONGEST_NAME:
        raise BadCell(column, _("At most %(longest)d characters are possible here.") % {"longest": LONGEST_NAME})
    return check_barcode(barcode, column)


def check_barcode(barcode: str, column: str) -> str:
    """The barcode itself. Raises BadCell when its check digit is wrong."""
    try:
        validate_barcode(barcode)
    except ValidationError as error:
        raise BadCell(column, error.messages[0]) from error
    return barcode


# --- pictures and videos ------------------------------------------------------------------------------------------
def read_media(row: Row, column: str) -> list[str]:
    """Addresses as they are kept, those of videos with their mark. Raises BadCell when one is none."""
    found = []
    for text in row.text(column).split():
        mark = VIDEO if text.startswith(VIDEO) else ""
        try:
            found.append(mark + outward.clean(text.removeprefix(mark)))
        except outward.Unreachable as error:
            raise BadCell(column, error.message, text[:100]) from error
        if mark and not text.startswith(VIDEO + "https://"):
            raise BadCell(column, _("The address of a video begins with https://."), text[:100])
    return list(dict.fromkeys(found))


# --- attributes ---------------------------------------------------------------------------------------------------
def read_attribute(row: Row, column: str, attribute: Attribute) -> object:
    """The value of a cell that says something, as products keep it. Raises BadCell."""
    kinds = Attribute.Type
    value: object
    if attribute.type == kinds.BOOLEAN:
        return row.flag(column)
    if attribute.type == kinds.DATE:
        value = row.date(column)
    elif attribute.type == kinds.NUMBER:
        value = str(row.decimal(column))
    elif attribute.type == kinds.SELECT:
        value = _option(attribute, row.text(column), column)
    elif attribute.type == kinds.MULTISELECT:
        value = [_option(attribute, part, column) for part in row.text(column).split(",") if part.strip()]
    else:
        value = row.text(column)
    try:
        return values.clean(attribute, value)
    except InvalidProduct as error:
        raise BadCell(column, error.message) from error


def say_attribute(attribute: Attribute, value: object, style: DecimalStyle) -> str:
    """The value as a cell that is read back as the same one; "" for nothing."""
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if attribute.type == Attribute.Type.NUMBER:
        return write_decimal(Decimal(str(value)), style)
    if isinstance(value, list):
        return ", ".join(_word(attribute, code) for code in value)
    return _word(attribute, str(value)) if attribute.has_options else str(value)


def _option(attribute: Attribute, text: str, column: str) -> str:
    words = " ".join(text.split())
    code = _options(*_pairs(attribute)).get(fold(words))
    if code is None:
        names = ", ".join(attribute.option_names.values())
        sentence = _("“%(value)s” is no choice of %(name)s.") % {"value": words, "name": attribute.name}
        raise BadCell(column, sentence, _("Known: ") + names)
    return code


def _word(attribute: Attribute, code: str) -> str:
    """A choice's name, or its code where the name would be read as another choice or as two."""
    name = attribute.option_names.get(code, code)
    said = _options(*_pairs(attribute)).get(fold(name))
    return name if said == code and "," not in name and name != "-" else code


def _pairs(attribute: Attribute) -> tuple[tuple[str, str], ...]:
    return tuple((option["code"], option["name"]) for option in attribute.options)


@lru_cache(maxsize=256)
def _options(*options: tuple[str, str]) -> dict[str, str]:
    """Codes by what people may write for them; codes go before names."""
    return {fold(name): code for code, name in options} | {fold(code): code for code, _name in options}


# --- comparing ---------------------------------------------------------------------------------------------------
def same(name: str, value: object, now: object) -> bool:
    """Whether the cell says what is there already, as far as a file can say it."""
    if value == now:
        return True
    if isinstance(now, str) and isinstance(value, str):
        if name == "variant_of":
            return value.lower() == now.lower()
        # Files lose blanks around a text, how its lines end and how its accents are put together; and "-" cannot be
        # said, because it clears.
        return name in TEXTS and (_lines(value) == _lines(now) or (not value and now == CLEAR))
    if name == "tags" and isinstance(value, list) and isinstance(now, list):
        return [composed(tag) for tag in value] == [composed(tag) for tag in now if now != [CLEAR]]
    return False


def same_value(value: object, now: object) -> bool:
    """Whether an attribute has this value. Several choices have no order: that of the attribute may have changed."""
    if isinstance(value, list) and isinstance(now, list):
        return set(value) == set(now)
    return value == now or (isinstance(value, str) and same("name", value, now))


def _lines(text: str) -> list[str]:
    return composed(text).strip().replace("\r\n", "\n").replace("\r", "\n").split("\n")


def merged(now: Packs, said: SaidPacks) -> Packs:
    """The packs with those that the file names; case makes no other pack. A pack keeps a barcode that is not named."""
    found = dict(now)
    names = {fold(name): name for name in now}
    for name, pack in said.items():
        kept = names.get(fold(name), name)
        quantity, barcode, about = pack
        found[kept] = [quantity, barcode if barcode is not None else now[kept][1] if kept in now else "", about]
    return found


def folded(parts: Mapping[str, str]) -> dict[str, str]:
    """Case makes no other part."""
    return {sku.lower(): quantity for sku, quantity in parts.items()}
