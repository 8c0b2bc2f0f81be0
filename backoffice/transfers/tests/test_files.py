import contextlib
import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from backoffice.transfers import files
from backoffice.transfers.errors import UnreadableFile
from backoffice.transfers.neutral import neutralise, restore
from backoffice.transfers.rows import BadCell, Row, read_decimal
from backoffice.transfers.tests.conftest import workbook


def read(content: bytes, kind: str = "csv", style: str = "dot"):
    with files.opened(io.BytesIO(content), kind=kind, style=style) as sheet:
        return sheet.headings, list(sheet.lines)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_as_programs_write_it(delimiter, encoding):
    text = f"SKU{delimiter}Nome\r\nPA-1{delimiter}Pão  \r\n\r\n"
    assert read(text.encode(encoding)) == (["SKU", "Nome"], [(2, ["PA-1", "Pão"])])


def test_line_numbers_are_those_of_an_editor():
    _headings, lines = read(b'a,b\n"two\nlines",1\n\nlast,2\n')
    assert [line for line, _cells in lines] == [2, 5]


def test_a_spreadsheet_reads_like_a_csv_in_the_style_of_the_file():
    rows = [["SKU", "Price", "Day", "On"], ["PA-1", 9.9, date(2026, 11, 23), True], [None, 3.0, None, None]]
    for style, price in (("dot", "9.9"), ("comma", "9,9")):
        headings, lines = read(workbook(rows), "xlsx", style)
        assert headings == ["SKU", "Price", "Day", "On"]
        assert lines == [(2, ["PA-1", price, "2026-11-23", "1"]), (3, ["", "3"])]


@pytest.mark.parametrize(
    "content, kind, sentence",
    [
        (b"", "csv", "empty"),
        (b"\n\n", "csv", "empty"),
        (b"PK\x03\x04rest", "csv", "not a text file"),
        (b"a,b\x00c", "csv", "not a text file"),
        (b"not a zip", "xlsx", "not an XLSX"),
        (b"a" * 40_000, "csv", "too long"),
        (("a," * 300).encode(), "csv", "columns"),
    ],
)
def test_what_is_no_sheet_is_refused_with_a_sentence(content, kind, sentence):
    def whole():
        files.check_upload(io.BytesIO(content), kind=kind, size=len(content))
        return read(content, kind)

    with pytest.raises(UnreadableFile, match=sentence):
        whole()


def test_a_zip_bomb_is_not_unpacked():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    with pytest.raises(UnreadableFile, match="unpack"):
        files.check_upload(stream, kind="xlsx", size=len(stream.getvalue()))


def test_a_damaged_spreadsheet_is_a_sentence_not_a_crash():
    whole = bytearray(workbook([["a"], ["b"]]))
    for cut in range(100, len(whole), 400):
        with contextlib.suppress(UnreadableFile):
            read(bytes(whole[:cut]) + b"\0" * 50 + bytes(whole[cut + 50 :]), "xlsx")


def test_entities_in_a_spreadsheet_are_refused():
    whole = io.BytesIO(workbook([["a"], ["b"]]))
    stream = io.BytesIO()
    sheet = '<worksheet><sheetData><row><c t="str"><v>&a;</v></c></row></sheetData></worksheet>'
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' + sheet
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(stream, "w") as copy:
        for part in source.infolist():
            copy.writestr(part, bomb if part.filename == "xl/worksheets/sheet1.xml" else source.read(part))
    with pytest.raises(UnreadableFile):
        read(stream.getvalue(), "xlsx")


@pytest.mark.parametrize(
    "text, style, number",
    [
        ("1,234.56", "dot", "1234.56"), ("1.234,56", "comma", "1234.56"), ("-3", "dot", "-3"), ("0.1", "dot", "0.1"),
        ("1.234", "comma", "1234"), ("1.234", "dot", "1.234"), ("9,90", "comma", "9.90"),
    ],
)  # fmt: skip
def test_numbers_are_read_in_the_chosen_style(text, style, number):
    assert read_decimal(text, style) == Decimal(number)


@pytest.mark.parametrize(
    "text, style",
    [
        ("9,90", "dot"), ("1,23", "dot"), ("12,9O", "comma"), ("1.23", "comma"), ("1.234.56", "comma"), ("NaN", "dot"),
        ("1e5", "dot"), ("", "dot"), ("٣", "dot"), ("9" * 40, "dot"), ("1,2345", "dot"), ("--1", "dot"),
    ],
)  # fmt: skip
def test_an_ambiguous_number_is_an_error_not_a_guess(text, style):
    with pytest.raises(ValueError):
        read_decimal(text, style)


def test_a_bad_cell_says_why_it_may_be_bad():
    row = Row(4, {"price": "9,90", "day": "32/12/2026"}, style="dot")
    with pytest.raises(BadCell) as caught:
        row.decimal("price")
    assert "1,234.56" in caught.value.hint
    with pytest.raises(BadCell):
        row.date("day")
    with pytest.raises(BadCell, match="our time"):
        Row(5, {"day": "31/12/9999"}, style="dot").date("day")
    for odd in ("2026-11-231", "31/12/20261", "2026-11-23x"):
        with pytest.raises(BadCell, match="not a date"):
            Row(5, {"day": odd}).date("day")
    for text in ("2026-11-02", "2/11/2026 00:00", "2026-11-02T00:00:00"):
        assert str(Row(5, {"day": text}).date("day")) == "2026-11-02"
    assert row.decimal("nothing") is None


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "'=1", "''=1", "'plain", "plain", "'", ""]
)
def test_neutralising_can_be_undone(text):
    written = neutralise(text)
    assert restore(written) == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("text", ["a," * 100_000, '"a";' * 100_000, "a\t" * 100_000])
def test_a_line_of_a_hundred_thousand_columns_is_refused(text):
    with pytest.raises(UnreadableFile, match="columns"):
        read(text.encode())


def test_bytes_of_no_encoding_are_read_as_an_old_program_wrote_them():
    assert read(b"sku;nome\nA;P\xe3o \x81\n") == (["sku", "nome"], [(2, ["A", "Pão �"])])


def test_a_line_of_an_old_program_does_not_spoil_a_file_in_utf_8():
    text = "sku;nome\nA;Pão de açúcar 🥐\n".encode() + "B;café\n".encode("cp1252") + "C;ção\n".encode()
    assert [cells[1] for _line, cells in read(text)[1]] == ["Pão de açúcar 🥐", "café", "ção"]


@pytest.mark.parametrize("text", ['a,b\n1,"x\n2,y\n', 'a,b\n1,"x\n2,"y"\n3,z\n'])
def test_a_quotation_mark_that_is_missing_does_not_swallow_lines(text):
    with pytest.raises(UnreadableFile, match="Line 2 cannot be read"):
        read(text.encode())


def test_the_separator_that_excel_names_in_a_line_of_its_own():
    assert read(b'\nsep=;\r\na,b;c\r\n1,5;x\r\n"y\nz";2\r\nw;3') == (
        ["a,b", "c"], [(4, ["1,5", "x"]), (5, ["y\nz", "2"]), (7, ["w", "3"])],
    )  # fmt: skip


def test_the_separator_is_not_looked_for_inside_a_heading():
    assert read(b'"GTIN, UPC, EAN";name\n1;x\n')[0] == ["GTIN, UPC, EAN", "name"]
