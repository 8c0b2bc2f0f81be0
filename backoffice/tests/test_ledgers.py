"""Every ledger is held by the database: SQLite loses a table's triggers when a later migration rebuilds the table."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from backoffice.kernel.errors import LedgerIsAppendOnly
from backoffice.kernel.ledger import PREFIX, AppendOnly
from backoffice.kernel.models import LedgerRow

pytestmark = pytest.mark.django_db
LEDGERS = [model for model in apps.get_models() if issubclass(model, LedgerRow)]


def guarded() -> set[str]:
    """The names of all triggers that refuse."""
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'",
    }
    with connection.cursor() as cursor:
        cursor.execute(catalogue[connection.vendor])
        return {name for (name,) in cursor.fetchall() if name.startswith(PREFIX)}


def test_the_database_refuses_changes_of_every_ledger() -> None:
    named = {
        operation.table
        for migration in MigrationLoader(None).disk_migrations.values()
        for operation in migration.operations
        if isinstance(operation, AppendOnly)
    }
    tables = {model._meta.db_table for model in LEDGERS}

    assert len(tables) > 10
    assert tables <= named
    assert {f"{PREFIX}_{table}_{event}" for table in named for event in ("update", "delete")} <= guarded()


@pytest.mark.parametrize("model", LEDGERS, ids=lambda model: model._meta.label)
def test_so_do_its_managers(model: Any) -> None:
    rows = model._default_manager.all()
    for change in (rows.delete, lambda: rows.update(pk=1)):
        with pytest.raises(LedgerIsAppendOnly):
            change()
