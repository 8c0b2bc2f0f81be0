"""Pages of a list, without counting a million rows to say that there are many, nor reading them to show the last."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.formats import number_format

from backoffice.kernel import clock
from backoffice.kernel.compiled import among
from backoffice.kernel.plans import planned

from .counting import KeptCount, statement
from .parts import Parts, marks

CAP = 10_000
DEEP = 1000
SIZES = (25, 50, 100, 200)


class Count(NamedTuple):
    """A number of rows, as far as it was worth counting."""

    number: int
    capped: bool

    def __str__(self) -> str:
        """In the language's form; "10,000+" when there are more."""
        return number_format(self.number, force_grouping=True) + ("+" if self.capped else "")


@dataclass(frozen=True)
class Page:
    """The rows of one page, and where it lies."""

    rows: Sequence[Any]
    number: int
    size: int
    count: Count
    has_next: bool

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def end(self) -> int:
        return self.start + len(self.rows) - 1 if self.rows else 0

    @property
    def count_text(self) -> str:
        """How many there are, for people."""
        return str(self.count)


def capped_counts(querysets: Sequence[QuerySet[Any] | KeptCount], cap: int | Sequence[int] = CAP) -> list[Count]:
    """How many rows each has, up to the cap (or its own), and whether there are more: all of them in one query.

    A kept count of far more than a large cap is not asked again within a minute (`KeptCount.limit`)."""
    caps = [cap] * len(querysets) if isinstance(cap, int) else cap
    parts: list[str] = []
    params: list[Any] = []
    places: dict[int, int] = {}
    counts = [Count(0, False)] * len(querysets)
    for place, queryset in enumerate(querysets):
        limit = queryset.limit(caps[place]) if isinstance(queryset, KeptCount) else caps[place] + 1
        if not limit:
            counts[place] = Count(caps[place], True)
            continue
        try:
            sql, values = statement(queryset, limit)
        except EmptyResultSet:
            continue
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) counted_{place})")  # noqa: S608 - the same
        params += values
        places[place] = limit
    if parts:
        always = all(isinstance(rows, KeptCount) for rows in querysets)
        with planned(connection) if always else nullcontext(), connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", params)
            found = cursor.fetchone()
        for (place, limit), number in zip(places.items(), found, strict=True):
            counts[place] = Count(min(number, caps[place]), number > caps[place])
            if isinstance(rows := querysets[place], KeptCount):
                rows.saw(caps[place], limit, number)
    return counts


def capped_count(queryset: QuerySet[Any], cap: int = CAP) -> Count:
    """How many rows there are, up to the cap; and whether there are more."""
    return capped_counts([queryset], cap)[0]


def positive(text: str | None, default: int) -> int:
    """A whole number above zero from a query string, else the default."""
    return int(text) if text and text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10 else default


def size_of(query: QueryDict, default: int) -> int:
    """The page size that is asked for, when it is one of those offered."""
    asked = positive(query.get("size"), default)
    return asked if asked in SIZES else default


def paginate(
    queryset: QuerySet[Any],
    *,
    number: int,
    size: int,
    count: Count | None = None,
    first: Sequence[Any] = (),
    read: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    parts: Parts | None = None,
) -> Page:
    """The page with this number; the last one when it lies behind the end. `count` when it is known already.

    A page costs what lies between it and the nearer end of the list, which an index that has its order makes little.

    The rows with the keys `first` come first, in that order; all others follow as the queryset has them. With `read`
    the queryset only finds keys, and that reads the rows by them. `parts` are the same keys in the same order, where
    these come sooner part by part.
    """
    count = count or capped_count(queryset)
    total = count.number
    if deep := count.capped and (number - 1) * size >= CAP // 2:
        total = parts.number if parts else totals.of(queryset, (number - 1) * size)
    if deep or not count.capped:
        number = max(1, min(number, -(-total // size)))
    start = (number - 1) * size
    if not count.number:
        return Page([], number, size, count, False)
    if read is None and not first and parts is None and start < DEEP:
        rows = list(queryset[start : start + size + 1])
        return Page(rows[:size], number, size, count, len(rows) > size)
    # Deep rows are found by their keys alone, which an index has, and then read.
    end = start + size + 1
    keys = parts.keys(start, end) if parts else _keys(queryset, start, end, first, total)
    shown = keys[:size]
    found = {row.pk: row for row in (read(shown) if read else queryset.filter(pk__in=shown))} if shown else {}
    return Page([found[pk] for pk in shown if pk in found], number, size, count, len(keys) > size)


def _keys(queryset: QuerySet[Any], start: int, end: int, first: Sequence[Any], total: int) -> list[Any]:
    """The keys from start to end, those of `first` before all others; from the end of them where that is nearer."""
    keys = list(first[start:end])
    if len(keys) == end - start:
        return keys
    start, end, total = max(0, start - len(first)), end - len(first), total - len(first)
    if start < max(DEEP, total // 2) or not queryset.ordered:
        return keys + _others(queryset, start, end, first)
    return _others(queryset.reverse(), max(0, total - end), total - start, first)[::-1]


def _others(queryset: QuerySet[Any], start: int, end: int, first: Sequence[Any]) -> list[Any]:
    """The keys from start to end of the rows that are not among `first`.

    No row is asked whether it is among them, which costs more than the way there: so many more keys are read as there
    are of these. Far away the database says how many of these lie before what was read.
    """
    if not first:
        return marks.keys(queryset, start, end)
    keys, apart = queryset.values_list("pk", flat=True), set(first)
    if start < DEEP:
        return [pk for pk in keys[: end + len(first)] if pk not in apart][start:end]
    read = marks.keys(queryset, start, end + len(first))
    if not read:
        return []
    before = list(keys.filter(among([*first, read[0]]))).index(read[0])
    return [pk for pk in read if pk not in apart][before : before + end - start]


class Totals:
    """How many rows a long list has, counted to the last one at most once a minute: its pages behind the middle are
    read from the end. What was written meanwhile moves the rows of such a page, as it does on every numbered page."""

    SECONDS = 60
    MOST = 200

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], tuple[datetime, int]] = {}

    def of(self, queryset: QuerySet[Any], behind: int) -> int:
        """The number of rows; of now, where what is known says that there are none behind so many."""
        rows = queryset.order_by().values("pk")
        try:
            sql, values = rows.query.sql_with_params()
        except EmptyResultSet:
            return 0
        key, now = (str(connection.settings_dict["NAME"]), sql, *map(str, values)), clock.now()
        made, number = self._kept.get(key, (now, -1))
        if number <= behind or not timedelta(0) <= now - made < timedelta(seconds=self.SECONDS):
            if len(self._kept) >= self.MOST:
                self._kept.clear()
            number = rows.count()
            self._kept[key] = now, number
        return number


totals = Totals()
