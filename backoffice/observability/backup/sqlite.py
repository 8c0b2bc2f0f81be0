"""SQLite: a copy page by page through SQLite's own backup, which sees one instant however many are writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from backoffice.observability.backup.errors import BackupError

FILE = "db.sqlite3"
USERS = "accounts_user"
SEARCH_PARTS = ("data", "idx", "content", "docsize", "config")  # the tables that an FTS5 table keeps itself in


def dump(folder: Path) -> dict[str, int]:
    """Copy the database into the folder and check the copy. Returns the rows of every table."""
    copy = folder / FILE
    with _opened(database_path()) as source, _opened(copy) as target:
        source.backup(target)  # all pages in one step: one snapshot, and in WAL mode nobody has to wait for it
        target.execute("PRAGMA journal_mode=DELETE")
        _check(target)
        return count(target)


def load(folder: Path, manifest: dict[str, Any], *, force: bool) -> None:
    """Replace the configured database by the copy, in one step that no reader sees half of."""
    connection.close()
    path = database_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _opened(folder / FILE) as source, _opened(path) as target:
        if not force and used(target):
            raise BackupError(f"{path} has users already. Use --force to replace everything in it.")
        _check(source)
        source.backup(target)
        _check(target)
        found = count(target)
        target.execute("PRAGMA journal_mode=WAL")
    if found != ours(manifest["tables"], found):
        raise BackupError("The rows that were loaded are not those that were saved.")


def database_path() -> Path:
    """The file of the configured database."""
    return Path(str(connection.settings_dict["NAME"]))


def used(database: sqlite3.Connection) -> bool:
    """Whether anybody has ever worked in this database."""
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return USERS in tables and bool(database.execute(f"SELECT EXISTS (SELECT 1 FROM {USERS})").fetchone()[0])  # noqa: S608


def tables(database: sqlite3.Connection) -> list[str]:
    """All tables but SQLite's own and those of its search: they are made from the others, and are only here."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    found = dict(database.execute(query).fetchall())
    searches = {name for name, made in found.items() if made and made.upper().startswith("CREATE VIRTUAL TABLE")}
    inner = {f"{name}_{part}" for name in searches for part in SEARCH_PARTS}
    return [name for name in found if name not in searches | inner]


def ours(counted: dict[str, int], known: Iterable[str]) -> dict[str, int]:
    """What a manifest says of these tables. Older ones counted those of SQLite's search too."""
    wanted = set(known)
    return {table: rows for table, rows in counted.items() if table in wanted}


def count(database: sqlite3.Connection) -> dict[str, int]:
    """The rows of every table."""
    return {
        table: database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - the table's own name
        for table in tables(database)
    }


def _check(database: sqlite3.Connection) -> None:
    if (answer := database.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
        raise BackupError(f"The database is damaged: {answer}")
    if broken := database.execute("PRAGMA foreign_key_check").fetchone():
        raise BackupError(f"A row of {broken[0]} refers to one that is not there.")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
        database.execute("PRAGMA busy_timeout=60000")
        yield database
