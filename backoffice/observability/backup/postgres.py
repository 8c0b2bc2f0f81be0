"""PostgreSQL: COPY of every table inside one REPEATABLE READ transaction. Needs no pg_dump beside the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from backoffice.observability.backup.errors import BackupError

QUEUE_PREFIX = "huey_"  # the queue only wakes and may be lost; see the outbox
BLOCK = 1 << 20
Fill = Callable[[Any, str], None]


def dump(folder: Path) -> dict[str, int]:
    """Write every table into a file of its own, all of the same instant. Returns the rows of every table."""
    counts: dict[str, int] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _without_limits(cursor)
        for table in tables(cursor):
            names = columns(cursor, table)
            out = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), _list(names))
            with (folder / f"{table}.copy").open("wb") as file:
                file.write(("\t".join(names) + "\n").encode())
                with cursor.cursor.copy(out) as copy:
                    for block in copy:
                        file.write(block)
            counts[table] = _count(cursor, table)
    return counts


def load(folder: Path, manifest: dict[str, Any], *, force: bool) -> None:
    """Replace every row of the configured database by those of the files, in one transaction."""

    def fill(cursor: Any, table: str) -> None:
        with (folder / f"{table}.copy").open("rb") as file:
            names = file.readline().decode().rstrip("\n").split("\t")
            into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _list(names))
            with cursor.cursor.copy(into) as copy:
                while block := file.read(BLOCK):
                    copy.write(block)

    replace_all(manifest, fill, force=force)


def replace_all(manifest: dict[str, Any], fill: Fill, *, force: bool) -> None:
    """Empty every table and fill it again; check references and counts; let the sequences go on behind the rows.

    The tables must be there as this version's migrations make them, and the archive must be of the same version.
    """
    known = {f"{app}.{name}" for app, name in MigrationLoader(connection).graph.nodes}
    if missing := set(manifest["migrations"]) ^ known:
        raise BackupError(
            f"The archive and this program differ by {len(missing)} migrations ({min(missing)} …). "
            "Restore with the version that made it, and migrate afterwards."
        )
    with transaction.atomic(), connection.cursor() as cursor:
        _without_limits(cursor)
        there = tables(cursor)
        if lacking := set(manifest["tables"]) - set(there):
            raise BackupError(f"Run migrate first: there is no table {min(lacking)}.")
        cursor.execute("SELECT EXISTS (SELECT 1 FROM accounts_user)")
        if cursor.fetchone()[0] and not force:
            raise BackupError("The database has users already. Use --force to replace everything in it.")
        # TRUNCATE is no update or delete of a row, so the append-only triggers let it pass; inserts they never refuse.
        cursor.execute(sql.SQL("TRUNCATE {}").format(_list(there)))
        for table in manifest["tables"]:
            fill(cursor, table)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, expected in manifest["tables"].items():
            if (found := _count(cursor, table)) != expected:
                raise BackupError(f"{table} has {found} rows instead of {expected}; nothing was changed.")
            _continue_sequences(cursor, table)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def tables(cursor: Any) -> list[str]:
    """Every table of this program, the queue's left out, and those that triggers make from the others: their comment
    says that they are derived."""
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE %s "
        "AND obj_description(quote_ident(tablename)::regclass, 'pg_class') IS DISTINCT FROM 'derived' "
        "ORDER BY tablename",
        [QUEUE_PREFIX.replace("_", r"\_") + "%"],
    )
    return [name for (name,) in cursor.fetchall()]


def columns(cursor: Any, table: str) -> list[str]:
    """The columns that hold data, without generated ones."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s "
        "AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    )
    return [name for (name,) in cursor.fetchall()]


def count(cursor: Any) -> dict[str, int]:
    """The rows of every table."""
    return {table: _count(cursor, table) for table in tables(cursor)}


def _continue_sequences(cursor: Any, table: str) -> None:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s "
        "AND (is_identity = 'YES' OR column_default LIKE 'nextval(%%')",
        [table],
    )
    for (column,) in cursor.fetchall():
        query = sql.SQL(
            "SELECT setval(pg_get_serial_sequence({name}, {text}), "
            "coalesce(max({column}), 1), max({column}) IS NOT NULL) FROM {table}"
        )
        cursor.execute(
            query.format(
                name=sql.Literal(f'"{table}"'), text=sql.Literal(column), column=sql.Identifier(column),
                table=sql.Identifier(table),
            )
        )  # fmt: skip


def _without_limits(cursor: Any) -> None:
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(sql.SQL("SET LOCAL {} = 0").format(sql.Identifier(name)))


def _count(cursor: Any, table: str) -> int:
    cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    return int(cursor.fetchone()[0])


def _list(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
