"""Makes the font of `backoffice.ui.bars`: python -m backoffice.testing.bars_font

Drawn at 24 px each of its points is a pixel: bars of 4 px with 1 px between them, 1 to 21 px high. A line over all bars
is a sign of its own that takes no room.
"""

from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from backoffice.ui.bars import BARS, COUNT, LINES

FILE = Path(__file__).resolve().parents[2] / "static" / "fonts" / "bars.woff"
SIZE, POINT = 24, 50
WIDE, STEP, DASH = 4, 5, 3
ASCENT = 22


def build() -> Any:
    """The font, the same each time."""
    bars = {sign: _drawn([(0, 0, WIDE, level + 1)]) for level, sign in enumerate(BARS)}
    lines = {
        sign: _drawn([(left, level, left + DASH, level + 1) for left in range(0, COUNT * STEP - 1, STEP)])
        for level, sign in enumerate(LINES)
    }
    glyphs = {".notdef": _drawn([]), **bars, **lines}
    font = FontBuilder(SIZE * POINT, isTTF=True)
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap({ord(sign): sign for sign in (*bars, *lines)})
    font.setupGlyf(glyphs)
    font.setupHorizontalMetrics({sign: (STEP * POINT if sign in bars else 0, 0) for sign in glyphs})
    up, down = ASCENT * POINT, (SIZE - ASCENT) * POINT
    font.setupHorizontalHeader(ascent=up, descent=-down)
    font.setupNameTable({"familyName": "Bars", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=up, sTypoDescender=-down, sTypoLineGap=0, usWinAscent=up, usWinDescent=down)
    font.setupPost()
    font.updateHead(created=0, modified=0)
    font.font.recalcTimestamp = False
    font.font.flavor = "woff"
    return font.font


def _drawn(boxes: list[tuple[int, int, int, int]]) -> Any:
    pen = TTGlyphPen(None)
    for left, bottom, right, top in boxes:
        pen.moveTo((left * POINT, bottom * POINT))
        for x, y in ((left, top), (right, top), (right, bottom)):
            pen.lineTo((x * POINT, y * POINT))
        pen.closePath()
    return pen.glyph()


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    build().save(FILE)
