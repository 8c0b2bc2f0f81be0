"""Counts that every page shows: each is put together once, and only the time in it changes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NoReturn

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from backoffice.kernel import clock
from backoffice.kernel.compiled import spelled_out

Rows = Callable[[], QuerySet[Any]]
Statement = tuple[str, list[Any]]
# Two moments that have neither day nor time in common.
MOMENTS = datetime(2001, 2, 3, 4, 5, 6, 789, tzinfo=UTC), datetime(2012, 11, 10, 19, 18, 17, 654, tzinfo=UTC)


LARGE, MINUTE = 10_000, timedelta(minutes=1)


class _AskedTheDatabase(Exception):
    """The rows depend on more than the time."""


class KeptCount:
    """The keys of rows that depend on nothing but the time. That they do not is seen, and then they are not kept.

    It is put together for two moments of long ago. What is the same in both is constant; what is the moment, or its
    day, is now's or today's each time; anything else, and whatever asks the database on the way, is put together
    plainly each time.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._kept: dict[str, tuple[str, list[Any]] | None] = {}
        self._seen: dict[tuple[str, int], tuple[datetime | None, int]] = {}

    def limit(self, cap: int) -> int:
        """How many keys to count, to see whether there are more than the cap. 0 where a large cap needs no look: within
        the last minute there were more than twice as many."""
        known = self._seen.get(_here(cap))
        if known is None:
            return cap + 1
        at, number = known
        if at is None or not timedelta(0) <= clock.now() - at < MINUTE:
            return 2 * cap + 1
        return 0 if number > 2 * cap else cap + 1

    def saw(self, cap: int, limit: int, number: int) -> None:
        """What was found up to the limit."""
        if cap < LARGE:
            return
        if number <= cap:
            self._seen.pop(_here(cap), None)
        elif limit > cap + 1:
            self._seen[_here(cap)] = clock.now(), number
        else:
            self._seen.setdefault(_here(cap), (None, number))  # worth a longer look the next time

    def statement(self, limit: int) -> Statement:
        """SQL and values that give the keys of so many rows. Raises EmptyResultSet where there can be none."""
        kept = self._of(connection.vendor)
        if kept is None:
            return _keys(self.rows, limit)
        sql, values = kept
        now = {marker: made() for marker, made in _moving().items()} if any(map(_moves, values)) else {}
        return f"{sql} LIMIT {int(limit)}", [now[value] if _moves(value) else value for value in values]

    def _of(self, vendor: str) -> "tuple[str, list[Any]] | None":
        if vendor not in self._kept:
            self._kept[vendor] = self._put_together()
        return self._kept[vendor]

    def _put_together(self) -> "tuple[str, list[Any]] | None":
        try:
            (sql, then), (other, later) = (self._at(moment) for moment in MOMENTS)
        except (_AskedTheDatabase, EmptyResultSet):
            return None
        if sql != other or len(then) != len(later):
            return None
        values: list[Any] = []
        for pair in zip(then, later, strict=True):
            same = pair[0] == pair[1] and type(pair[0]) is type(pair[1])
            moving = next((marker for marker, made in _moving().items() if _both(made) == pair), None)
            if not same and moving is None:
                return None
            values.append(pair[0] if same else moving)
        return spelled_out(sql, values)

    def _at(self, moment: datetime) -> Statement:
        with clock.fixed(moment), connection.execute_wrapper(_refuse):
            sql, values = _counted(self.rows()).query.sql_with_params()
        return sql, list(values)


class _Marker:
    """Stands for a value that is another one each time."""


NOW, TODAY = _Marker(), _Marker()


def _moves(value: Any) -> bool:
    return isinstance(value, _Marker)


def _moving() -> dict[Any, Callable[[], Any]]:
    ops = connection.ops
    return {
        NOW: lambda: ops.adapt_datetimefield_value(clock.now()),
        TODAY: lambda: ops.adapt_datefield_value(clock.today()),
    }


def _both(made: Callable[[], Any]) -> tuple[Any, ...]:
    found = []
    for moment in MOMENTS:
        with clock.fixed(moment):
            found.append(made())
    return tuple(found)


def _refuse(*_args: Any) -> NoReturn:
    raise _AskedTheDatabase


def _here(cap: int) -> tuple[str, int]:
    return str(connection.settings_dict["NAME"]), cap


def _keys(rows: Rows | QuerySet[Any], limit: int) -> Statement:
    found = rows() if callable(rows) else rows
    sql, values = _counted(found)[:limit].query.sql_with_params()
    return sql, list(values)


def _counted(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Only the key is selected: what the list adds to its rows need not be worked out to count them. What names values
    itself (`values("product_id").distinct()`) is counted as it is."""
    return rows if rows.query.values_select and rows.query.distinct else rows.order_by().values("pk")


kept = cache(KeptCount)
"""The count of a function's rows, the same one each time."""


def statement(rows: "QuerySet[Any] | KeptCount", limit: int) -> Statement:
    """SQL and values that give the keys of so many of the rows. Raises EmptyResultSet where there can be none."""
    return rows.statement(limit) if isinstance(rows, KeptCount) else _keys(rows, limit)
