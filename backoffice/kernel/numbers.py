"""Text that people type or files hold, read strictly into a Decimal. What can be read in two ways is refused."""

import re
from decimal import Decimal

from django.utils.formats import get_format
from django.utils.translation import gettext as _

MINUS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " "})


def parse_decimal(text: str, *, decimal_separator: str | None = None) -> Decimal:
    """The number that `text` says, with the decimal separator that a file declares ("." or ","), else the language's.

    Groups of thousands must be complete and written with the other sign. What somebody types is not declared: where the
    separator is a comma, "1.234" could mean either and is refused, while "1.5" can only be a point and is taken.
    Raises ValueError with a sentence for the user.
    """
    separator = decimal_separator or get_format("DECIMAL_SEPARATOR")
    other = "," if separator == "." else "."
    cleaned = text.translate(MINUS).strip().replace(" ", "")
    if not cleaned:
        raise ValueError(_("Enter a number."))
    sep, grp = re.escape(separator), re.escape(other)
    if re.fullmatch(rf"[+-]?(\d+|[1-9]\d{{0,2}}({grp}\d{{3}})+)({sep}\d+)?", cleaned):
        if decimal_separator is None and re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}{grp}\d{{3}}", cleaned):
            raise ValueError(
                _("“%(text)s” can be read in two ways. Write %(plain)s or %(decimal)s.")
                % {"text": text, "plain": cleaned.replace(other, ""), "decimal": cleaned.replace(other, separator)}
            )
        number = cleaned.replace(other, "").replace(separator, ".")
    elif re.fullmatch(rf"[+-]?\d*{sep}\d+", cleaned):
        number = cleaned.replace(separator, ".")
    elif re.fullmatch(rf"[+-]?\d+{grp}\d{{1,2}}|[+-]?\d+{grp}\d{{4,}}|[+-]?0{grp}\d+", cleaned):
        number = cleaned.replace(other, ".")
    else:
        raise ValueError(_("“%(text)s” is not a number.") % {"text": text})
    if len(number) > 30:
        raise ValueError(_("The number is too long."))
    return Decimal(number)
