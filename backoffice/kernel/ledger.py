"""Append-only tables, held by the database: triggers that refuse UPDATE and DELETE on both engines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.migrations.operations.base import Operation

PREFIX = "append_only"
POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION append_only_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""


class AppendOnly(Operation):
    """Refuse DELETE, and UPDATE of the named columns (all, when none are named), on a table.

    A migration operation: `AppendOnly("inventory_move")`, `AppendOnly("orders_orderline", columns=["quantity"])`.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str, columns: Sequence[str] = ()) -> None:
        self.table, self.columns = table, list(columns)

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Triggers are no part of the models' state."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in self._create(schema_editor.connection.vendor):
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        on = f" ON {self.table}" if schema_editor.connection.vendor == "postgresql" else ""
        for event in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {PREFIX}_{self.table}_{event}{on}")

    def describe(self) -> str:
        return f"Make {self.table} append-only"

    @property
    def migration_name_fragment(self) -> str:
        return f"append_only_{self.table}"

    def _create(self, vendor: str) -> Iterator[str]:
        of = f" OF {', '.join(self.columns)}" if self.columns else ""
        if vendor == "postgresql":
            yield POSTGRES_FUNCTION
        for event, when in (("update", f"UPDATE{of}"), ("delete", "DELETE")):
            name = f"{PREFIX}_{self.table}_{event}"
            if vendor == "postgresql":
                yield (
                    f"CREATE TRIGGER {name} BEFORE {when} ON {self.table} "
                    "FOR EACH ROW EXECUTE FUNCTION append_only_refuse()"
                )
            else:
                yield (
                    f"CREATE TRIGGER {name} BEFORE {when} ON {self.table} "
                    f"BEGIN SELECT RAISE(ABORT, '{self.table} is append-only'); END"
                )


class Writable(AppendOnly):
    """Lift the triggers of a table for the operations that follow: SQLite rebuilds a table whose constraints change,
    and the new one has none. `AppendOnly` comes after them.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_backwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Make {self.table} writable"

    @property
    def migration_name_fragment(self) -> str:
        return f"writable_{self.table}"


@contextmanager
def lifted(alias: str = "default") -> Iterator[None]:
    """Without the triggers, for what loads or flushes whole databases: a restore, and the test runner on SQLite."""
    connection = connections[alias]
    if connection.vendor != "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = DEFAULT")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s", [f"{PREFIX}_%"])
        triggers = cursor.fetchall()
        for name, _sql in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for _name, sql in triggers:
                cursor.execute(sql)
