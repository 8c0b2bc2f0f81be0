"""From SQLite to PostgreSQL: the same rows, with SQLite's few kinds of values made into PostgreSQL's many."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from psycopg import sql

from backoffice.observability.backup import postgres, sqlite
from backoffice.observability.backup.errors import BackupError

Convert = Callable[[Any], Any]

# Django keeps instants in SQLite as UTC without saying so, and truth as 0 and 1.
CONVERT: dict[str, Convert] = {
    "boolean": bool,
    "timestamp with time zone": lambda text: f"{text}+00",
    "bytea": bytes,
}


def load(folder: Path, manifest: dict[str, Any], *, force: bool) -> None:
    """Load a SQLite copy into the configured PostgreSQL database."""
    with closing(sqlite3.connect(folder / sqlite.FILE)) as source:

        def fill(cursor: Any, table: str) -> None:
            _copy(source, cursor, table)

        counted = sqlite.ours(manifest["tables"], sqlite.tables(source))
        postgres.replace_all({**manifest, "tables": counted}, fill, force=force)


def _copy(source: sqlite3.Connection, cursor: Any, table: str) -> None:
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
        [table],
    )
    types = dict(cursor.fetchall())
    there = {row[1] for row in source.execute(f'PRAGMA table_info("{table}")')}
    if there != set(types):
        raise BackupError(f"{table} has other columns in the archive than here.")
    names = list(types)
    conversions = [CONVERT.get(types[name]) for name in names]
    listed = ", ".join(f'"{name}"' for name in names)
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with cursor.cursor.copy(into) as copy:
        for row in source.execute(f'SELECT {listed} FROM "{table}"'):  # noqa: S608 - names of the database itself
            copy.write_row(
                [
                    value if value is None or convert is None else convert(value)
                    for value, convert in zip(row, conversions, strict=True)
                ]
            )
