"""Long lists in an order that no index has as a whole: part after part, each in the order of its own index."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import QuerySet

from backoffice.kernel import clock
from backoffice.kernel.compiled import MOST, Compiled
from backoffice.kernel.plans import planned

Known = TypeVar("Known")
SHORT = 2000
"""A list of so many rows is sorted as it is."""


@dataclass(frozen=True)
class Part:
    """Rows of keys in their order, and how many there are, as far as is known."""

    keys: "Callable[[], QuerySet[Any] | KeysNow]"
    """Put together when it is read: of most parts of a list nothing is."""
    counted: int | Callable[[], int]
    """Asked where a page lies behind the first: that needs no number."""
    key: Callable[[Any], Any] | None = None
    """What of a row is the key, where the rows have more than that."""

    @property
    def number(self) -> int:
        return self.counted if isinstance(self.counted, int) else self.counted()

    def read(self, start: int, end: int, *, backwards: bool = False) -> list[Any]:
        """The keys from start to end, counted from the end when `backwards`, as they come then."""
        keys = self.keys()
        rows = list((keys.reverse() if backwards else keys)[start:end])
        return [self.key(row) for row in rows] if self.key is not None else rows


class KeptKeys:
    """Keys in their order as a function of values (`kernel.compiled`): the SQL is built once for either direction, and
    only how many are read from where stands behind it. The last column is the key. For more than `most` values nothing
    is kept."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *, most: int = MOST) -> None:
        self.build = build
        self.either = Compiled(build, most=most), Compiled(lambda *given: build(*given).reverse(), most=most)

    def __call__(self, *given: Any, falls: bool = False) -> "KeysNow":
        """The keys for these values; not read yet."""
        return KeysNow(self, given, falls)

    def read(self, given: tuple[Any, ...], start: int, end: int, *, falls: bool) -> list[Any]:
        """The keys from start to end, counted from the end when they fall."""
        statement = self.either[falls].prepared(given)
        if statement is None:
            rows = self.build(*given)
            return [row[-1] for row in (rows.reverse() if falls else rows)[start:end]]
        # Written into the statement: how many rows are wanted decides on the plan.
        sql = f"{statement.sql} LIMIT {int(end - start)}" + (f" OFFSET {int(start)}" if start else "")
        with planned(statement.database), statement.database.cursor() as cursor:
            cursor.execute(sql, statement.params)
            return [row[-1] for row in cursor.fetchall()]


@dataclass(frozen=True)
class KeysNow:
    """Kept keys with the values of now: sliced and turned round like a queryset."""

    kept: KeptKeys
    given: tuple[Any, ...]
    falls: bool

    def reverse(self) -> "KeysNow":
        return KeysNow(self.kept, self.given, not self.falls)

    def __getitem__(self, wanted: slice) -> list[Any]:
        return self.kept.read(self.given, wanted.start or 0, wanted.stop, falls=self.falls)


class Parts:
    """Keys of rows, part after part.

    How many a part has may have been counted a little while ago. So a part is never cut off by its number, only gone
    into at a place that follows from the numbers before it: the first page is always that of now.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts

    @property
    def number(self) -> int:
        """How many rows there are, as far as is known."""
        return sum(part.number for part in self.parts)

    def keys(self, start: int, end: int) -> list[Any]:
        """The keys from start to end; a page in the second half of a part is read from that part's end."""
        found: list[Any] = []
        wanted = end - start
        for part in self.parts:
            if start and start >= part.number:
                start -= part.number
                continue
            if start > SHORT and start > part.number // 2:
                found += self._from_the_end(part, start, wanted)
            else:
                found += part.read(start, start + wanted - len(found))
            if len(found) >= wanted:
                break
            start = 0
        return found[:wanted]

    @staticmethod
    def _from_the_end(part: Part, start: int, wanted: int) -> list[Any]:
        left = part.number - start
        return part.read(max(0, left - wanted), left, backwards=True)[::-1]


class Kept(Generic[Known]):
    """What costs more than a page to count, kept for a minute: by database and by what it is asked by."""

    SECONDS = 60
    MOST = 200

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[datetime, Known]] = {}

    def of(self, key: Hashable, count: Callable[[], Known]) -> Known:
        """What was counted within the minute, else what `count` says now."""
        key, now = (str(connection.settings_dict["NAME"]), key), clock.now()
        made, known = self._kept.get(key, (None, None))
        if made is None or known is None or not timedelta(0) <= now - made < timedelta(seconds=self.SECONDS):
            if len(self._kept) >= self.MOST:
                self._kept.clear()
            known = count()
            self._kept[key] = now, known
        return known

    def forget(self) -> None:
        """Count anew, whatever is known."""
        self._kept.clear()


def nulls_last(rows: QuerySet[Any], field: str, *, falls: bool) -> Parts:
    """The keys by a column that may be empty, and then by the key; what is empty comes last, and first when the order
    falls. The index has the column and the key."""
    sign = "-" if falls else ""
    known = rows.order_by(f"{sign}{field}", f"{sign}pk").filter(**{f"{field}__isnull": False})
    empty = rows.order_by(f"{sign}pk").filter(**{f"{field}__isnull": True})
    number, others = halves.of((field, asked_by(rows)), lambda: (known.order_by().count(), empty.order_by().count()))
    parts = [
        Part(lambda: known.values_list("pk", flat=True), number),
        Part(lambda: empty.values_list("pk", flat=True), others),
    ]
    return Parts(parts[::-1] if falls else parts)


halves: Kept[tuple[int, int]] = Kept()


def asked_by(rows: QuerySet[Any]) -> Hashable:
    """What tells the rows of one filter from those of another: that the present moment is another one is left out."""
    sql, values = rows.order_by().values("pk").query.sql_with_params()
    now = clock.now()
    moments = {str(connection.ops.adapt_datetimefield_value(moment))[:16] for moment in (now, now - _BLINK)}
    return sql, *("now" if str(value)[:16] in moments else str(value) for value in values)


_BLINK = timedelta(seconds=5)
