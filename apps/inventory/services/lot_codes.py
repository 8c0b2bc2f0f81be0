"""The codes that lots get by themselves, by the house's pattern."""

import re
from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadPattern
from apps.inventory.models import Lot, StockPolicy
from backoffice.kernel.compiled import Compiled

LETTERS = 26
MOST_LEAPS = 24
LONGEST = 60
PART = re.compile(r"\{([^{}]*)\}")
PARTS = ("sku", "year", "month", "day", "week", "letter", "number")
COUNTED = ("letter", "number")

_PATTERN = Compiled(lambda pk: StockPolicy.objects.filter(pk=pk).values_list("lot_pattern", flat=True))
_TAKEN = Compiled(lambda codes: Lot.objects.filter(code__in=codes).values_list("code", flat=True))


def next_code(product: Product, day: date) -> str:
    """The next free code of the house's pattern, for example `CROI-261123-B`. Call under the product's lock.

    No lot of any product has it, so that a scanner finds one: a pattern may leave the SKU out. Two products that get
    lots at the very same moment may still share such a code; the lots of one product never do.
    """
    pattern = (_PATTERN(StockPolicy.PK) or [StockPolicy.LOT_PATTERN])[0]
    # Asked by name, a handful at a time: a search by the stem would read every lot that the product ever had.
    free = _first_free(pattern, product.sku, day, range(LETTERS))
    return code_of(pattern, product.sku, day, _far(pattern, product.sku, day) if free is None else free)


def _far(pattern: str, sku: str, day: date) -> int:
    """Where the codes of a day with many go on: found in leaps, not one by one. Raises BadPattern without one."""
    leaps = [LETTERS << power for power in range(MOST_LEAPS)]
    free = _first_free(pattern, sku, day, leaps)
    if free is None:
        raise BadPattern(_("Every code of the pattern “%(pattern)s” is taken. Change it.") % {"pattern": pattern})
    taken = max([LETTERS - 1, *(place for place in leaps if place < free)])
    while free - taken > 1:
        step = max((free - taken) // LETTERS, 1)
        between = range(taken + step, free, step)
        found = _first_free(pattern, sku, day, between)
        taken, free = (between[-1], free) if found is None else (found - step, found)
    return free


def _first_free(pattern: str, sku: str, day: date, positions: Sequence[int]) -> int | None:
    """The first of the positions whose code no lot has. One query."""
    codes = {position: code_of(pattern, sku, day, position) for position in positions}
    taken = set(_TAKEN(list(codes.values())))
    return next((position for position, code in codes.items() if code not in taken), None)


def code_of(pattern: str, sku: str, day: date, position: int) -> str:
    """The code of the lot at that position of the day: 0 is A or 1. A long SKU is cut so that the code fits.

    With the week alone the year is the one that the week belongs to: 1 January 2027 is in week 53 of 2026.
    """
    year = day.isocalendar().year if "{week}" in pattern and "{month}" not in pattern else day.year
    values = {
        "year": f"{year % 100:02d}",
        "month": f"{day:%m}",
        "day": f"{day:%d}",
        "week": f"{day.isocalendar().week:02d}",
        "letter": _letters(position),
        "number": str(position + 1),
    }
    rest = PART.sub(lambda part: values.get(part[1], ""), pattern)
    values["sku"] = sku[: max(LONGEST - len(rest), 0) // max(pattern.count("{sku}"), 1)]
    return PART.sub(lambda part: values[part[1]], pattern)[:LONGEST]


def check(pattern: str) -> str:
    """The pattern, trimmed. Raises BadPattern when it names what there is not, or would give every lot one code."""
    pattern = pattern.strip()
    named = PART.findall(pattern)
    unknown = sorted({part for part in named if part not in PARTS})
    rest = PART.sub("", pattern)
    if unknown or "{" in rest or "}" in rest:
        raise BadPattern(
            _("“%(part)s” is not known. There are %(parts)s.")
            % {
                "part": unknown[0] if unknown else "{" if "{" in rest else "}",
                "parts": ", ".join(f"{{{part}}}" for part in PARTS),
            }
        )
    if not any(part in COUNTED for part in named):
        raise BadPattern(_("With {letter} or {number} in it two lots of one day differ."))
    return pattern


def _letters(position: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, LETTERS)
        text = chr(ord("A") + rest) + text
    return text
