"""The words in which an importer reads a file and judges it: columns, rows, bad cells, results."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from django.utils.translation import gettext as _

from backoffice.kernel.text import fold

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

T = TypeVar("T")
Outcome = Literal["new", "changed", "unchanged", "refused"]
DecimalStyle = Literal["dot", "comma"]

# Thousands separators only where they belong (groups of three), so that 1,5 in an English file is refused and not 15.
NUMBER: dict[DecimalStyle, re.Pattern[str]] = {
    "dot": re.compile(r"^[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$", re.ASCII),
    "comma": re.compile(r"^[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?$", re.ASCII),
}
LONGEST_NUMBER = 30
MOST_DIGITS = 17  # before the point; nothing that is counted or paid has more
LONG_FACT = 60


@dataclass(frozen=True)
class Column:
    """A column the importer knows; ``aliases`` are other headings that mean the same.

    One that is not ``listed`` is taken, and not shown on the upload page: the twelfth of its kind, say.
    """

    name: str
    label: str | _StrPromise
    required: bool = False
    aliases: Sequence[str] = ()
    help: str | _StrPromise = ""
    example: str = ""
    listed: bool = True

    def headings(self) -> set[str]:
        """Every heading, folded, that is taken for this column."""
        return {fold(text) for text in (self.name, self.name.replace("_", " "), str(self.label), *self.aliases)}


class BadCell(Exception):
    """A cell that cannot be read: the column, a sentence for the person, and perhaps a hint below it."""

    def __init__(self, column: str, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.column, self.reason, self.hint = column, reason, hint


@dataclass(frozen=True)
class Change:
    """One field that would change, in words for people."""

    field: str
    label: str | _StrPromise
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        return {"field": self.field, "label": str(self.label), "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Fact:
    """Something that a new row will make or say, in words for people; `is_new` when it is made only with it."""

    label: str | _StrPromise
    value: str
    is_new: bool = False

    @property
    def is_long(self) -> bool:
        """Whether it is better read on a line of its own."""
        return len(self.value) > LONG_FACT


@dataclass(frozen=True)
class RowResult:
    """What would become of one row (or of the several rows that make one thing) of the file."""

    line: int
    outcome: Outcome
    label: str = ""
    meta: str = ""
    url: str = ""
    icon: str = ""
    changes: Sequence[Change] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    raw: str = ""
    column: str = ""
    reason: str = ""
    hint: str = ""


class Row:
    """One line of the file: its number as an editor shows it, its cells by column name, and the line as written.

    One with a flaw is not to be trusted as a whole: its cells may stand under the wrong headings.
    """

    __slots__ = ("cells", "flaw", "line", "style", "values")

    def __init__(
        self, line: int, cells: Mapping[str, str], *, values: Sequence[str] = (), style: DecimalStyle = "dot",
        flaw: BadCell | None = None,
    ) -> None:  # fmt: skip
        self.line, self.cells, self.values, self.style, self.flaw = line, cells, values, style, flaw

    @property
    def lines(self) -> int:
        """How many lines of the file it is made of, for the progress."""
        return 1

    @property
    def raw(self) -> str:
        """The line as written, cells joined with semicolons, for the list of refused rows."""
        return ";".join(self.values)

    def has(self, column: str) -> bool:
        """Whether the file has this column at all."""
        return column in self.cells

    def text(self, column: str) -> str:
        """The cell, trimmed; blank when the column is not in the file."""
        return self.cells.get(column, "")

    def short(self, column: str, most: int) -> str:
        """The cell; ``BadCell`` when it has more than ``most`` characters, as nothing of it is left out unsaid."""
        text = self.text(column)
        if len(text) > most:
            raise BadCell(column, _("At most %(longest)d characters are possible here.") % {"longest": most})
        return text

    def whole(self) -> None:
        """``BadCell`` when the line as such has a flaw. ``required`` looks for it too."""
        if self.flaw is not None:
            raise self.flaw

    def required(self, column: str) -> str:
        """The cell, or ``BadCell`` when it is blank."""
        self.whole()
        if text := self.text(column):
            return text
        raise BadCell(column, _("This must not be blank."))

    def decimal(
        self, column: str, *, places: int | None = None, minimum: Decimal | int | None = None
    ) -> Decimal | None:
        """The number in the cell in the style chosen for the file, ``None`` when blank. ``BadCell`` when it is none."""
        text = self.text(column)
        if not text:
            return None
        try:
            number = read_decimal(text, self.style)
        except ValueError as error:
            raise BadCell(column, str(error), number_hint(text, self.style)) from None
        if number.adjusted() > MOST_DIGITS:
            raise BadCell(column, _("The number is too long."))
        if places is not None and number != round(number, places):
            raise BadCell(column, _("At most %(places)s decimal places are possible here.") % {"places": places})
        if minimum is not None and number < minimum:
            raise BadCell(column, _("This must be at least %(minimum)s.") % {"minimum": minimum})
        return number

    def integer(self, column: str, *, minimum: int | None = None) -> int | None:
        """A whole number, ``None`` when blank."""
        number = self.decimal(column, places=0, minimum=minimum)
        return None if number is None else int(number)

    def date(self, column: str) -> date | None:
        """A date as 2026-11-23 or 23/11/2026 (day first, or ``BadCell``), ``None`` when blank."""
        text = self.text(column)
        if not text:
            return None
        day = text.replace("T", " ").partition(" ")[0]  # a spreadsheet's day may have midnight behind it
        for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"):
            try:
                found = datetime.strptime(day, pattern).date()
            except ValueError:
                continue
            if not 1000 <= found.year < 3000:
                raise BadCell(column, _("Enter a day of our time."))
            return found
        raise BadCell(column, _("This is not a date."), _("Write 2026-11-23 or 23/11/2026."))

    def time(self, column: str) -> time | None:
        """A time of day as 09:58 or 09:58:11, ``None`` when blank."""
        text = self.text(column)
        if not text:
            return None
        try:
            return time.fromisoformat(text)
        except ValueError:
            raise BadCell(column, _("This is not a time of day."), _("Write 09:58 or 09:58:11.")) from None

    def flag(self, column: str) -> bool | None:
        """Yes or no in English or Portuguese, 1 or 0, ``None`` when blank."""
        text = fold(self.text(column))
        if not text:
            return None
        if text in {"1", "yes", "y", "true", "sim", "s", "verdadeiro", "x"}:
            return True
        if text in {"0", "no", "n", "false", "nao", "falso"}:
            return False
        raise BadCell(column, _("Write yes or no."))

    def new(
        self, *, label: str, meta: str = "", url: str = "", icon: str = "", data: Mapping[str, Any] | None = None
    ) -> RowResult:
        return RowResult(self.line, "new", label, meta, url, icon, data=data or {})

    def changed(
        self, changes: Sequence[Change], *, label: str, meta: str = "", url: str = "", icon: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> RowResult:  # fmt: skip
        return RowResult(self.line, "changed", label, meta, url, icon, tuple(changes), data or {})

    def unchanged(self, *, label: str, meta: str = "", url: str = "", icon: str = "") -> RowResult:
        return RowResult(self.line, "unchanged", label, meta, url, icon)

    def refuse(
        self, bad: BadCell | str | Sequence[BadCell], *, column: str = "", hint: str = "", label: str = ""
    ) -> RowResult:
        """This line cannot be taken; each column that is wrong is marked on the page, with its reason."""
        wrong = [bad] if isinstance(bad, BadCell) else [BadCell(column, bad, hint)] if isinstance(bad, str) else bad
        first = wrong[0]
        data: dict[str, Any] = {
            "cells": list(self.values), "bad": self.text(first.column) if first.column else "",
        }  # fmt: skip
        if len(wrong) > 1:
            data["wrong"] = [[each.column, each.reason, each.hint] for each in wrong]
        return RowResult(
            self.line, "refused", label=label, raw=self.raw, column=first.column,
            reason=" ".join(each.reason for each in wrong), hint=first.hint if len(wrong) == 1 else "", data=data,
        )  # fmt: skip


def all_wrong(row: Row, first: BadCell, readers: Mapping[str, Callable[[Row], object]]) -> list[BadCell]:
    """The cell that refused a row, and all others that cannot be read by themselves. `readers` are by column."""
    found = [first]
    for column, read in readers.items():
        if column != first.column and row.flaw is None:
            try:
                read(row)
            except BadCell as bad:
                found.append(bad)
    return found


def read_decimal(text: str, style: DecimalStyle) -> Decimal:
    """Text → exact number in the given style; ``ValueError`` with a sentence when it is ambiguous or none."""
    plain = text.replace("\u00a0", "").replace("\u2212", "-").strip()
    if len(plain) > LONGEST_NUMBER or not NUMBER[style].match(plain):
        raise ValueError(_("“%(text)s” is not a number.") % {"text": text[:LONGEST_NUMBER]})
    plain = plain.replace(",", "") if style == "dot" else plain.replace(".", "").replace(",", ".")
    try:
        return Decimal(plain)
    except InvalidOperation:  # pragma: no cover - the pattern lets nothing through that Decimal refuses
        raise ValueError(_("“%(text)s” is not a number.") % {"text": text}) from None


def composed(text: str) -> str:
    """The text with its accents put together as every cell comes: Unicode NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def write_decimal(number: Decimal, style: DecimalStyle) -> str:
    """The exact number as the given style writes it, without thousands separators and never with an exponent."""
    text = format(number, "f")
    return text if style == "dot" else text.replace(".", ",")


def number_hint(text: str, style: DecimalStyle) -> str:
    """Why the number may not be readable, when that can be guessed."""
    other: DecimalStyle = "comma" if style == "dot" else "dot"
    if text[-1:] in "oOlI":
        return _("the last character is a letter")
    if NUMBER[other].match(text.strip()):
        return _("the file was said to write numbers like %(example)s") % {
            "example": "1,234.56" if style == "dot" else "1.234,56"
        }
    return ""


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size`` items, in order."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
