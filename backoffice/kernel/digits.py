"""Digits in the active language. What a language writes is looked up once, not for every number on a page."""

from decimal import Decimal
from functools import lru_cache

from django.utils.formats import get_format
from django.utils.translation import get_language

MINUS = "\N{MINUS SIGN}"


@lru_cache(maxsize=32)
def _marks(language: str | None) -> dict[int, str]:
    marks = {",": str(get_format("THOUSAND_SEPARATOR")), ".": str(get_format("DECIMAL_SEPARATOR")), "-": MINUS}
    return str.maketrans(marks)


def written(amount: Decimal, places: int | None = None) -> str:
    """`amount` with grouped digits; with `places` decimals, else with those it has, zeros at the end dropped."""
    if places is None:
        plain = f"{amount:,f}"
        if "." in plain:
            plain = plain.rstrip("0").rstrip(".")
    else:
        plain = f"{amount:,.{places}f}"
    if not amount:
        plain = plain.lstrip("-")
    return plain.translate(_marks(get_language()))
