"""Writers of one SQLite database wait for each other, in the order in which they came."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from django.db.backends.sqlite3.base import SQLiteCursorWrapper

from backoffice.kernel.locks import is_conflict
from backoffice.kernel.sqlite import base, line
from backoffice.kernel.sqlite.base import DatabaseWrapper

Connect = Callable[..., DatabaseWrapper]


@pytest.fixture
def connect(tmp_path: Path, django_db_blocker: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes connections to a database of their own, as the settings would."""
    made: list[DatabaseWrapper] = []

    def one(**options: object) -> DatabaseWrapper:
        settings = {
            "ENGINE": "backoffice.kernel.sqlite",
            "NAME": tmp_path / "shop.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
                "init_command": "PRAGMA journal_mode=WAL",
                "check_same_thread": False,
                **options,
            },
        }
        made.append(DatabaseWrapper(connections.configure_settings({"default": settings})["default"], "shop"))
        made[-1].inc_thread_sharing()
        made[-1].ensure_connection()
        return made[-1]

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        with one().cursor() as cursor:
            cursor.execute("CREATE TABLE thing (name text)")
        yield one
        for each in made:
            each.connection.close()


def begin(database: DatabaseWrapper) -> None:
    database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def commit(database: DatabaseWrapper) -> None:
    database.commit()
    database.set_autocommit(True)


def patience(database: DatabaseWrapper) -> int:
    return int(database.connection.execute("PRAGMA busy_timeout").fetchone()[0])


def test_the_second_waits_until_the_first_is_done(connect: Connect) -> None:
    first, second = connect(), connect()
    begin(first)
    began = threading.Event()

    def wait() -> None:
        begin(second)
        began.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not began.wait(0.1)
    commit(first)
    waiting.join(30)
    assert began.is_set()
    assert second.connection.in_transaction
    commit(second)


def test_who_waits_too_long_hears_what_sqlite_says_and_may_try_again(connect: Connect) -> None:
    first, second = connect(), connect(timeout=0.1)
    begin(first)
    with pytest.raises(OperationalError, match="database is locked") as refused:
        begin(second)
    assert is_conflict(refused.value)
    commit(first)
    begin(second)
    commit(second)


def test_what_needs_no_turn_waits_as_sqlite_does(connect: Connect) -> None:
    writer, reader = connect(timeout=7), connect(timeout=7)
    begin(writer)
    assert patience(writer) == 7000
    with reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM thing")
        assert cursor.fetchone() == (0,)
    commit(writer)
    assert patience(writer) == 7000


def test_an_error_that_is_not_about_waiting_comes_at_once(connect: Connect) -> None:
    database = connect()
    database.connection.execute("BEGIN")
    with pytest.raises(OperationalError, match="within a transaction"):
        begin(database)
    assert patience(database) == 10_000
    database.connection.rollback()


def test_of_one_process_only_one_asks(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    first, others = connect(), [connect() for _ in range(4)]
    asking, most, guard, somebody_asks = set(), [], threading.Lock(), threading.Event()
    begun = DatabaseWrapper._begun

    def ask(self: DatabaseWrapper, mode: str) -> bool:
        with guard:
            if self in seen:
                asking.add(self)
                most.append(len(asking))
                somebody_asks.set()
            seen.add(self)
        done = begun(self, mode)
        if done:
            with guard:
                asking.discard(self)
        return done

    seen: set[DatabaseWrapper] = set()
    begin(first)
    monkeypatch.setattr(DatabaseWrapper, "_begun", ask)

    def write(database: DatabaseWrapper) -> None:
        begin(database)
        commit(database)

    threads = [threading.Thread(target=write, args=(each,)) for each in others]
    for thread in threads:
        thread.start()
    assert somebody_asks.wait(30)
    commit(first)
    for thread in threads:
        thread.join(30)
    assert max(most) == 1


def test_of_those_who_come_later_nobody_asks_before_who_sits_first(connect: Connect, tmp_path: Path) -> None:
    path, database = tmp_path / "shop.sqlite3", connect(timeout=0.1)
    begin(database)
    commit(database)
    sits = f"from backoffice.kernel.sqlite.line import Line; print(Line({str(path)!r}).take(1), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", sits], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        with pytest.raises(OperationalError, match="database is locked"):
            begin(database)  # nobody writes
        mine = line.of(str(path))
        assert [mine.take(seat) for seat in range(line.SEATS)] == [True, False, True, True], "who left kept no seat"
        other.kill()
    assert mine.take(1), "who is gone sits nowhere"
    begin(database)
    commit(database)


def test_without_a_place_for_the_line_everybody_asks(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "_lines", {})
    monkeypatch.setattr(line.os, "open", lambda *_args: (_ for _ in ()).throw(PermissionError))
    first, second = connect(), connect(timeout=0.05)
    begin(first)
    with pytest.raises(OperationalError, match="database is locked"):
        begin(second)
    commit(first)
    begin(second)
    commit(second)


@pytest.mark.parametrize(
    "query", ["SELECT 1", "a = %s AND b = %s", "LIKE '%%x' AND c = %s", "%%s", "x" * (base.LONGEST + 1) + "%s"]
)
def test_placeholders_are_those_of_django(query: str) -> None:
    link = sqlite3.connect(":memory:")
    mine, theirs = link.cursor(factory=base.Cursor), link.cursor(factory=SQLiteCursorWrapper)
    for _ in range(2):
        assert mine.convert_query(query) == theirs.convert_query(query)
    assert mine.convert_query("a = %(b)s", param_names=["b"]) == "a = :b"
    link.close()
