"""The codes that lots get by themselves, by the house's pattern."""

import re
from datetime import date
from itertools import count

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadPattern
from apps.inventory.models import Lot, StockPolicy
from backoffice.kernel.compiled import Compiled

LETTERS = 26
LONGEST = 60
PART = re.compile(r"\{([^{}]*)\}")
PARTS = ("sku", "year", "month", "day", "week", "letter", "number")
COUNTED = ("letter", "number")

_PATTERN = Compiled(lambda pk: StockPolicy.objects.filter(pk=pk).values_list("lot_pattern", flat=True))
_TAKEN = Compiled(
    lambda product, codes: Lot.objects.filter(product_id=product, code__in=codes).values_list("code", flat=True)
)


def next_code(product: Product, day: date) -> str:
    """The next free code of the house's pattern, for example `CROI-261123-B`. Call under the product's lock."""
    pattern = (_PATTERN(StockPolicy.PK) or [StockPolicy.LOT_PATTERN])[0]
    # Asked by name, a handful at a time: a search by the stem would read every lot that the product ever had.
    for start in count(step=LETTERS):
        codes = [code_of(pattern, product.sku, day, position) for position in range(start, start + LETTERS)]
        taken = set(_TAKEN(product.pk, codes))
        if free := [code for code in codes if code not in taken]:
            return free[0]
    raise AssertionError("unreachable")


def code_of(pattern: str, sku: str, day: date, position: int) -> str:
    """The code of the lot at that position of the day: 0 is A or 1. A long SKU is cut so that the code fits."""
    values = {
        "year": f"{day:%y}",
        "month": f"{day:%m}",
        "day": f"{day:%d}",
        "week": f"{day.isocalendar().week:02d}",
        "letter": _letters(position),
        "number": str(position + 1),
    }
    rest = PART.sub(lambda part: values.get(part[1], ""), pattern)
    values["sku"] = sku[: max(LONGEST - len(rest), 0)]
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
            % {"part": unknown[0] if unknown else "{", "parts": ", ".join(f"{{{part}}}" for part in PARTS)}
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
