"""Rows of an XLSX file, read as they come: only what an import needs, and several times faster than by a whole library.

The parts that grow with the file (cells and shared texts) are read by expat, cell by cell. Documents that declare
entities or a document type are refused: nothing of that belongs into a spreadsheet.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from decimal import Context, Decimal
from typing import IO, Any
from xml.parsers import expat

from backoffice.transfers.rows import DecimalStyle, write_decimal

CHUNK = 256 * 1024
LONGEST = 32_000  # characters of a cell
UNSOLVED = "#?"  # what a formula is that no spreadsheet program has worked out
LONGEST_FORMAT = 255
MOST_PIECES = 1000  # in which the parser hands out a text, each of some thousand characters at most
# The formats of dates and times that every spreadsheet program knows by number.
DATES = frozenset(
    {14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 34, 35, 36, 45, 46, 47, 50, 51, 52, 53, 54, 57}
)
NO_DATE = re.compile(r'"[^"]*"|\\.|_.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|general', re.IGNORECASE)
MOMENT = re.compile(r"[dmhys]", re.IGNORECASE)
EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}
CONTROL = re.compile(r"_x(00[01][0-9A-Fa-f]|FFF[EF])_|_x005[Ff]_(?=x[0-9A-Fa-f]{4}_)")
DIGITS = Context(prec=15)
LAST_DAY = 2_958_465  # 9999-12-31
LETTERS = re.compile(r"[A-Z]+")
MOST = 2**31 - 1  # what the number of a line is kept in
# What the libraries that unpack and parse say of a file that is not whole. Anything else is a mistake of ours, and is
# to be seen as one.
UNREADABLE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, expat.ExpatError, EOFError, UnicodeError,
)  # fmt: skip
UNOPENED = (*UNREADABLE, NotImplementedError, RuntimeError, ValueError, OSError)  # a packing nobody knows, a password


class Damaged(Exception):
    """The file is no spreadsheet, or one that nobody's program wrote."""


def rows(file: IO[bytes], *, style: DecimalStyle, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    """The first sheet's rows that have anything in them, as (number, cells). Damaged when it cannot be read."""
    try:
        with _archive(file) as archive:
            book = _Book(archive, style)
            with _part(archive, book.sheet) as part:
                yield from _Sheet(book, most_columns).read(part)
    except UNREADABLE as error:
        raise Damaged(str(error)) from error


def _archive(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except UNOPENED as error:
        raise Damaged(str(error)) from error


def _part(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(name)
    except (*UNOPENED, KeyError) as error:
        raise Damaged(str(error)) from error


class _Book:
    """What cells refer to: shared texts, formats that make a number a date, the day that is zero."""

    def __init__(self, archive: zipfile.ZipFile, style: DecimalStyle) -> None:
        self.style = style
        self._archive = archive
        self._names = set(archive.namelist())
        self.is_1904 = False
        sheets: list[str] = []

        def book(tag: str, attrs: dict[str, str]) -> None:
            if tag == "workbookPr":
                self.is_1904 = attrs.get("date1904") in ("1", "true")
            elif tag == "sheet":
                sheets.extend(value for name, value in attrs.items() if name.rpartition(":")[2] == "id")

        main = self._main()
        self.parse(main, book)
        folder, _slash, name = main.rpartition("/")
        targets = self._targets(f"{folder}/_rels/{name}.rels", folder)
        if not sheets or sheets[0] not in targets:
            raise Damaged("no sheet")
        self.sheet = targets[sheets[0]]
        by_name = {target.rpartition("/")[2].lower(): target for target in targets.values()}
        self.dates = self._dates(by_name.get("styles.xml", ""))
        self.texts = _Texts().read(self, by_name.get("sharedstrings.xml", ""))

    def _main(self) -> str:
        targets = self._targets("_rels/.rels", "")
        return next((name for name in targets.values() if name.endswith("workbook.xml")), "xl/workbook.xml")

    def _targets(self, part: str, folder: str) -> dict[str, str]:
        found: dict[str, str] = {}

        def relation(tag: str, attrs: dict[str, str]) -> None:
            if tag == "Relationship" and attrs.get("TargetMode") != "External":
                target = said(attrs, "Target")
                found[said(attrs, "Id")] = target[1:] if target.startswith("/") else f"{folder}/{target}".lstrip("/")

        self.parse(part, relation)
        return found

    def _dates(self, part: str) -> list[bool]:
        """Of each cell format, by its number, whether it shows a date or time."""
        custom: dict[str, bool] = {}
        found: list[bool] = []
        inside: list[str] = []

        def start(tag: str, attrs: dict[str, str]) -> None:
            inside.append(tag)
            if tag == "numFmt":
                custom[said(attrs, "numFmtId")] = bool(
                    MOMENT.search(NO_DATE.sub("", attrs.get("formatCode", "")[:LONGEST_FORMAT]))
                )
            elif tag == "xf" and "cellXfs" in inside:
                number = attrs.get("numFmtId", "0")
                found.append(custom[number] if number in custom else whole(number) in DATES)

        self.parse(part, start, lambda _tag: inside.pop())
        return found

    def parse(
        self, part: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], Any] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        """Read one part of the file; nothing where it has none of that name."""
        if part not in self._names:
            return
        parser = parser_of(start, end, text)
        with _part(self._archive, part) as stream:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)


class _Texts:
    """The shared texts: runs put together, hints for pronunciation left out."""

    def read(self, book: _Book, part: str) -> list[str]:
        found: list[str] = []
        pieces: list[str] = []
        depth, taking = 0, False

        def start(tag: str, attrs: dict[str, str]) -> None:
            nonlocal depth, taking
            if tag == "t":
                taking = not depth
            elif tag == "rPh":
                depth += 1

        def end(tag: str) -> None:
            nonlocal depth, taking
            if tag == "t":
                taking = False
            elif tag == "rPh":
                depth -= 1
            elif tag == "si":
                found.append(control("".join(pieces)[:LONGEST]))
                pieces.clear()

        def text(data: str) -> None:
            if taking and len(pieces) < MOST_PIECES:
                pieces.append(data)

        book.parse(part, start, end, text)
        return found


class _Sheet:
    """Collects the cells of a row; whole rows wait in `ready`."""

    def __init__(self, book: _Book, most_columns: int) -> None:
        self.book, self.most = book, most_columns
        self.ready: deque[tuple[int, list[str]]] = deque()
        self.line, self.cells = 0, []  # type: int, list[str]
        self.place, self.kind, self.format = -1, "", 0
        self.pieces: list[str] = []
        self.taking, self.spoken, self.unsolved = False, 0, False

    def read(self, stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
        parser = parser_of(self.start, self.end, self.text)
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk, False)
            while self.ready:
                yield self.ready.popleft()
        parser.Parse(b"", True)

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        if tag == "c":
            where = attrs.get("r")
            self.place = place_of(where) if where else self.place + 1
            self.kind, self.format = attrs.get("t", "n"), whole(attrs.get("s", "0"))
        elif tag in ("v", "t"):
            self.taking = not self.spoken
        elif tag == "f":
            self.unsolved = self.kind == "n"  # a text that it gave may be empty, a number may not
        elif tag == "row":
            self.line = whole(attrs["r"]) if "r" in attrs else self.line + 1
            self.place = -1
        elif tag == "rPh":
            self.spoken += 1

    def end(self, tag: str) -> None:
        if tag == "c":
            if self.pieces or self.unsolved:
                try:
                    text = self._value("".join(self.pieces)) if self.pieces else UNSOLVED
                except ArithmeticError as error:  # no number, or a day after all days
                    raise Damaged(str(error)) from error
                self.pieces.clear()
                self.unsolved = False
                if text and self.place < self.most:
                    gap = self.place - len(self.cells)
                    if gap > 0:
                        self.cells.extend([""] * gap)
                    if gap >= 0:
                        self.cells.append(text)
        elif tag in ("v", "t"):
            self.taking = False
        elif tag == "row":
            if self.cells:
                self.ready.append((self.line, self.cells))
                self.cells = []
        elif tag == "rPh":
            self.spoken -= 1

    def text(self, data: str) -> None:
        if self.taking and len(self.pieces) < MOST_PIECES:
            self.pieces.append(data)

    def _value(self, text: str) -> str:
        kind = self.kind
        if kind == "s":
            place = whole(text)
            if place >= len(self.book.texts):
                raise Damaged(f"shared text {place}")
            return self.book.texts[place]
        if kind == "n":
            dates = self.book.dates
            if self.format < len(dates) and dates[self.format]:
                return moment(Decimal(text), self.book.is_1904)
            return number(text, self.book.style)
        return control(
            text[:LONGEST]
        )  # a text of its own, what a formula gave, a truth as 1 or 0, an error as it is named


def parser_of(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], Any] | None = None,
    text: Callable[[str], None] | None = None,
) -> Any:  # fmt: skip
    """An XML parser that calls these with the names of elements, without the prefixes of their namespaces."""
    parser: Any = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse

    def started(name: str, attrs: dict[str, str]) -> None:
        start(name if ":" not in name else name.rpartition(":")[2], attrs)

    def ended(name: str) -> None:
        end(name if ":" not in name else name.rpartition(":")[2])  # type: ignore[misc]

    parser.StartElementHandler = started
    if end is not None:
        parser.EndElementHandler = ended
    if text is not None:
        parser.CharacterDataHandler = text
    return parser


def _refuse(*_said: Any) -> None:
    raise Damaged("a document type or entity")


def said(attrs: dict[str, str], name: str) -> str:
    """What the attribute says. Damaged when it is not there."""
    if name not in attrs:
        raise Damaged(f"no {name}")
    return attrs[name]


def whole(text: str) -> int:
    """A number that the file counts by. Damaged when it is none, or none that anything has."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= MOST):
        raise Damaged(text[:40])
    return int(text)


def place_of(where: str) -> int:
    """The column of a cell's name, from 0: B7 is 1."""
    letters = LETTERS.match(where)
    if letters is None:
        raise Damaged(where)
    found = 0
    for letter in letters[0][:4]:
        found = found * 26 + ord(letter) - 64
    return found - 1


def control(text: str) -> str:
    """The text with the signs in it that XML cannot have, which spreadsheets write by their number."""
    return CONTROL.sub(_sign, text) if "_x" in text else text


def _sign(match: re.Match[str]) -> str:
    # What only looks like such a number has its first stroke written as one.
    return chr(int(match[1], 16)) if match[1] else "_"


def number(text: str, style: DecimalStyle) -> str:
    """A number as people wrote it: spreadsheets keep binary ones, of which 15 digits are shown and no more count."""
    if text.isdigit():
        return text
    found = DIGITS.create_decimal(text)
    if not found.is_finite() or abs(found.adjusted()) > 30:
        return ""
    whole = found.to_integral_value()
    return format(whole, "f") if found == whole else write_decimal(found.normalize(), style)


def moment(days: Decimal, is_1904: bool) -> str:
    """A day, a time of day, or both, as ISO text."""
    if not 0 <= days <= LAST_DAY:
        return ""
    if not is_1904 and 1 <= days < 60:
        days += 1  # 1900 was no leap year, though spreadsheets say so
    found = EPOCHS[is_1904] + timedelta(seconds=int((days * 86400).to_integral_value()))
    if days < 1:
        return found.time().isoformat()
    return found.date().isoformat() if found.time() == time() else found.isoformat(" ", timespec="seconds")
