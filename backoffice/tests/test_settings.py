"""A wrong start says which variable is wrong; nothing starts with a default secret."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from backoffice import env

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "k" * 50


SETUP = ("-c", "import django; django.setup()")


def start(tmp_path: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, *(command or SETUP)],
        cwd=ROOT,
        env={**clean, "DJANGO_SETTINGS_MODULE": "backoffice.settings", "DATA_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be"),
        ({"SECRET_KEY": "django-insecure-" + KEY}, "SECRET_KEY must be"),
        ({"SECRET_KEY": KEY, "DATABASE_URL": "mysql://x/y"}, "DATABASE_URL must start with"),
        ({"SECRET_KEY": KEY, "LANGUAGE": "fr"}, "LANGUAGE must be one of en, pt-br"),
        ({"SECRET_KEY": KEY, "WORKERS": "two"}, "WORKERS must be a whole number"),
        ({"SECRET_KEY": KEY, "DEBUG": "perhaps"}, "DEBUG must be 1 or 0"),
        ({"SECRET_KEY_FILE": "/does/not/exist"}, "SECRET_KEY_FILE: cannot read"),
    ],
)
def test_a_wrong_variable_stops_the_start_and_is_named(tmp_path, variables, says):
    ended = start(tmp_path, **variables)

    assert ended.returncode != 0
    assert says in ended.stderr


def test_a_command_says_in_one_line_what_is_wrong(tmp_path):
    ended = start(tmp_path, "manage.py", "makemigrations", "--check")

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["Settings: SECRET_KEY is not set. See .env.example."]


def test_a_right_start_needs_only_a_key(tmp_path):
    assert start(tmp_path, SECRET_KEY=KEY).returncode == 0


def test_every_variable_is_in_the_example():
    source = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("backoffice/settings.py",))
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")

    assert {name for name in read if not re.search(rf"\b{name}=", example)} == set()


def test_a_postgres_address_becomes_a_pool_with_time_limits(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://me:p%40ss@db:6543/shop?sslmode=require&pool=4")
    entry = env.database("DATABASE_URL", "")

    assert (entry["NAME"], entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"]) == (
        "shop", "me", "p@ss", "db", "6543",
    )  # fmt: skip
    assert entry["OPTIONS"]["pool"]["max_size"] == 4
    assert entry["OPTIONS"]["sslmode"] == "require"
    assert "lock_timeout=5s" in entry["OPTIONS"]["options"]
    assert "plan_cache_mode=force_generic_plan" in entry["OPTIONS"]["options"]


def test_sqlite_begins_writing_at_once_and_keeps_what_it_said(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:////srv/shop.sqlite3")
    entry = env.database("DATABASE_URL", "")

    assert entry["NAME"] == "/srv/shop.sqlite3"
    assert entry["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in entry["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in entry["OPTIONS"]["init_command"]


def test_a_database_without_a_name_is_refused(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///")

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env.database("DATABASE_URL", "")


def test_no_request_opens_a_transaction_by_itself():
    """With IMMEDIATE every page would take the write lock."""
    assert not settings.DATABASES["default"].get("ATOMIC_REQUESTS")
