"""The backend as Django finds it: `ENGINE = "backoffice.kernel.sqlite"`.

SQLite lets one write at a time. Left to itself, whoever finds it busy sleeps longer each time, up to a tenth of a
second: who has just finished is served again at once, and somebody else waits twenty turns. Here whoever waits longer
asks more often, so that the next turn is nearly always his.
"""

import os
import random
import sqlite3
import threading
import time
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base

PAUSES = ((0.004, 0.0020), (0.020, 0.0015), (0.035, 0.0010), (0.500, 0.0005))
"""Up to so many seconds of waiting, a pause of about so many."""
LONG = 0.003
"""Whoever has waited longer than all of these is one of very many."""
POLITE = 0.0010
"""So long whoever had to wait holds back the next time, which is enough for the others to ask once."""
LONGEST = 8000
"""Longer statements are of many rows: not worth keeping."""

_turns: dict[str, threading.Lock] = {}
if hasattr(os, "register_at_fork"):  # a lock that another thread holds would never be free in the child
    os.register_at_fork(after_in_child=_turns.clear)


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction that is going to write waits for its turn as long as `timeout` says, then it is "locked"."""

    crowded = False
    """Whether the turn before this one had to be waited for: then others wait now, and are let in first."""

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        mode = self.transaction_mode  # type: ignore[attr-defined]
        if mode not in {"IMMEDIATE", "EXCLUSIVE"} or self.is_in_memory_db():
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        patience = float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        self.connection.execute("PRAGMA busy_timeout = 0")
        if self.crowded:
            time.sleep(POLITE)
        try:
            with self.wrap_database_errors:
                self.crowded = not self._begun(mode)
                if self.crowded:
                    self._wait(mode, patience)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")

    def _begun(self, mode: str) -> bool:
        """Past Django's cursor, which would take an error for something to tell of."""
        try:
            self.connection.execute(f"BEGIN {mode}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def _wait(self, mode: str, patience: float) -> None:
        """Ask again and again; of many threads of one process only the first asks, the others stand behind him."""
        began = time.monotonic()
        turn = _turns.setdefault(str(self.settings_dict["NAME"]), threading.Lock())
        if not turn.acquire(timeout=patience):
            raise sqlite3.OperationalError("database is locked")
        try:
            while not self._begun(mode):
                waited = time.monotonic() - began
                if waited > patience:
                    raise sqlite3.OperationalError("database is locked")
                time.sleep(pause(waited))
        finally:
            turn.release()


def pause(waited: float) -> float:
    """How long to sleep before asking again, in seconds, after so many of waiting."""
    about = next((each for until, each in PAUSES if waited < until), LONG)
    return about * random.uniform(0.5, 1.5)  # noqa: S311 - so that two do not ask in step


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which reads a statement for its placeholders once and not each time."""

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        if param_names is not None or len(query) > LONGEST:
            return str(super().convert_query(query, param_names=param_names))
        return _marked(query)


@lru_cache(maxsize=500)
def _marked(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
