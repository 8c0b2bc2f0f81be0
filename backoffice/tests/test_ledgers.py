"""Every ledger and every history is held by the database: SQLite loses a table's triggers when a later migration
rebuilds the table, and who adds an audited model may forget them."""

from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from simple_history.models import HistoricalChanges

from backoffice.kernel.audit import acting
from backoffice.kernel.errors import LedgerIsAppendOnly
from backoffice.kernel.ledger import PREFIX, AppendOnly
from backoffice.kernel.models import LedgerRow

pytestmark = pytest.mark.django_db
LEDGERS = [model for model in apps.get_models() if issubclass(model, LedgerRow)]
HISTORIES = [model for model in apps.get_models() if issubclass(model, HistoricalChanges)]


def guarded() -> set[str]:
    """The names of all triggers that refuse."""
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'",
    }
    with connection.cursor() as cursor:
        cursor.execute(catalogue[connection.vendor])
        return {name for (name,) in cursor.fetchall() if name.startswith(PREFIX)}


def a_row(model: Any) -> Any:
    """Any row of a history: its columns refer to nothing that must exist."""
    texts = {"CharField": "~", "TextField": "~", "SlugField": "~", "JSONField": {}, "BooleanField": False}
    times = {"DateTimeField": timezone.now(), "DateField": timezone.now().date(), "TimeField": timezone.now().time()}
    known = {**texts, **times}
    values = {}
    for field in model._meta.concrete_fields:
        if not field.null and not field.primary_key:
            number = Decimal(1) if hasattr(field, "places") else 1
            values[field.attname] = known.get(field.get_internal_type(), number)
    return model.objects.create(**values)


def test_the_database_refuses_changes_of_every_ledger() -> None:
    named = {
        operation.table
        for migration in MigrationLoader(None).disk_migrations.values()
        for operation in migration.operations
        if isinstance(operation, AppendOnly)
    }
    tables = {model._meta.db_table for model in (*LEDGERS, *HISTORIES)}

    assert len(LEDGERS) > 10
    assert len(HISTORIES) > 30
    assert tables <= named
    assert {f"{PREFIX}_{table}_{event}" for table in named for event in ("update", "delete")} <= guarded()


@pytest.mark.parametrize("model", LEDGERS, ids=lambda model: model._meta.label)
def test_so_do_its_managers(model: Any) -> None:
    rows = model._default_manager.all()
    for change in (rows.delete, lambda: rows.update(pk=1)):
        with pytest.raises(LedgerIsAppendOnly):
            change()


@pytest.mark.parametrize("model", HISTORIES, ids=lambda model: model._meta.label)
def test_what_was_noted_of_a_change_stays_as_it_was_noted(model: Any) -> None:
    row = a_row(model)
    table, rows = connection.ops.quote_name(model._meta.db_table), model.objects.filter(pk=row.pk)
    row.history_type = "+"

    def ask(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    tried = {
        "save": row.save,
        "delete": row.delete,
        "update": lambda: rows.update(history_type="+"),
        "who": lambda: rows.update(history_user=None),
        "delete all": rows.delete,
        "delete at once": lambda: rows._raw_delete(rows.db),
        "bulk": lambda: model.objects.bulk_update([row], ["history_type"]),
        "raw": lambda: ask(f"UPDATE {table} SET history_change_reason = 'never'"),
        "raw delete": lambda: ask(f"DELETE FROM {table}"),
    }
    for name, change in tried.items():
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
            pytest.fail(name)
    assert model.objects.get().history_type == "~"


def test_who_has_changed_something_is_not_deleted() -> None:
    """The library would take the name off everything that they did."""
    people = get_user_model().objects
    ana, ben = people.create(username="ana", name="Ana"), people.create(username="ben", name="Ben")
    with acting(ana):
        ben.save()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ana.delete()

    assert people.filter(username="ana").exists()
    assert ben.history.latest().history_user == ana
