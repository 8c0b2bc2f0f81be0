"""SQLite knows how large its tables are."""

import pytest
from django.db import connection

from backoffice.kernel.models import NumberSeries
from backoffice.observability import statistics, tasks

pytestmark = pytest.mark.django_db


def known() -> dict[str, int]:
    """The rows of each table, as the planner has them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tbl, max(CAST(stat AS integer)) FROM sqlite_stat1 GROUP BY tbl")
        return dict(cursor.fetchall())


def test_the_planner_learns_how_many_there_are() -> None:
    for number in range(3):
        NumberSeries.objects.create(series=f"s{number}", year=0)
    statistics.refresh()
    if connection.vendor != "sqlite":
        return  # it looks for itself, and nothing is asked of it

    assert known()["kernel_numberseries"] == 3
    NumberSeries.objects.create(series="more", year=0)
    tasks.refresh_statistics.call_local()
    assert known()["kernel_numberseries"] == 4
