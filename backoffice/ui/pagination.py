"""Pages of a list, without counting a million rows to say that there are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.formats import number_format

CAP = 10_000
SIZES = (25, 50, 100, 200)


@dataclass(frozen=True)
class Page:
    """The rows of one page, and where it lies."""

    rows: Sequence[Any]
    number: int
    size: int
    count: int
    capped: bool
    has_next: bool

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def end(self) -> int:
        return self.start + len(self.rows) - 1 if self.rows else 0

    @property
    def count_text(self) -> str:
        """The count in the language's form; "10,000+" when there are more."""
        return number_format(self.count, force_grouping=True) + ("+" if self.capped else "")


def capped_count(queryset: QuerySet[Any], cap: int = CAP) -> tuple[int, bool]:
    """How many rows there are, up to the cap; and whether there are more."""
    # Only the key is selected: what the list adds to its rows need not be worked out to count them.
    found = queryset.order_by().values("pk")[: cap + 1].count()
    return min(found, cap), found > cap


def positive(text: str | None, default: int) -> int:
    """A whole number above zero from a query string, else the default."""
    return int(text) if text and text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10 else default


def size_of(query: QueryDict, default: int) -> int:
    """The page size that is asked for, when it is one of those offered."""
    asked = positive(query.get("size"), default)
    return asked if asked in SIZES else default


def paginate(queryset: QuerySet[Any], *, number: int, size: int) -> Page:
    """The page with this number; the last one when it lies behind the end. Two queries, none of which counts far."""
    count, capped = capped_count(queryset)
    if not capped:
        number = max(1, min(number, -(-count // size)))
    first = (number - 1) * size
    rows = list(queryset[first : first + size + 1]) if count else []
    return Page(rows[:size], number, size, count, capped, len(rows) > size)
