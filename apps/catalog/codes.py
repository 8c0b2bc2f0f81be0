"""SKU, barcode and search text: how the catalogue's codes are cleaned, checked and folded."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Printable ASCII without outer or double spaces: lower() then means the same to both databases and to Python.
SKU = re.compile(r"[!-~]+(?: [!-~]+)*\Z")
GTIN_LENGTHS = {8, 12, 13, 14}


def clean_sku(text: str) -> str:
    """The SKU as it is kept: outer blanks gone, inner ones single."""
    return " ".join(text.split())


def clean_barcode(text: str) -> str:
    """The barcode as it is kept: a number that was typed in groups loses its blanks and hyphens."""
    text = text.strip()
    digits = re.sub(r"[\s-]", "", text)
    return digits if digits.isascii() and digits.isdigit() else text


def validate_sku(value: str) -> None:
    if not SKU.match(value):
        raise ValidationError(
            _("A SKU is made of plain letters, digits and signs, without accents."), code="invalid_sku"
        )


def looks_like_gtin(value: str) -> bool:
    """Eight, twelve, thirteen or fourteen digits: what scanners read as GTIN."""
    return value.isascii() and value.isdigit() and len(value) in GTIN_LENGTHS


def gtin_check_digit(body: str) -> int:
    """The last digit of a GTIN whose other digits are `body`."""
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -weighed % 10


def validate_barcode(value: str) -> None:
    """Codes of the house may be anything; what looks like a GTIN must be one, else a scanner refuses it."""
    if looks_like_gtin(value) and int(value[-1]) != gtin_check_digit(value[:-1]):
        raise ValidationError(
            _("The check digit of this barcode should be %(digit)s: was a digit mistyped?"),
            code="invalid_gtin",
            params={"digit": gtin_check_digit(value[:-1])},
        )
