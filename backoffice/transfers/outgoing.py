"""Files that an import reads back: written in the number style that the reader's upload page proposes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import get_language

from backoffice.transfers.rows import DecimalStyle, write_decimal
from backoffice.ui.export import Number, csv_response, xlsx_response

KINDS = ("csv", "xlsx")


def own_style() -> DecimalStyle:
    """How the reader's language writes numbers."""
    return "comma" if (get_language() or settings.LANGUAGE_CODE).startswith("pt") else "dot"


def file(name: str, kind: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """The rows as a download of the kind (csv or xlsx), texts made harmless. Http404 for any other kind.

    A CSV with decimal commas is parted by semicolons, as spreadsheets in such languages expect it.
    """
    if kind == "xlsx":
        return xlsx_response(name, headings, rows)
    if kind != "csv":
        raise Http404
    style = own_style()
    written = ([_written(value, style) for value in row] for row in rows)
    return csv_response(name, headings, written, delimiter=";" if style == "comma" else ",")


def _written(value: Any, style: DecimalStyle) -> Any:
    # A negative number begins like a formula and is none: with a guard before it, no spreadsheet adds it up.
    return Number(write_decimal(value, style)) if isinstance(value, Decimal) else value
