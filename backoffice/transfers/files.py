"""Reading what people upload: CSV and XLSX, without trusting either.

Everything is bounded before it is read: bytes, unpacked bytes, rows, columns, length of a cell. Cells come out as
text, trimmed and in Unicode NFC; numbers of a spreadsheet are written in the file's own decimal style, so that an
importer reads both formats alike.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from django.utils.translation import gettext as _

from backoffice.transfers import spreadsheets
from backoffice.transfers.errors import UnreadableFile
from backoffice.transfers.neutral import restore
from backoffice.transfers.rows import DecimalStyle, composed

MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 120 * 1024 * 1024
MAX_RATIO = 150
MAX_PARTS = 500
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELL = 32_000
FORMATS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx"}
DELIMITERS = ",;\t|"
SAID = re.compile(r'"?sep=(.)"?\s*\Z', re.IGNORECASE)  # a first line by which Excel tells how cells are parted


@dataclass(frozen=True)
class Sheet:
    """An opened file: its headings, and its further lines as (line number, cells), to be read once.

    Lines have cells up to `width`; what stands behind it was parted by mistake. A spreadsheet has no such end.
    """

    headings: list[str]
    lines: Iterator[tuple[int, list[str]]]
    width: int = MAX_COLUMNS


def format_of(name: str) -> str:
    """`csv` or `xlsx`, by the file's name. UnreadableFile for any other."""
    for ending, kind in FORMATS.items():
        if name.lower().endswith(ending):
            return kind
    raise UnreadableFile(_("Please choose a CSV or XLSX file."))


def check_upload(file: IO[bytes], *, kind: str, size: int) -> None:
    """Refuse a file that is too large, is not what its name says, or is a zip bomb, without unpacking it."""
    if size > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise UnreadableFile(_("The file is larger than %(limit)s MB. Please split it.") % {"limit": limit})
    if size == 0:
        raise UnreadableFile(_("The file is empty."))
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    if kind == "xlsx":
        _check_zip(file)
    elif head.startswith(b"PK\x03\x04") or (b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise UnreadableFile(_("This is not a text file. Was a spreadsheet renamed to .csv?"))
    file.seek(0)


def _check_zip(file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableFile(_("This is not an XLSX file.")) from None
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise UnreadableFile(_("This is not an XLSX file."))
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or (unpacked > 1024**2 and unpacked / packed > MAX_RATIO):
        raise UnreadableFile(_("This file would unpack to far more than it should. It was not opened."))


@contextmanager
def opened(file: IO[bytes], *, kind: str, style: DecimalStyle) -> Iterator[Sheet]:
    """The file as a Sheet. UnreadableFile, here or while reading on, when it cannot be read or grows too large."""
    file.seek(0)
    lines = _bounded(_xlsx(file, style) if kind == "xlsx" else _csv(file))
    try:
        first = next((cells for _line, cells in lines if any(cells)), None)
        if first is None:
            raise UnreadableFile(_("The file is empty."))
        width = MAX_COLUMNS if kind == "xlsx" else len(first)
        while first and not first[-1]:
            first.pop()
        yield Sheet(first, ((line, cells) for line, cells in lines if any(cells)), width)
    finally:
        lines.close()


def _bounded(lines: Iterator[tuple[int, list[str]]]) -> Any:
    for number, (line, cells) in enumerate(lines):
        if number > MAX_ROWS:
            raise UnreadableFile(_("The file has more than %(limit)s lines. Please split it.") % {"limit": MAX_ROWS})
        if len(cells) > MAX_COLUMNS:
            limits = {"line": line, "limit": MAX_COLUMNS}
            raise UnreadableFile(_("Line %(line)s has more than %(limit)s columns.") % limits)
        yield line, cells


def tidy(text: str) -> str:
    """The cell as the importer sees it: trimmed, NFC, without the guard that our own export put in front."""
    text = text.strip()
    if text.startswith("'"):
        text = restore(text)
    return composed(text)


def text_of(content: bytes) -> str:
    """UTF-8 and UTF-16 by their marks or their bytes; what is neither was written by an old Excel.

    A file in UTF-8 that has a line of an old program in it is read as what each of them meant.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    text = content.decode("utf-8-sig", errors="replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    if sum(not sign.isascii() for sign in text) > 2 * wrong:
        return content.decode("utf-8-sig", errors=OLD)
    return content.decode("cp1252", errors="replace")


def _old(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


OLD = "backoffice.old"
codecs.register_error(OLD, _old)


def delimiter_of(line: str) -> str:
    """The character that cuts the heading line into most parts, where it does not stand inside a heading."""

    def parts(mark: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=mark), ()))
        except csv.Error:  # it leaves a cell that is too long
            return 0

    return max(DELIMITERS, key=lambda mark: (parts(mark), -DELIMITERS.index(mark)))


def _csv(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    whole = text_of(file.read(MAX_BYTES + 1)).replace("\0", "")  # PostgreSQL keeps none
    text = io.StringIO(whole, newline="")
    csv.field_size_limit(MAX_CELL)
    start = 1
    try:
        before, heading = next(((n, line) for n, line in enumerate(text, start=1) if line.strip()), (0, ""))
        if said := SAID.match(heading):
            delimiter = said[1]
        else:
            delimiter, before = delimiter_of(heading), text.seek(0)
        # Strict: a quotation mark that is missing would swallow the lines up to the next one.
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        start += before
        for cells in reader:
            yield start, [tidy(cell) for cell in cells]
            start = before + reader.line_num + 1
    except csv.Error:
        raise UnreadableFile(
            _("Line %(line)s cannot be read: a cell is too long or a quotation mark is missing.") % {"line": start}
        ) from None


def _xlsx(file: IO[bytes], style: DecimalStyle) -> Iterator[tuple[int, list[str]]]:
    _check_zip(file)
    file.seek(0)
    try:
        for line, cells in spreadsheets.rows(file, style=style, most_columns=MAX_COLUMNS + 1):
            yield line, [tidy(cell) for cell in cells]
    except spreadsheets.Damaged:
        raise UnreadableFile(_("This spreadsheet is damaged and cannot be read.")) from None
