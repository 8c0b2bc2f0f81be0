"""Codes that a scanner reads, as inline SVG with geometry in attributes: QR by segno, Code 128 by hand."""

from functools import lru_cache
from io import BytesIO

import segno
from django.utils.html import escape
from django.utils.safestring import SafeString

# Code 128: the widths of bar, space, bar, space, bar, space of each symbol 0…105; then stop with its last bar.
_SYMBOLS = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
]
_STOP = "2331112"
_START_B, _START_C, _TO_B, _TO_C = 104, 105, 100, 99
QUIET = 10
DOTS = 8  # of a thermal printer in a millimetre: 203 in an inch
THIN, THICK = 190, 3  # the thinnest bar: at least so many micrometres, and at most so many of those dots


def is_printable(text: str) -> bool:
    """Whether a barcode can hold the text: printable ASCII, and not nothing."""
    return bool(text) and all(32 <= ord(char) <= 126 for char in text)


def code128(text: str) -> list[int]:
    """The symbols' values for the text, from start to check symbol. Pairs of digits are packed (set C).

    Raises ValueError for an empty text or a character outside printable ASCII.
    """
    if not is_printable(text):
        raise ValueError("A barcode holds printable ASCII only.")
    values: list[int] = []
    packed = False
    index = 0
    while index < len(text):
        digits = _digits_from(text, index)
        worth_it = (digits >= 4 and digits % 2 == 0) or (index == 0 and digits == len(text) == 2)
        if not packed and worth_it:
            values.append(_TO_C if values else _START_C)
            packed = True
        if packed and digits >= 2:
            values.append(int(text[index : index + 2]))
            index += 2
            continue
        if packed or not values:
            values.append(_TO_B if values else _START_B)
            packed = False
        values.append(ord(text[index]) - 32)
        index += 1
    check = (values[0] + sum(place * value for place, value in enumerate(values[1:], 1))) % 103
    return [*values, check]


def _digits_from(text: str, index: int) -> int:
    count = 0
    while index + count < len(text) and text[index + count].isdigit():
        count += 1
    return count


@lru_cache(maxsize=256)
def barcode(text: str, css: str = "bars", room: int = 0) -> SafeString:
    """Code 128 of the text, with its quiet zones; stretches to the box that the class gives it.

    With `room`, in millimetres, it is at most that wide and its bars are whole dots of a thermal printer (203 a inch),
    as long as they fit. Nothing for a text that would get too thin for a scanner, or that the code has no signs for (a
    lot named with an accent): the words and the QR code beside it still say it.
    """
    if not is_printable(text):
        return SafeString("")
    pattern = "".join(_SYMBOLS[value] for value in code128(text)) + _STOP
    bars: list[str] = []
    x = QUIET
    for place, width in enumerate(map(int, pattern)):
        if place % 2 == 0:
            bars.append(f'<rect x="{x}" y="0" width="{width}" height="50"/>')
        x += width
    size = ""
    if room:
        modules = x + QUIET
        if room * 1000 < modules * THIN:
            return SafeString("")
        dots = min(room * DOTS // modules, THICK)
        size = f' width="{f"{dots * modules / DOTS:.3f}" if dots > 1 else room}mm"'
    return SafeString(
        f'<svg class="{escape(css)}"{size} viewBox="0 0 {x + QUIET} 50" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(text)}" shape-rendering="crispEdges" fill="currentColor">{"".join(bars)}</svg>'
    )


@lru_cache(maxsize=256)
def qr(text: str, css: str = "qr") -> SafeString:
    """A QR code of the text with its quiet zone, error correction M."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=4, svgclass=css, lineclass=None, title=text
    )
    return SafeString(out.getvalue().decode())
