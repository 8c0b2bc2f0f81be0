"""A wrong start says which variable is wrong; nothing starts with a default secret."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

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
        ({"SECRET_KEY": KEY, "DATA_DIR": "/dev/null"}, "DATA_DIR: cannot use the folder /dev/null"),
        ({"SECRET_KEY": KEY, "MEDIA_ROOT": "/dev/null"}, "MEDIA_ROOT: cannot use"),
        ({"SECRET_KEY": KEY, "STATIC_ROOT": "/dev/null"}, "STATIC_ROOT: cannot use"),
        ({"SECRET_KEY": KEY, "DATABASE_URL": "sqlite:////no/such/db.sqlite3"}, "DATABASE_URL: there is no folder"),
        ({"SECRET_KEY": KEY, "BACKUP_RECIPIENT": "age1" + "q" * 58}, "BACKUP_RECIPIENT: A public key of age"),
        ({"SECRET_KEY": KEY, "BACKUP_RECIPIENT": "AGE-SECRET-KEY-1Q"}, "BACKUP_RECIPIENT must be the public key"),
        ({"SECRET_KEY": KEY, "MEDIA_STORAGE": "no.Such"}, "MEDIA_STORAGE"),
        ({"SECRET_KEY": KEY, "MEDIA_STORAGE_OPTIONS": '{"bucket": 1}'}, "MEDIA_STORAGE_OPTIONS"),
    ],
)
def test_a_wrong_variable_stops_the_start_and_is_named(tmp_path, variables, says):
    ended = start(tmp_path, **variables)

    assert ended.returncode != 0
    assert says in ended.stderr


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        (env.mapping, "{", "must be JSON"),
        (env.mapping, "[1]", "must be a JSON object"),
        (lambda name: env.time_zone(name, "UTC"), "Mars/Base", "must be a time zone"),
        (lambda name: env.time_zone(name, "UTC"), "../etc", "must be a time zone"),
        (env.addresses, "https://a.example.org,b.example.org", "must begin with https://"),
        (lambda name: env.address(name, "http://x"), "example.org", "must begin with https://"),
        (lambda name: env.address(name, "http://x"), "http://a,http://b", "must be one address"),
        (lambda name: env.mailbox(name, "a@b"), "nobody", "must be an e-mail address"),
        (lambda name: env.database(name, ""), "postgres://u:p@h:abc/x", "the port must be"),
        (lambda name: env.database(name, ""), "postgres://u:p@h", "must name a database"),
        (lambda name: env.database(name, ""), "postgres://u:p@h/x?pool=-1", "pool must be"),
    ],
)
def test_each_kind_of_value_is_refused_in_words(monkeypatch, read, value, says):
    monkeypatch.setenv("A_NAME", value)

    with pytest.raises(ImproperlyConfigured, match=f"^A_NAME.*{says}"):
        read("A_NAME")


@pytest.mark.parametrize(
    ("system", "spoken"),
    [("pt_BR:pt:en", "pt-br"), ("en_GB.UTF-8", "en"), ("de_DE:de", "en"), ("fr:pt-BR", "pt-br"), ("", "en")],
)
def test_the_systems_own_list_of_languages_does_not_stop_the_start(monkeypatch, system, spoken):
    monkeypatch.setenv("LANGUAGE", system)

    assert env.language("LANGUAGE", "en", ("en", "pt-br")) == spoken


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("A_NAME", "")

    assert (env.text("A_NAME", "x"), env.words("A_NAME", "a,b")) == ("x", ["a", "b"])
    with pytest.raises(ImproperlyConfigured, match="A_NAME is not set"):
        env.text("A_NAME")


def test_the_example_can_be_used_as_it_stands(tmp_path):
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    stated = dict(line[1:].split("=", 1) for line in lines if re.match(r"#[A-Z_]+=", line))

    ended = start(tmp_path, **{**stated, "SECRET_KEY": KEY, "DATA_DIR": str(tmp_path)})

    assert ended.returncode == 0, ended.stderr


def test_a_command_says_in_one_line_what_is_wrong(tmp_path):
    ended = start(tmp_path, "manage.py", "makemigrations", "--check")

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["Settings: SECRET_KEY is not set. See .env.example."]


@pytest.mark.parametrize("command", [("manage.py", "check"), ("-m", "backoffice.start", "--port", "0")])
def test_a_start_that_cannot_go_on_ends_in_a_sentence(tmp_path, command):
    ended = start(tmp_path, *command, SECRET_KEY=KEY, DATABASE_URL="postgres://a:b@127.0.0.1:1/shop")

    assert ended.returncode == 1
    assert "Settings: " in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_right_start_needs_only_a_key(tmp_path):
    assert start(tmp_path, SECRET_KEY=KEY).returncode == 0


def test_the_driver_of_postgresql_is_there_for_what_needs_it(tmp_path):
    """A web process on SQLite does not load it: see test_web_process.py."""
    later = (
        "-c",
        "import django; django.setup(); from backoffice.observability.backup import move; print(move.sql.SQL)",
    )
    assert "psycopg.sql.SQL" in start(tmp_path, *later, SECRET_KEY=KEY).stdout
    queue = ("-c", "import backoffice.settings, huey.storage; print(huey.storage.psycopg is not None)")
    known = start(tmp_path, *queue, SECRET_KEY=KEY, DATABASE_URL="postgres://me@/shop?pool=0")
    assert known.stdout == "True\n", known.stderr


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


def test_the_queue_goes_to_the_same_server_in_the_same_way(monkeypatch):
    """A password with a quote in it, and encryption that was asked for, are the queue's too."""
    monkeypatch.setenv("DATABASE_URL", "postgres://me:it%27s%20%5C@db:6543/shop?sslmode=require&pool=4")

    told = conninfo_to_dict(env.conninfo(env.database("DATABASE_URL", "")))

    assert told == {
        "user": "me", "password": "it's \\", "host": "db", "port": "6543", "dbname": "shop", "sslmode": "require",
    }  # fmt: skip


def test_sqlite_begins_writing_at_once_and_keeps_what_it_said(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.sqlite3")
    entry = env.database("DATABASE_URL", "")

    assert entry["NAME"] == f"{tmp_path}/shop.sqlite3"
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
