"""What makers print on their boxes: GS1 elements, each behind the number that says what it is.

They come as people read them, `(01)09506000134352(10)ABC`, or as scanners send them: without brackets, an element of no
fixed length ended by the sign FNC1, and the kind of symbol in front where the scanner is told to say it.
"""

import re
from datetime import date
from decimal import Decimal

BRACKETED = re.compile(r"\((\d{2,4})\)(.*?)(?=\(\d{2,4}\)|$)", re.DOTALL)
SYMBOL = re.compile(r"^\][A-Za-z][0-9A-Za-z](?=.)")
OF_GS1 = ("]C1", "]e0", "]d2", "]Q3", "]J1")
# FNC1 arrives as the sign of groups, or as what scanners are told to type for it; who types the code leaves blanks.
FNC1 = re.compile(r"<GS>|\{GS\}|[\x1d\u241d]", re.IGNORECASE)
BLANK = re.compile(r"\s+")
END = "\x1d"

ARTICLES = ("01", "02")
DIGITS_OF_AN_ARTICLE = 14
# How many digits say what an element is, and how many signs it has where that is fixed, by its first two digits.
LONG_NAMES = {
    **dict.fromkeys(("23", "24", "25", "40", "41", "42", "71"), 3),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36", "39", "43", "70", "72", "80", "81", "82"), 4),
}
FIXED = {
    "00": 18, "01": 14, "02": 14, "03": 14, "20": 2, "41": 13,
    **dict.fromkeys(("11", "12", "13", "15", "16", "17", "31", "32", "33", "34", "35", "36"), 6),
}  # fmt: skip
SHORT_NAMES = {"00", "01", "02", "03", "10", "11", "12", "13", "15", "16", "17", "20", "21", "22", "30", "37"} | {
    str(own) for own in range(90, 100)
}
MOST = {"10": 20, "21": 20, "22": 20, "30": 8, "37": 8}
MOST_OF_OTHERS = 90


def elements(text: str) -> dict[str, str]:
    """The elements by what they are, for example {"01": …, "10": …}; {} for a text that is no GS1 code.

    Without brackets and without a sign that it is one, only a code that begins with an article whose check digit is
    right, and that can be read to its end, is taken for one: a long number of the house stays what it is.
    """
    text, symbol = plain(text), text.strip()[:3]
    if text.startswith("("):
        return {name: value.strip() for name, value in BRACKETED.findall(text)}
    rest = FNC1.sub(END, text)
    said = symbol in OF_GS1 or END in rest
    rest = (rest if said else BLANK.sub(END, rest)).strip(END)
    found: dict[str, str] = {}
    while rest:
        element = _first(rest)
        if element is None:
            return found if said else {}
        name, value, rest = element
        found.setdefault(name, value)
    return found if said or (text[:2] in ARTICLES and is_article(found.get(text[:2], ""))) else {}


def plain(text: str) -> str:
    """The text without the kind of symbol that a scanner put in front of it."""
    return SYMBOL.sub("", text.strip(), count=1)


def _first(text: str) -> tuple[str, str, str] | None:
    """What the first element is, its value, and what follows it; None where it is no element."""
    kind = text[:2]
    name = text[: LONG_NAMES.get(kind, 2)]
    if not (kind in LONG_NAMES or kind in SHORT_NAMES) or not (name.isascii() and name.isdigit()):
        return None
    rest = text[len(name) :]
    if length := FIXED.get(kind):
        value, rest = rest[:length], rest[length:]
        fits = len(value) == length and value.isascii() and value.isdigit()
    else:
        value, _end, rest = rest.partition(END)
        fits = 0 < len(value) <= MOST.get(name, MOST_OF_OTHERS)
    return (name, value, rest.lstrip(f"{END} ")) if fits else None


def is_article(digits: str) -> bool:
    """Fourteen digits of which the last is the right check digit."""
    if len(digits) != DIGITS_OF_AN_ARTICLE or not (digits.isascii() and digits.isdigit()):
        return False
    return sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(digits)) % 10 == 0


def day(text: str) -> date | None:
    """YYMMDD; day 00 is the last of the month."""
    if not re.fullmatch(r"[0-9]{6}", text.strip()):
        return None
    year, month, number = 2000 + int(text[:2]), int(text[2:4]), int(text[4:6])
    try:
        if number:
            return date(year, month, number)
        following = date(year + month // 12, month % 12 + 1, 1)
        return date.fromordinal(following.toordinal() - 1)
    except ValueError:
        return None


def kilograms(parts: dict[str, str]) -> Decimal | None:
    """The net weight (310x, whose last digit counts the decimals); None where none is said."""
    for name, value in parts.items():
        if re.fullmatch(r"310[0-5]", name) and re.fullmatch(r"[0-9]{6}", value):
            return Decimal(value).scaleb(-int(name[3])) or None
    return None


def number(text: str) -> Decimal | None:
    """A count of pieces, above nothing."""
    return (Decimal(text) or None) if re.fullmatch(r"[0-9]{1,8}", text) else None
