"""Bars in a cell of a list, a letter for each: two dozen bytes for what is a picture of a kilobyte as SVG.

The font `static/fonts/bars.woff` (made by `backoffice.testing.bars_font`) draws a small letter as a bar and a capital
as a dashed line over all of them. Being text, bars take the colours of the page, dark or light, and are printed. The
style sheet draws them from an attribute, so that nobody is read letters: what the cell says is beside them in words.
"""

from collections.abc import Sequence
from html import escape as quote

from django.utils.safestring import SafeString

COUNT = 14
BARS, LINES = "abcdefghijklmnopqrstu", "ABCDEFGHIJKLMNOPQRSTU"
TOP = len(BARS) - 1


def drawn(values: Sequence[int], *, minimum: int | None = None, said: str = "") -> SafeString:
    """The values, none below zero, as bars from the oldest to the newest; `said` is what they mean, for who cannot see
    them. Heights are shares of the highest of all, the minimum too.

    What is there is never drawn as nothing, and what is below the minimum always below its line; when the last one is,
    the bars are a warning.
    """
    top = max(values)
    if not minimum:
        top = top or 1
        half = top // 2
        letters = "".join([BARS[(value * TOP + half) // top or value > 0] for value in values])
        return SafeString(f"<i data-d={letters}>{quote(said)}</i>")
    top = max(top, minimum)
    half = top // 2
    level = max((minimum * TOP + half) // top, 2)  # so that there is room below it for more than nothing
    heights = [(value * TOP + half) // top or value > 0 for value in values]
    letters = "".join(
        [
            BARS[min(height, level - 1) if value < minimum else max(height, level)]
            for height, value in zip(heights, values, strict=True)
        ]
    )
    mark = "w" if values[-1] < minimum else "m"
    return SafeString(f"<i data-d={letters} data-{mark}={LINES[level]}>{quote(said)}</i>")
