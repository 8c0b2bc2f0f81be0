"""Long lists in an order that no index has as a whole: part after part, each in the order of its own index."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Q, QuerySet

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
    filled: str = ""
    """The column of the order that may be empty elsewhere, and is not here."""

    @property
    def number(self) -> int:
        return self.counted if isinstance(self.counted, int) else self.counted()

    def read(self, start: int, end: int, *, backwards: bool = False) -> list[Any]:
        """The keys from start to end, counted from the end when `backwards`, as they come then."""
        keys = self.keys()
        if backwards:
            keys = keys.reverse()
        if isinstance(keys, QuerySet) and self.key is None:
            return marks.keys(keys, start, end, filled=self.filled)
        rows = list(keys[start:end])
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


class Marks:
    """Where far pages of a list began. Whoever turns its pages, or comes back to one, does not walk the whole way
    again: the keys are read from the nearest place before it where somebody was within the minute. What was written
    meanwhile moves the rows of such a page, as it does on every numbered page."""

    FAR = 1000
    """Nearer to the beginning nothing is kept: the way there is short."""
    MOST = 400

    def __init__(self) -> None:
        self._known: Kept[dict[int, tuple[Any, ...]]] = Kept()

    def keys(self, rows: QuerySet[Any], start: int, end: int, *, filled: str = "") -> list[Any]:
        """The keys of the rows from start to end, in the order of the rows. `filled` is a column that may be empty, and
        is not in any of them."""
        order = _order(rows, filled) if start >= self.FAR else None
        if order is None:
            return list(rows.values_list("pk", flat=True)[start:end])
        names, falls = order
        # The marks of a list end together: one that was found from another is as old as that one.
        places = self._known.of((asked_by(rows), order), dict)
        at = max((place for place in list(places) if place <= start), default=0)
        if mark := places.get(at):
            rows = rows.filter(_from(names, mark, falls=falls))
        else:
            at = 0
        read = list(rows.values_list(*names)[start - at : end - at])
        if len(places) >= self.MOST:
            places.clear()
        if read:
            places[start], places[start + len(read) - 1] = read[0], read[-1]
        return [row[-1] for row in read]

    def forget(self) -> None:
        """Walk the whole way, wherever somebody was."""
        self._known.forget()


marks = Marks()


def _order(rows: QuerySet[Any], filled: str) -> tuple[tuple[str, ...], bool] | None:
    """The columns of an order that one index has either way, the key last, and whether it falls; None for another."""
    query, meta = rows.query, rows.model._meta
    terms = query.order_by or (meta.ordering if query.default_ordering else ())
    if query.combinator or query.extra_order_by or not terms or not all(isinstance(term, str) for term in terms):
        return None
    ways = {str(term).startswith("-") for term in terms}
    *names, key = (str(term).lstrip("-") for term in terms)
    whole = {filled, *(field.name for field in meta.concrete_fields if not field.null)}
    if len(ways) > 1 or key not in ("pk", meta.pk.name) or len(names) > 1 or not whole.issuperset(names):
        return None
    return (*names, "pk"), ways.pop() is query.standard_ordering


def _from(names: tuple[str, ...], mark: tuple[Any, ...], *, falls: bool) -> Q:
    """The rows from the marked one on, itself among them, said so that an index leads there."""
    way = "lt" if falls else "gt"
    key = Q(**{f"pk__{way}e": mark[-1]})
    if len(names) == 1:
        return key
    return Q(**{f"{names[0]}__{way}e": mark[0]}) & (Q(**{f"{names[0]}__{way}": mark[0]}) | key)


def nulls_last(rows: QuerySet[Any], field: str, *, falls: bool) -> Parts:
    """The keys by a column that may be empty, and then by the key; what is empty comes last, and first when the order
    falls. The index has the column and the key."""
    sign = "-" if falls else ""
    known = rows.order_by(f"{sign}{field}", f"{sign}pk").filter(**{f"{field}__isnull": False})
    empty = rows.order_by(f"{sign}pk").filter(**{f"{field}__isnull": True})
    number, others = halves.of((field, asked_by(rows)), lambda: (known.order_by().count(), empty.order_by().count()))
    parts = [
        Part(lambda: known.values_list("pk", flat=True), number, filled=field),
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
