"""A restore beside the shop: the commands that a person would type, on a database that is there for nothing else.

Each command is a process of its own with the scratch database, a scratch DATA_DIR and no object store in its
environment, so that nothing of it can reach the shop's own.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

from backoffice import env
from backoffice.observability.backup import postgres, sqlite
from backoffice.observability.backup.archive import Report
from backoffice.observability.backup.errors import BackupError, NotPossible

MARK = "backoffice: scratch of a restore drill"
"""The comment of a scratch database. Without it nothing is ever dropped."""
OLD = 2 * 3600
TOLD = 500


@dataclass
class Place:
    """A scratch database and how its tables are counted."""

    url: str
    count: Callable[[], dict[str, int]]
    is_empty: bool
    """Whether it needs its tables first."""


def rehearse(work: Path, report: Report, *, identity: Path | None, seconds: float, beat: Callable[[], None]) -> None:
    """Restore the archive, count its rows and files, and compare its books. Raises BackupError when they differ.

    Raises NotPossible when there may be no scratch database. Ends within the given seconds. `beat` is called between
    the steps.
    """
    until = time.monotonic() + seconds
    data = work / "data"
    data.mkdir()
    with _sqlite(data) if connection.vendor == "sqlite" else _postgresql() as place:

        def run(*words: str) -> None:
            _run(words, place.url, data, until)
            beat()

        if place.is_empty:
            run("migrate", "--verbosity", "0", "--no-input")
        run("restore", str(report.path), *(["--identity", str(identity)] if identity else []))
        found = place.count()
        for table, rows in report.tables.items():
            if found.get(table) != rows:
                raise BackupError(f"{table} has {found.get(table)} rows in the copy instead of {rows}.")
        files = sum(path.is_file() for path in (data / "media").rglob("*"))
        if files != report.files:
            raise BackupError(f"The copy has {files} files instead of {report.files}.")
        run("verify_ledgers")


def _run(words: tuple[str, ...], url: str, data: Path, until: float) -> None:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
    try:
        ended = subprocess.run(  # noqa: S603 - our own program
            command, env=_environment(url, data), capture_output=True, text=True, check=False,
            timeout=max(until - time.monotonic(), 0),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"{words[0]} took too long.") from error
    if ended.returncode:
        told = " ".join((ended.stderr.strip() or ended.stdout.strip()).split())
        raise BackupError(f"{words[0]} ended with {ended.returncode}: {told[-TOLD:]}")


def _environment(url: str, data: Path) -> dict[str, str]:
    named = {"DATABASE_URL", "DATA_DIR", "MEDIA_ROOT", "MEDIA_STORAGE", "MEDIA_STORAGE_OPTIONS", "SECRET_KEY", "EMAIL"}
    kept = {key: value for key, value in os.environ.items() if key.removesuffix("_FILE") not in named}
    return kept | {
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": url,
        "DATA_DIR": str(data),
        "MEDIA_ROOT": str(data / "media"),
        "EMAIL": "dummy",
    }


@contextmanager
def _sqlite(data: Path) -> Iterator[Place]:
    path = data / sqlite.FILE

    def count() -> dict[str, int]:
        with closing(sqlite3.connect(path)) as database:
            return sqlite.count(database)

    yield Place(f"sqlite:///{quote(str(path))}", count, is_empty=False)  # the file itself is restored


@contextmanager
def _postgresql() -> Iterator[Place]:
    import psycopg

    own = connection.settings_dict
    prefix = f"{str(own['NAME'])[:40]}_drill_"
    name = f"{prefix}{int(time.time())}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            raise NotPossible("The user of the database may not create another one (CREATEDB), so none was restored.")
        for left in _left(cursor, prefix):
            _drop(cursor, left)
        cursor.execute(f"CREATE DATABASE {_quoted(name)}")
        try:
            cursor.execute(f"COMMENT ON DATABASE {_quoted(name)} IS '{MARK}'")

            def count() -> dict[str, int]:
                with psycopg.connect(env.conninfo({**own, "NAME": name})) as other:
                    return postgres.count(other.cursor())

            yield Place(_url({**own, "NAME": name}), count, is_empty=True)
        finally:
            with connection.cursor() as again:  # the first may be gone with its connection
                _drop(again, name)


def _left(cursor: Any, prefix: str) -> list[str]:
    """What drills that were killed have left."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND shobj_description(oid, 'pg_database') = %s",
        [prefix, MARK],
    )
    names = [name for (name,) in cursor.fetchall()]
    return [name for name in names if int(name.removeprefix(prefix)) < time.time() - OLD]


def _drop(cursor: Any, name: str) -> None:
    cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _url(entry: dict[str, Any]) -> str:
    more = {key: str(value) for key, value in entry["OPTIONS"].items() if key not in {"pool", "options"}}
    who = quote(entry["USER"] or "", safe="")
    if entry["PASSWORD"]:
        who += f":{quote(entry['PASSWORD'], safe='')}"
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    query = urlencode({**more, "host": entry["HOST"] or "", "pool": "0"}, quote_via=quote)
    return f"postgres://{who}@{port}/{quote(entry['NAME'], safe='')}?{query}"
