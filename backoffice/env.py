"""Typed readers of the environment. A missing or wrong value stops the start and names the variable."""

import json
import os
import re
import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str | None = None) -> str:
    """The variable's text; an empty one counts as not set. Without a default it must be set.

    `NAME_FILE` may point to a file that holds it.
    """
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error.strerror}.") from error
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. See .env.example.")
    return value


def folder(name: str, default: str) -> Path:
    """A folder that can be written to; it is made when it is not there."""
    path = Path(text(name, default))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot use the folder {path}: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{name}: the folder {path} cannot be written to.")
    return path


def flag(name: str, default: bool) -> bool:
    """A yes or no: 1/true/yes/on or 0/false/no/off."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def integer(name: str, default: int, *, at_least: int = 0) -> int:
    """A whole number, not below `at_least`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if number < at_least:
        raise ImproperlyConfigured(f"{name} must be at least {at_least}, not {number}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """A list, separated by commas; empty parts are dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def addresses(name: str, default: str = "") -> list[str]:
    """A list of web addresses, each with its scheme and host, without a slash at the end."""
    found = [word.rstrip("/") for word in words(name, default)]
    for address in found:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ImproperlyConfigured(f"{name} must begin with https:// or http:// and name a host, not {address!r}.")
    return found


def address(name: str, default: str) -> str:
    """One web address, without a slash at the end."""
    found = addresses(name, default)
    if len(found) != 1:
        raise ImproperlyConfigured(f"{name} must be one address, not {len(found)}.")
    return found[0]


def mailbox(name: str, default: str) -> str:
    """An address that mails come from, with or without a name before it."""
    value = text(name, default)
    if "@" not in value:
        raise ImproperlyConfigured(f"{name} must be an e-mail address, not {value!r}.")
    return value


def public_keys(name: str) -> list[str]:
    """A list of public keys of age. What is none is not repeated in the message: it may be a secret key."""
    found = words(name)
    if not all(re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", key) for key in found):
        raise ImproperlyConfigured(
            f"{name} must be the public key that begins with age1 (62 signs), never the secret one."
        )
    return found


def mapping(name: str) -> dict[str, Any]:
    """A JSON object; empty when it is not set."""
    try:
        found = json.loads(text(name, "{}"))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f'{name} must be a JSON object: {{"bucket_name": "shop"}}.')
    return found


def time_zone(name: str, default: str) -> str:
    """A zone of the IANA list, like America/Sao_Paulo."""
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ImproperlyConfigured(f"{name} must be a time zone like America/Sao_Paulo, not {value!r}.") from None
    return value


def language(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed languages.

    Many systems set LANGUAGE by themselves, as a list of locales (`pt_BR:pt:en`): then it is the first one that is
    known here, or the default. That somebody's computer speaks German must not stop the start.
    """
    value = os.environ.get(name, "").strip()
    if "_" not in value and ":" not in value:
        return choice(name, default, allowed)
    for wish in value.split(":"):
        code = wish.partition(".")[0].replace("_", "-").lower()
        for known in (code, code.partition("-")[0]):
            if known in allowed:
                return known
    return default


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed words."""
    value = os.environ.get(name, "").strip() or default
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def database(name: str, default: str) -> dict[str, object]:
    """Django's DATABASES entry for `sqlite:///path` or `postgres://user:password@host:port/name?option=value`.

    SQLite: write transactions start IMMEDIATE (a reader that becomes a writer would fail with "locked"), WAL, and full
    durability. A connection keeps 2 MB of pages and maps no file: what is read often stays in the system's own cache,
    once for all, and a web process weighs the same however large the shop becomes. Temporary things may become files:
    kept in memory, the journal of savepoints is walked from its beginning after every statement that a trigger could
    stop, and a long transaction becomes slower with each row. PostgreSQL: a pool, and time limits so that one stuck
    statement cannot stop the shop. Only kept statements are prepared there (`kernel.compiled`): they are planned once
    for all values, not for each again.
    """
    url = text(name, default)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path.removeprefix("/"))
        if not path:
            raise ImproperlyConfigured(f"{name} must name a file: sqlite:///var/db.sqlite3.")
        if path != ":memory:" and not Path(path).parent.is_dir():
            raise ImproperlyConfigured(f"{name}: there is no folder {Path(path).parent}.")
        return {
            "ENGINE": "backoffice.kernel.sqlite",  # writers wait evenly
            "NAME": path,
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;"
                " PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-2000; PRAGMA mmap_size=0;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        query = dict(parse_qsl(parts.query))
        host = query.pop("host", None) or (unquote(parts.hostname) if parts.hostname else "")
        try:
            port = str(parts.port or "")
        except ValueError:
            raise ImproperlyConfigured(f"{name}: the port must be a number from 1 to 65535.") from None
        if not parts.path.strip("/"):
            raise ImproperlyConfigured(f"{name} must name a database: postgres://user:password@host:5432/name.")
        pooled = query.pop("pool", "10")
        if not pooled.isdecimal():
            raise ImproperlyConfigured(f"{name}: pool must be a whole number.")
        pool = int(pooled)
        limits = "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s"
        # What a list asks is answered sooner by one process than two helpers are started; reports have them still.
        plans = "-c plan_cache_mode=force_generic_plan -c jit=off -c parallel_setup_cost=10000"
        options: dict[str, object] = {**query, "options": f"{limits} {plans}"}
        if pool:
            options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": port,
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(f"{name} must start with sqlite:/// or postgres://, not {parts.scheme or url!r}.")


@contextmanager
def missing(module: str) -> Iterator[None]:
    """Inside, a library that does without the module where it is not installed does without it."""
    loaded = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        if loaded is not None:
            sys.modules[module] = loaded


def conninfo(entry: dict[str, Any]) -> str:
    """Where the database is, for what connects past Django (the queue): the same server with the same encryption."""
    from psycopg.conninfo import make_conninfo

    kept = {key: value for key, value in entry["OPTIONS"].items() if key not in {"pool", "options"}}
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return make_conninfo("", **{key: entry[name] for key, name in names.items() if entry[name]}, **kept)
