"""System checks: the database is set up as the house relies on. Commands refuse other values.

`env.database` sets all of them; whoever changes it, or writes an entry of DATABASES by hand, is told here what is lost.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

# Name, value, id of the message, and what depends on it. The ids differ so that tests can do without one of them.
SQLITE_OPTIONS = (
    ("transaction_mode", "IMMEDIATE", "E002", "A reader that becomes a writer would fail with “locked”."),
    ("timeout", 20, "E003", "Writers would fail with “locked”, or wait for each other for too long."),
)
SQLITE_PRAGMAS = (
    ("journal_mode", "WAL", "E004", "Readers and the writer would wait for each other."),
    ("synchronous", "FULL", "E005", "A power cut could lose what was acknowledged."),
    ("journal_size_limit", "67108864", "E006", "The journal would never become smaller again."),
)
# What Django or the options set already and nothing may take back.
SQLITE_FIXED = (
    ("foreign_keys", ("ON", "1", "TRUE", "YES"), "E007", "Rows could refer to others that are not there."),
    ("busy_timeout", ("20000",), "E003", "Writers would fail with “locked”, or wait for each other for too long."),
)
POSTGRESQL_LIMITS = (
    ("lock_timeout", "5s", "E008", "Whoever waits for a stuck lock would wait forever."),
    ("statement_timeout", "30s", "E009", "One stuck statement could stop the shop."),
    ("idle_in_transaction_session_timeout", "30s", "E010", "A process that hangs would keep its locks."),
)
PRAGMA = re.compile(r"PRAGMA\s+(?:main\s*\.\s*)?(\w+)\s*(?:=\s*|\(\s*)['\"]?([\w.+-]+)", re.IGNORECASE)
LIMIT = re.compile(r"(?:^|\s)(?:-c\s*|--)([\w.-]+)\s*=\s*('[^']*'|\S+)")


def databases(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """One message for each value of a database that differs from what the house relies on; it says which and why."""
    return [message for alias, entry in settings.DATABASES.items() for message in _of(alias, entry)]


def _of(alias: str, entry: dict[str, Any]) -> Iterable[CheckMessage]:
    where, options = f'DATABASES["{alias}"]', entry.get("OPTIONS") or {}
    if entry.get("ATOMIC_REQUESTS"):
        yield _refused(f'{where}["ATOMIC_REQUESTS"]', True, False, "E001", "Every page would take the write lock.")
    if "sqlite" in entry.get("ENGINE", ""):
        yield from _sqlite(f'{where}["OPTIONS"]', options)
    elif "postgresql" in entry.get("ENGINE", ""):
        yield from _postgresql(f'{where}["OPTIONS"]["options"]', str(options.get("options") or ""))
        if entry.get("CONN_HEALTH_CHECKS") is not True:
            now, why = entry.get("CONN_HEALTH_CHECKS"), "After the server was restarted, requests would fail."
            yield _refused(f'{where}["CONN_HEALTH_CHECKS"]', now, True, "E011", why)


def _sqlite(where: str, options: dict[str, Any]) -> Iterable[CheckMessage]:
    for name, wanted, key, why in SQLITE_OPTIONS:
        if options.get(name) != wanted:
            yield _refused(f'{where}["{name}"]', options.get(name), wanted, key, why)
    # As SQLite does: what is said last holds.
    said = {name.lower(): value.upper() for name, value in PRAGMA.findall(str(options.get("init_command") or ""))}
    for name, pragma, key, why in SQLITE_PRAGMAS:
        if said.get(name) != pragma:
            yield _refused(f'{where}["init_command"]: {name}', said.get(name), pragma, key, why)
    for name, allowed, key, why in SQLITE_FIXED:
        if name in said and said[name] not in allowed:
            yield _refused(f'{where}["init_command"]: {name}', said[name], allowed[0], key, why)


def _postgresql(where: str, options: str) -> Iterable[CheckMessage]:
    said = {name.lower().replace("-", "_"): value.strip("'") for name, value in LIMIT.findall(options)}
    for name, wanted, key, why in POSTGRESQL_LIMITS:
        if said.get(name) != wanted:
            yield _refused(f"{where}: {name}", said.get(name), wanted, key, why)


def _refused(what: str, now: Any, wanted: Any, key: str, why: str) -> Error:
    said = "is not set" if now is None else f"is {now!r}"
    return Error(f"{what} {said}; it must be {wanted!r}. {why}", id=f"backoffice.{key}")
