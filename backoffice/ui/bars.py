"""Bars in a cell of a list, a letter for each: two dozen bytes for what is a picture of a kilobyte as SVG.

The font `static/fonts/bars.woff` (made by `backoffice.testing.bars_font`) draws a small letter as a bar and a capital
as a dashed line over all of them. Being text, bars take the colours of the page, dark or light, and are printed. The
style sheet draws them from an attribute, so that nobody is read letters: what the cell says is beside them in words.
"""

from collections.abc import Sequence

from django.utils.html import escape
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
    top = max(*values, minimum or 0, 1)
    heights = [(value * TOP + top // 2) // top or (value > 0) for value in values]
    line = ""
    if minimum:
        level = max((minimum * TOP + top // 2) // top, 1)
        heights = [
            (height if height < level else level - 1) if value < minimum else max(height, level)
            for height, value in zip(heights, values, strict=True)
        ]
        line = f" data-{'w' if values[-1] < minimum else 'm'}={LINES[level]}"
    letters = "".join([BARS[height] for height in heights])
    return SafeString(f"<i data-d={letters}{line}>{escape(said)}</i>")
