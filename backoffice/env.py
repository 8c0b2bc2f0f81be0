"""Typed readers of the environment. A missing or wrong value stops the start and names the variable."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str | None = None) -> str:
    """The variable's text. Without a default it must be set. `NAME_FILE` may point to a file that holds it."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error.strerror}.") from error
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set. See .env.example.")
    return value


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
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


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
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": path,
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;"
                " PRAGMA cache_size=-2000; PRAGMA mmap_size=0;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        query = dict(parse_qsl(parts.query))
        host = query.pop("host", None) or (unquote(parts.hostname) if parts.hostname else "")
        try:
            pool = int(query.pop("pool", "10"))
        except ValueError:
            raise ImproperlyConfigured(f"{name}: pool must be a whole number.") from None
        limits = "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s"
        options: dict[str, object] = {**query, "options": f"{limits} -c plan_cache_mode=force_generic_plan -c jit=off"}
        if pool:
            options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(f"{name} must start with sqlite:/// or postgres://, not {parts.scheme or url!r}.")
