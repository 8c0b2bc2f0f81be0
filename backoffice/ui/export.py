"""Lists as files. Text that a spreadsheet would run as a formula is made harmless, and can be read back."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import chain
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
QUOTE = "'"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Signs that XML cannot have, and texts that a spreadsheet would take for such a sign spelled by its number.
UNSPELLED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class Number(str):
    """A number that is written already, in the style of who reads it. A sign in front makes no formula of it."""


def neutralise(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula. `restore` gives the text back."""
    return f"{QUOTE}{text}" if text.startswith((*TRIGGERS, QUOTE)) else text


def restore(text: str) -> str:
    """The text that `neutralise` was given."""
    return text[1:] if text.startswith(QUOTE) and text[1:].startswith((*TRIGGERS, QUOTE)) else text


def cell(value: Any) -> Any:
    """A value for a file: numbers and dates stay what they are, all else is text made harmless."""
    if value is None:
        return ""
    if isinstance(value, bool | int | Decimal | date | datetime | Number):
        return value
    return neutralise(str(value))


def spelled(text: str) -> str:
    """The text as an XLSX file keeps it: signs that XML cannot have by their number, as spreadsheets write them."""
    return UNSPELLED.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


class _Line:
    """What the csv writer writes to: it gives the line back."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str) -> Iterator[str]:
    writer = csv.writer(_Line(), delimiter=delimiter)
    yield "\ufeff" + writer.writerow([cell(name) for name in header])
    for row in rows:
        yield writer.writerow([_plain(cell(value)) for value in row])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, bool):
        return int(value)
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def csv_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ","
) -> StreamingHttpResponse:
    """The rows as a CSV file in UTF-8, row by row, without holding them all."""
    response = StreamingHttpResponse(_csv_lines(header, rows, delimiter), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """The rows as an Excel file; numbers and dates are typed."""
    from openpyxl import Workbook  # 12 MB that a web process needs for a file only

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    for row in chain([header], rows):
        cells = map(cell, row)
        sheet.append([spelled(value) if isinstance(value, str) else value for value in cells])
    buffer = BytesIO()
    book.save(buffer)
    response = HttpResponse(buffer.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response
