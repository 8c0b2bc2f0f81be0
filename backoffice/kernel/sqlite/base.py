"""The backend as Django finds it: `ENGINE = "backoffice.kernel.sqlite"`.

SQLite lets one write at a time. Left to itself, whoever finds it busy sleeps longer each time, up to a tenth of a
second: who has just finished is served again at once, and somebody else waits twenty turns. Here they stand in a line.
"""

import sqlite3
import time
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base

from . import line

PAUSES = (0.0007, 0.0010, 0.0015, 0.0020, 0.0020)
"""Seconds until the next look, on each seat of the line and, last, without one."""
LONG = 0.5
"""Who has waited longer waits for no sale but for something large, and looks more rarely."""
LONG_PAUSE = 0.005
LONGEST = 8000
"""Longer statements are of many rows: not worth keeping."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction that is going to write waits for its turn as long as `timeout` says, then it is "locked"."""

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        mode = self.transaction_mode  # type: ignore[attr-defined]
        if mode not in {"IMMEDIATE", "EXCLUSIVE"} or self.is_in_memory_db():
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        patience = float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            with self.wrap_database_errors:
                self._wait(mode, patience)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")

    def _wait(self, mode: str, patience: float) -> None:
        """Stand in the line until the turn has come. Of the threads of one process only the first stands in it."""
        began, queue = time.monotonic(), line.of(str(self.settings_dict["NAME"]))
        if not queue.guard.acquire(timeout=patience):
            raise sqlite3.OperationalError("database is locked")
        seat = line.SEATS
        try:
            while True:
                if seat:
                    if queue.take(seat - 1):
                        queue.leave(seat)
                        seat -= 1
                        continue
                elif self._begun(mode):
                    return
                waited = time.monotonic() - began
                if waited > patience:
                    raise sqlite3.OperationalError("database is locked")
                time.sleep(PAUSES[seat] if waited < LONG else LONG_PAUSE)
        finally:
            queue.leave(seat)
            queue.guard.release()

    def _begun(self, mode: str) -> bool:
        """Past Django's cursor, which would take an error for something to tell of."""
        try:
            self.connection.execute(f"BEGIN {mode}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which reads a statement for its placeholders once and not each time."""

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        if param_names is not None or len(query) > LONGEST:
            return str(super().convert_query(query, param_names=param_names))
        return _marked(query)


@lru_cache(maxsize=500)
def _marked(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
