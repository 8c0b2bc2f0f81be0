"""Kept statements that write, and transactions in one piece."""

import threading

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from backoffice.kernel import rows
from backoffice.kernel.locks import joined, whole
from backoffice.kernel.models import NumberSeries

pytestmark = pytest.mark.django_db


def series(*lasts: int) -> list[NumberSeries]:
    return rows.insert(NumberSeries(series=f"s{at}", year=at, last=last) for at, last in enumerate(lasts))


def now() -> dict[str, int]:
    return dict(NumberSeries.objects.values_list("series", "last"))


@pytest.mark.parametrize("count", [1, 2, 3, rows.FEW + 1, rows.MOST + 1])
def test_each_row_gets_its_own_values(count: int) -> None:
    there = series(*range(count))
    for _ in range(4):  # PostgreSQL keeps the plan from the third time on
        for row in there:
            row.last += 70_000
        rows.save_all(there, ("last",))
    assert now() == {f"s{at}": at + 280_000 for at in range(count)}


def test_only_the_named_fields_are_written() -> None:
    one, two = series(1, 2)
    one.last, one.year = 5, 99
    rows.save_all([one, two], ("last",))
    one.refresh_from_db()
    assert (one.last, one.year) == (5, 0)


@pytest.mark.parametrize("count", [1, 3])
def test_a_row_that_is_gone_is_said(count: int) -> None:
    there = series(*range(count))
    NumberSeries.objects.filter(pk=there[0].pk).delete()
    with pytest.raises(DatabaseError, match="gone"):
        rows.save_all(there, ("last",))


def test_nothing_to_write_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as asked:
        rows.save_all([], ("last",))
    assert len(asked) == 0


@joined
def count_on(row: NumberSeries, *, refuse: bool = False) -> None:
    row.last += 1
    rows.save(row, ("last",))
    if refuse:
        raise ZeroDivisionError


@whole
def count_twice(row: NumberSeries, *, refuse: bool = False) -> None:
    count_on(row)
    count_on(row, refuse=refuse)


def savepoints(asked: CaptureQueriesContext) -> int:
    return sum(str(query["sql"]).startswith("SAVEPOINT") for query in asked.captured_queries)


def test_parts_of_a_whole_need_no_savepoints() -> None:
    (row,) = series(0)
    with CaptureQueriesContext(connection) as asked:
        count_twice(row)
    assert savepoints(asked) == 1, "its own, inside of the test's transaction"
    assert now() == {"s0": 2}


def test_a_refusal_in_a_part_takes_the_whole_back() -> None:
    (row,) = series(0)
    with pytest.raises(ZeroDivisionError):
        count_twice(row, refuse=True)
    assert now() == {"s0": 0}


def test_alone_and_after_a_whole_a_part_is_a_savepoint() -> None:
    (row,) = series(0)
    count_twice(row)
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        with pytest.raises(ZeroDivisionError):
            count_on(row, refuse=True)
        assert now() == {"s0": 2}
    assert savepoints(asked) == 1


def test_what_one_thread_does_in_one_piece_is_no_other_threads_matter() -> None:
    (row,) = series(0)
    seen = []

    @whole
    def look() -> None:
        def other_looks() -> None:
            seen.append(connections["default"].__dict__.get("in_one_piece"))

        other = threading.Thread(target=other_looks)
        other.start()
        other.join()
        count_on(row)

    look()
    assert seen == [None]
