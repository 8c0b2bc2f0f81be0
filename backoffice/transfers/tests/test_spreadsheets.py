"""XLSX files as other programs write them: every kind of cell, and what no program writes."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from random import Random

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from backoffice.transfers import spreadsheets
from backoffice.ui.export import spelled, xlsx_response

CELLS = [
    ("text, “quoted” & <angled>", "text, “quoted” & <angled>"),
    ("two\nlines", "two\nlines"),
    (12, "12"),
    (-3, "-3"),
    (12.5, "12.5"),
    (0.1 + 0.2, "0.3"),
    (3.0, "3"),
    (1e-7, "0.0000001"),
    (7898912340122, "7898912340122"),
    (Decimal("4.2567"), "4.2567"),
    (True, "1"),
    (False, "0"),
    (date(2026, 12, 24), "2026-12-24"),
    (datetime(2026, 12, 24, 9, 58, 11), "2026-12-24 09:58:11"),
    (time(9, 58, 11), "09:58:11"),
    (CellRichText("plain ", TextBlock(InlineFont(b=True), "bold")), "plain bold"),
    ("=1+1", spreadsheets.UNSOLVED),
    (None, ""),
    ("last", "last"),
]


def read(book: Workbook | bytes, style: spreadsheets.DecimalStyle = "dot") -> list[tuple[int, list[str]]]:
    stream = io.BytesIO(book if isinstance(book, bytes) else b"")
    if isinstance(book, Workbook):
        book.save(stream)
    return list(spreadsheets.rows(stream, style=style, most_columns=201))


@pytest.mark.parametrize("write_only", [True, False])
@pytest.mark.parametrize("mac", [True, False])
def test_every_kind_of_cell(write_only: bool, mac: bool) -> None:
    book = Workbook(write_only=write_only)
    if mac:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.create_sheet() if write_only else book.active
    book.create_sheet("another")
    sheet.append([cell for cell, _text in CELLS])
    assert read(book) == [(1, [text for _cell, text in CELLS])]


def test_numbers_come_in_the_style_of_the_file_and_lines_keep_their_numbers() -> None:
    book = Workbook()
    book.active["C3"], book.active["A7"], book.active["B7"] = 1.5, "", 2
    book.active["B7"].number_format = '0.00 "days [h] of y"'
    assert read(book, "comma") == [(3, ["", "", "1,5"]), (7, ["", "2"])]


def test_formats_tell_dates_from_numbers() -> None:
    book = Workbook()
    formats = ("dd/mm/yyyy", "[$-416]d mmm", '"day" 0', "[Red]0.0", "[h]:mm", "General", "0.00E+00", r"0\d")
    for column, text in enumerate(formats, start=1):
        cell = book.active.cell(1, column, 46380.25)
        cell.number_format = text
    moment = "2026-12-24 06:00:00"
    assert read(book) == [(1, [moment, moment, "46380.25", "46380.25", moment, "46380.25", "46380.25", "46380.25"])]


def rewritten(*changes: tuple[str, bytes, bytes]) -> bytes:
    """A sheet with "one" and "two" in the shared texts, with what is changed in its parts."""
    book, stream, out = Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["one", "two"])
    book.save(stream)
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            if part == RELATIONS:
                content = content.replace(b"</Relationships>", RELATION + b"</Relationships>")
            if part == SHEET:
                for number, word in enumerate((b"one", b"two")):
                    content = content.replace(b't="inlineStr"><is><t>%b</t></is>' % word, b't="s"><v>%d</v>' % number)
            new.writestr(part, changed(part, content, changes))
        new.writestr(TEXTS, changed(TEXTS, SHARED, changes))
    return out.getvalue()


def changed(part: str, content: bytes, changes: tuple[tuple[str, bytes, bytes], ...]) -> bytes:
    for name, before, after in changes:
        if part == name:
            assert before in content
            content = content.replace(before, after)
    return content


RELATIONS = "xl/_rels/workbook.xml.rels"
RELATION = b'<Relationship Id="t1" Type="x/sharedStrings" Target="sharedStrings.xml"/>'
TEXTS = "xl/sharedStrings.xml"
SHARED = b"<sst><si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r><rPh sb='0' eb='1'><t>no</t></rPh></si></sst>"
SHEET = "xl/worksheets/sheet1.xml"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet'


@pytest.mark.parametrize(
    "change",
    [
        (SHEET, b"<worksheet", BOMB),
        (SHEET, b"</row>", b""),
        (SHEET, b"<v>1</v>", b"<v>99</v>"),
        (SHEET, b"<v>1</v>", b"<v>x</v>"),
        (SHEET, b'r="A1"', b'r="1"'),
        (RELATIONS, b"worksheets/sheet1.xml", b"../../etc/passwd"),
        ("xl/workbook.xml", b"<sheets>", b"<nosheets>"),
        (TEXTS, b"<sst", b"<!DOCTYPE sst><sst"),
        (SHEET, b"<v>1</v>", b"<v>-1</v>"),
        (SHEET, b'<row r="1"', b'<row r="99999999999"'),
        (SHEET, b'<row r="1"', b'<row r="one"'),
        (SHEET, b't="s"><v>1</v>', b"><v>1e</v>"),
        (SHEET, b'r="A1"', b'r="A1" s="x"'),
        (RELATIONS, b' Id="t1"', b""),
    ],
)
def test_what_no_program_writes_is_refused(change: tuple[str, bytes, bytes]) -> None:
    with pytest.raises(spreadsheets.Damaged):
        read(rewritten(change))


def test_signs_that_xml_cannot_have_and_prefixed_names() -> None:
    assert read(rewritten((TEXTS, b"one", b"o_x000D_ne _x0041_"))) == [(1, ["o\rne _x0041_", "two"])]
    with zipfile.ZipFile(io.BytesIO(rewritten())) as archive:
        sheet = archive.read(SHEET)
    prefixed = sheet.replace(b"</", b"</x:").replace(b"<", b"<x:").replace(b"<x:/x:", b"</x:").replace(b"<x:?", b"<?")
    prefixed = prefixed.replace(b"xmlns=", b"xmlns:x=")
    assert read(rewritten((SHEET, sheet, prefixed))) == [(1, ["one", "two"])]


@pytest.mark.parametrize(
    "text",
    ["pasted\x0bfrom a letter", "_x000D_ and _x0041_", "_x005F_x000D_", "\x00\x1f", "no sign \uffff\ufffe", "_x_"],
)
def test_what_xml_cannot_have_goes_out_and_comes_back(text: str) -> None:
    content = xlsx_response("list", ["name"], [[text], ["next"]]).content
    assert read(content) == [(1, ["name"]), (2, [text]), (3, ["next"])]
    # Spreadsheet programs spell these signs alike.
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert spelled(text).encode() in archive.read(SHEET)


def test_a_cell_without_end_and_a_format_without_end_cost_little() -> None:
    long, formats = b"x" * 2_000_000, b"[" * 2_000_000
    style = b'<numFmts count="1"><numFmt numFmtId="200" formatCode="%b"/></numFmts><fonts' % formats
    content = rewritten((TEXTS, b"one", long), ("xl/styles.xml", b"<fonts", style))
    ((_line, (first, second)),) = read(content)
    assert (len(first), second) == (spreadsheets.LONGEST, "two")


def test_a_locked_or_unknown_packing_is_damaged_too() -> None:
    whole = bytearray(rewritten())
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        directory = archive.start_dir
    at = whole.index(b"PK\x01\x02", directory)
    for offset, value in ((8, 1), (10, 99)):  # needs a password; packed in a way that nobody knows
        broken = bytearray(whole)
        place = at
        while place >= 0:  # in every entry of the directory
            broken[place + offset] |= value
            place = broken.find(b"PK\x01\x02", place + 4)
        with pytest.raises(spreadsheets.Damaged):
            read(bytes(broken))


def test_whatever_byte_is_wrong_it_is_read_or_damaged() -> None:
    whole, chance, damaged = rewritten(), Random(7), 0
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    for number in range(400):
        if number % 2:  # the archive itself
            broken = bytearray(whole)
            broken[chance.randrange(len(broken))] = chance.randrange(256)
            content = bytes(broken)
        else:  # what is packed in it
            part = chance.choice([RELATIONS, TEXTS, SHEET, "xl/workbook.xml", "xl/styles.xml"])
            said = bytearray(parts[part])
            said[chance.randrange(len(said))] = chance.choice(b'<>/"0129xr:& ')
            content = packed(parts | {part: bytes(said)})
        try:
            read(content)
        except spreadsheets.Damaged:
            damaged += 1
    assert damaged > 100


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_mistake_of_ours_is_not_called_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, style: str) -> str:
        raise KeyError("a mistake in the program")

    monkeypatch.setattr(spreadsheets, "number", broken)
    book = Workbook()
    book.active.append([1])
    with pytest.raises(KeyError, match="mistake"):
        read(book)


def test_merged_cells_have_their_text_where_it_stands() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["sku", "name", "price"])
    sheet.append(["A", "both", None])
    sheet.append([None, "alone", 2])
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("A2:A3")
    assert read(book) == [(1, ["sku", "name", "price"]), (2, ["A", "both"]), (3, ["", "alone", "2"])]


def test_a_formula_says_what_it_gave() -> None:
    cell = b'<c r="A1" t="s"><v>0</v></c>'
    assert read(rewritten((SHEET, cell, b'<c r="A1"><f>6*7+cmd()</f><v>42</v></c>')))[0][1][0] == "42"
    assert read(rewritten((SHEET, cell, b'<c r="A1" t="str"><f>A2</f><v>=1+1</v></c>')))[0][1][0] == "=1+1"
    assert read(rewritten((SHEET, cell, b'<c r="A1" t="str"><f>A2</f><v></v></c>')))[0][1][0] == "", "an empty text"
    assert read(rewritten((SHEET, cell, b'<c r="A1"><f>A2</f></c>')))[0][1][0] == spreadsheets.UNSOLVED


def test_cells_far_to_the_right_and_lines_far_down_take_no_memory() -> None:
    far = b'<c r="ZZZZ1" t="s"><v>0</v></c><c r="XFD1" t="s"><v>1</v></c>'
    cells = b'<c r="A1" t="s"><v>0</v></c>' + far
    ((line, found),) = read(
        rewritten((SHEET, b'<c r="A1" t="s"><v>0</v></c>', cells), (SHEET, b'r="1"', b'r="999999"'))
    )
    assert (line, len(found) <= 201) == (999999, True)


def test_a_zip_that_lies_about_its_sizes_is_damaged() -> None:
    whole = rewritten((TEXTS, b"one", b"o" * 5_000_000))
    small = bytearray(whole)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        size = archive.getinfo(TEXTS).file_size
    at = small.rindex(TEXTS.encode()) - 46  # its entry in the directory
    assert int.from_bytes(small[at + 24 : at + 28], "little") == size
    small[at + 24 : at + 28] = (300).to_bytes(4, "little")
    with pytest.raises(spreadsheets.Damaged):
        read(bytes(small))
