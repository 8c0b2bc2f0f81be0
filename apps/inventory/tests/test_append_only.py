from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, models, transaction

from apps.inventory.models import Move, StockOperation
from apps.inventory.tests.factories import make_location, make_product, make_stock
from backoffice.kernel.errors import LedgerIsAppendOnly

pytestmark = pytest.mark.django_db


@pytest.fixture
def move() -> Move:
    make_stock(make_product(unit="kg"), 5, make_location())
    return Move.objects.get()


def test_the_model_and_the_manager_refuse(move):
    for row in (move, move.operation):
        with pytest.raises(LedgerIsAppendOnly):
            row.save()
        with pytest.raises(LedgerIsAppendOnly):
            row.delete()
        rows = type(row).objects.filter(pk=row.pk)
        for change in (rows.delete, lambda rows=rows: rows.update(pk=1)):
            with pytest.raises(LedgerIsAppendOnly):
                change()
    with pytest.raises(LedgerIsAppendOnly):
        Move.objects.bulk_update([move], ["quantity"])


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE inventory_move SET quantity = 1",
        "DELETE FROM inventory_move",
        "UPDATE inventory_stockoperation SET reason = 'x'",
        "DELETE FROM inventory_stockoperation",
    ],
)
def test_the_database_refuses_raw_sql(move, sql):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    move.refresh_from_db()
    assert move.quantity == Decimal(5)


def test_the_database_refuses_a_plain_manager(move):
    plain = models.Manager.from_queryset(models.QuerySet)()
    plain.model = StockOperation
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        plain.all().update(reason="x")
