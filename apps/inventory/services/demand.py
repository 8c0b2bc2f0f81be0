"""The book of what was wanted. Whoever sells or imports past sales writes here, in the same transaction."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import connection, transaction

from apps.inventory.models import DailyDemand
from backoffice.kernel import rows as statement
from backoffice.kernel.fields import QuantityField
from backoffice.kernel.locks import joined

ROWS_A_STATEMENT = 500

# Adding must happen in the database: two tills that sell the same product at once both count.
ADD = """
INSERT INTO inventory_dailydemand (product_id, day, channel_code, is_imported, quantity) VALUES {rows}
ON CONFLICT (product_id, day, channel_code, is_imported)
DO UPDATE SET quantity = inventory_dailydemand.quantity + excluded.quantity RETURNING id
"""


@joined
def record(rows: Iterable[tuple[int, date, str, Decimal]], *, is_imported: bool = False, sign: int = 1) -> None:
    """Add (product, day of delivery, channel, quantity) to the demand; `sign=-1` takes a cancelled sale back.

    Rows of one product, day and channel are summed first and written in one order, so that writers do not cross.
    """
    if sign not in (1, -1):
        raise ValueError("The sign is 1 or -1.")
    total: dict[tuple[int, date, str], Decimal] = {}
    for product_id, day, channel_code, quantity in rows:
        key = (product_id, day, channel_code)
        total[key] = total.get(key, Decimal(0)) + quantity * sign
    scale = QuantityField().scale
    day_field = DailyDemand._meta.get_field("day")
    values = [
        (product_id, day_field.get_db_prep_value(day, connection), channel_code, is_imported, scale(quantity))
        for (product_id, day, channel_code), quantity in sorted(total.items())
        if quantity
    ]
    for start in range(0, len(values), ROWS_A_STATEMENT):
        part = values[start : start + ROWS_A_STATEMENT]
        marks = ", ".join(["(%s, %s, %s, %s, %s)"] * len(part))
        statement.run(ADD.format(rows=marks), [value for row in part for value in row], kept=len(part) <= statement.FEW)


@transaction.atomic
def forget_imported(*, channel_code: str, product_ids: Iterable[int], days: Iterable[date]) -> int:
    """Drop imported demand of one channel, before the same past is imported again. Returns how many rows that were."""
    gone, _each = DailyDemand.objects.filter(
        is_imported=True, channel_code=channel_code, product_id__in=list(product_ids), day__in=list(days)
    ).delete()
    return gone
