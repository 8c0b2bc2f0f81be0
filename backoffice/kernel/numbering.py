"""Numbers without gaps or doubles: one row a series, locked until the transaction that took the number ends."""

from django.db import connection

from backoffice.kernel import clock, rows
from backoffice.kernel.models import NumberSeries

# One statement makes the row or counts on in it, and keeps it locked either way.
NEXT = f"""
INSERT INTO {NumberSeries._meta.db_table} (series, year, last) VALUES (%s, %s, 1)
ON CONFLICT (series, year) DO UPDATE SET last = {NumberSeries._meta.db_table}.last + 1 RETURNING last
"""  # noqa: S608 - the table's own name


def next_value(series: str, *, year: int | None = None) -> int:
    """The next number of the series (of the year, when given). A rolled back transaction gives it back."""
    assert connection.in_atomic_block, "A number is taken inside the transaction that uses it."
    return int(rows.run(NEXT, [series, year or 0])[0][0])


def next_number(series: str, *, prefix: str = "", digits: int = 6) -> str:
    """The next number of this year's series, as text: 2026-000123, or with a prefix WO-2026-000123."""
    year = clock.today().year
    return f"{prefix}{year}-{next_value(series, year=year):0{digits}d}"
