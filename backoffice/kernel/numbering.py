"""Numbers without gaps or doubles: one row a series, locked until the transaction that took the number ends."""

from django.db import connection

from backoffice.kernel import clock
from backoffice.kernel.models import NumberSeries


def next_value(series: str, *, year: int | None = None) -> int:
    """The next number of the series (of the year, when given). A rolled back transaction gives it back."""
    assert connection.in_atomic_block, "A number is taken inside the transaction that uses it."
    NumberSeries.objects.bulk_create([NumberSeries(series=series, year=year or 0)], ignore_conflicts=True)
    row = NumberSeries.objects.select_for_update().get(series=series, year=year or 0)
    row.last += 1
    row.save(update_fields=["last"])
    return row.last


def next_number(series: str, *, prefix: str = "", digits: int = 6) -> str:
    """The next number of this year's series, as text: 2026-000123, or with a prefix WO-2026-000123."""
    year = clock.today().year
    return f"{prefix}{year}-{next_value(series, year=year):0{digits}d}"
