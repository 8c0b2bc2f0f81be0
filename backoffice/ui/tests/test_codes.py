"""What a scanner must be able to read is read back here."""

import re
from itertools import pairwise

import pytest

from backoffice.ui import codes
from backoffice.ui.codes import _STOP, _SYMBOLS, QUIET


def read(svg):
    """Decode the drawn bars as a scanner does: widths to symbols, check symbol, text."""
    bars = [(int(x), int(w)) for x, w in re.findall(r'<rect x="(\d+)" y="0" width="(\d+)"', svg)]
    total = int(re.search(r'viewBox="0 0 (\d+) 50"', svg)[1])
    assert bars[0][0] == QUIET
    assert total - sum(bars[-1]) == QUIET
    widths = []
    for (x, width), (after, _w) in pairwise([*bars, (sum(bars[-1]), 0)]):
        widths += [width, after - x - width]
    pattern = "".join(map(str, widths[:-1]))
    assert pattern.endswith(_STOP)
    body = pattern.removesuffix(_STOP)
    values = [_SYMBOLS.index(body[at : at + 6]) for at in range(0, len(body), 6)]
    *data, check = values
    assert check == (data[0] + sum(place * value for place, value in enumerate(data[1:], 1))) % 103
    text, packed = "", data[0] == 105
    for value in data[1:]:
        if value == 99 and not packed:
            packed = True
        elif value == 100 and packed:
            packed = False
        else:
            text += f"{value:02d}" if packed else chr(value + 32)
    return text


@pytest.mark.parametrize(
    "text",
    [
        "C-1123-A",
        "12",
        "123",
        "1234",
        "12345",
        "7891000315507",
        "AB123456CD",
        "AB12345",
        "x",
        "1a2b",
        " ~",
        "2026-000123",
    ],
)
def test_a_barcode_says_what_it_was_given(text):
    assert read(codes.barcode(text)) == text


def test_a_known_barcode():
    """The example of the standard's article, whose check symbol is 54 in set A and so 55 in set B."""
    assert codes.code128("PJJ123C") == [104, 48, 42, 42, 17, 18, 19, 35, 55]


def test_digits_are_packed_in_pairs():
    assert len(codes.code128("12345678")) == 1 + 4 + 1


def test_all_symbols_are_eleven_modules_wide_and_different():
    assert len(set(_SYMBOLS)) == 106
    assert {sum(map(int, symbol)) for symbol in _SYMBOLS} == {11}
    assert sum(map(int, _STOP)) == 13


@pytest.mark.parametrize("text", ["", "pão", "a\nb"])
def test_what_cannot_be_a_barcode_is_refused_and_not_drawn(text):
    with pytest.raises(ValueError, match="ASCII"):
        codes.code128(text)
    assert codes.barcode(text) == ""  # a label with such a lot still prints: its words and its QR code say it


@pytest.mark.parametrize(
    ("text", "room", "width"),
    [
        ("CA-CARR-261122-A", 58, "55.000"),  # 220 modules of two dots of a thermal printer
        ("C-1", 58, "33.000"),  # 88 of three, no thicker: a scanner sees all of it
        ("MA-FL65-MILL-0042-261110", 58, "58"),  # no two dots fit
        ("A-LOT-NAMED-BY-SOMEBODY-WHO-HAD-TIME", 58, None),  # nothing a scanner could tell apart
    ],
)
def test_bars_on_paper_are_thick_enough_for_a_scanner(text, room, width):
    drawn = codes.barcode(text, "bars", room)
    assert (f'width="{width}mm"' in drawn) if width else drawn == ""


def test_codes_carry_no_style_and_escape_their_text():
    for svg in (codes.qr('https://x/?a="<b>'), codes.barcode('<"&>')):
        assert "style=" not in svg
        assert "<b>" not in svg
        assert "&lt;" in svg
