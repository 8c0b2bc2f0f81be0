"""Bars by letters: honest heights, and a font that draws what the letters say."""

from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from backoffice.testing import bars_font
from backoffice.ui import bars

ENDS = st.lists(st.integers(0, 10**12), min_size=bars.COUNT, max_size=bars.COUNT)


def _heights(drawn):
    return [bars.BARS.index(letter) for letter in drawn.split("data-d=")[1][: bars.COUNT]]


def _line(drawn):
    return bars.LINES.index(drawn.split(">")[0][-1]) if "-m=" in drawn or "-w=" in drawn else None


@given(ENDS, st.one_of(st.none(), st.integers(1, 10**12)))
def test_heights_are_honest(values, minimum):
    drawn = bars.drawn(values, minimum=minimum)
    heights, line = _heights(drawn), _line(drawn)
    assert [height > 0 for height in heights] == [value > 0 for value in values]
    top = max(*values, minimum or 0)
    near = 2 * top if line == 2 else top
    assert all(abs(height * top - value * bars.TOP) <= near for height, value in zip(heights, values, strict=True))
    assert [a <= b for a, b in zip(sorted(values), sorted(values)[1:], strict=False)] == [
        a <= b for a, b in zip(sorted(heights), sorted(heights)[1:], strict=False)
    ]
    if minimum:
        assert [height < line for height in heights] == [value < minimum for value in values]
        assert ("data-w=" in drawn) == (values[-1] < minimum)


def test_all_there_is_is_the_highest_and_nothing_is_flat():
    assert bars.drawn([0] * 14) == "<i data-d=aaaaaaaaaaaaaa></i>"
    assert bars.drawn([7] * 14, said="<7>") == "<i data-d=uuuuuuuuuuuuuu>&lt;7&gt;</i>"
    assert bars.drawn([0] * 13 + [1], minimum=10**9) == "<i data-d=aaaaaaaaaaaaab data-w=U></i>"


@pytest.mark.parametrize("made", [False, True])
def test_the_font_draws_a_letter_as_high_as_it_says(made):
    file = Path(settings.BASE_DIR) / "static" / "fonts" / "bars.woff"
    if made:
        file = BytesIO()
        bars_font.build().save(file)
        file.seek(0)
    font = TTFont(file)
    point, glyphs = font["head"].unitsPerEm // bars_font.SIZE, font["glyf"]
    for level, (bar, line) in enumerate(zip(bars.BARS, bars.LINES, strict=True)):
        assert (glyphs[bar].yMin, glyphs[bar].yMax) == (0, (level + 1) * point)
        assert (glyphs[line].yMin, glyphs[line].yMax) == (level * point, (level + 1) * point)
        assert (font["hmtx"][bar][0], font["hmtx"][line][0]) == (bars_font.STEP * point, 0)
        assert glyphs[line].xMax > (bars.COUNT - 1) * bars_font.STEP * point
