"""Each value that the house relies on is named when it is another one, and every command stops because of it."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backoffice import env, system_checks

ROOT = Path(__file__).resolve().parent.parent.parent
ADDRESSES = {"sqlite": "sqlite:///{}/shop.sqlite3", "postgresql": "postgres://me:secret@db/shop"}


@pytest.fixture
def check(monkeypatch: Any, tmp_path: Path) -> Any:
    """What is said about the database of an address after a change: check("sqlite", change) -> [(id, text), …]."""

    def of(kind: str, change: Any = lambda entry: None) -> list[tuple[str, str]]:
        monkeypatch.setenv("DATABASE_URL", ADDRESSES[kind].format(tmp_path))
        entry = env.database("DATABASE_URL", "")
        change(entry)
        monkeypatch.setattr(system_checks, "settings", SimpleNamespace(DATABASES={"default": entry}))
        return [(str(one.id), str(one.msg)) for one in system_checks.databases()]

    return of


def option(name: str, value: Any) -> Any:
    return lambda entry: entry["OPTIONS"].__setitem__(name, value)


def instead(name: str, old: str, new: str) -> Any:
    def change(entry: dict[str, Any]) -> None:
        assert old in entry["OPTIONS"][name]
        entry["OPTIONS"][name] = entry["OPTIONS"][name].replace(old, new)

    return change


def more(name: str, text: str) -> Any:
    return lambda entry: entry["OPTIONS"].__setitem__(name, entry["OPTIONS"][name] + text)


def top(name: str, value: Any) -> Any:
    return lambda entry: entry.__setitem__(name, value)


@pytest.mark.parametrize("kind", list(ADDRESSES))
def test_what_the_house_sets_is_right(check, kind):
    assert check(kind) == []


@pytest.mark.parametrize(
    ("kind", "change", "key", "says"),
    [
        ("sqlite", top("ATOMIC_REQUESTS", True), "E001", '["ATOMIC_REQUESTS"] is True; it must be False'),
        ("postgresql", top("ATOMIC_REQUESTS", True), "E001", '["ATOMIC_REQUESTS"] is True; it must be False'),
        ("sqlite", option("transaction_mode", "DEFERRED"), "E002", "is 'DEFERRED'; it must be 'IMMEDIATE'"),
        ("sqlite", option("transaction_mode", None), "E002", '["transaction_mode"] is not set'),
        ("sqlite", option("timeout", 5), "E003", '["timeout"] is 5; it must be 20'),
        ("sqlite", more("init_command", " PRAGMA busy_timeout = 0"), "E003", "busy_timeout is '0'"),
        ("sqlite", instead("init_command", "mode=WAL", "mode=delete"), "E004", "journal_mode is 'DELETE'"),
        ("sqlite", more("init_command", " PRAGMA journal_mode('MEMORY');"), "E004", "journal_mode is 'MEMORY'"),
        ("sqlite", instead("init_command", "=FULL", "=NORMAL"), "E005", "synchronous is 'NORMAL'"),
        ("sqlite", more("init_command", "pragma main.synchronous = off"), "E005", "synchronous is 'OFF'"),
        ("sqlite", instead("init_command", "67108864", "-1"), "E006", "journal_size_limit is '-1'"),
        ("sqlite", more("init_command", "PRAGMA foreign_keys=OFF;"), "E007", "foreign_keys is 'OFF'"),
        ("postgresql", instead("options", "-c lock_timeout=5s", ""), "E008", "lock_timeout is not set"),
        ("postgresql", more("options", " -c lock_timeout=0"), "E008", "lock_timeout is '0'; it must be '5s'"),
        ("postgresql", instead("options", "-c statement_timeout=30s", ""), "E009", "statement_timeout is not set"),
        ("postgresql", more("options", " --statement-timeout=0"), "E009", "statement_timeout is '0'"),
        (
            "postgresql",
            instead("options", "-c idle_in_transaction_session_timeout=30s", ""),
            "E010",
            "idle_in_transaction_session_timeout is not set",
        ),
        ("postgresql", top("CONN_HEALTH_CHECKS", False), "E011", '["CONN_HEALTH_CHECKS"] is False'),
    ],
)
def test_another_value_is_named(check, kind, change, key, says):
    ((found, text),) = check(kind, change)

    assert found == f"backoffice.{key}"
    assert says in text


def test_nothing_of_it_at_all_names_every_value(check):
    def bare(entry: dict[str, Any]) -> None:
        entry.pop("OPTIONS")
        entry.pop("CONN_HEALTH_CHECKS", None)

    assert [key for key, _text in check("sqlite", bare)] == [f"backoffice.E00{n}" for n in range(2, 7)]
    assert [key[-4:] for key, _text in check("postgresql", bare)] == ["E008", "E009", "E010", "E011"]


def test_a_command_stops_because_of_it(tmp_path):
    """Asked by `manage.py check`, and so by the worker and by migrate too."""
    (tmp_path / "loose.py").write_text(
        "from backoffice.settings import *\n"
        "from backoffice.settings import DATABASES\n"
        "DATABASES['default']['ATOMIC_REQUESTS'] = True\n"
    )
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    more = {"DJANGO_SETTINGS_MODULE": "loose", "PYTHONPATH": str(tmp_path), "DATA_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**clean, **more, "SECRET_KEY": "k" * 50},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "(backoffice.E001)" in ended.stderr
    assert "Every page would take the write lock." in ended.stderr
