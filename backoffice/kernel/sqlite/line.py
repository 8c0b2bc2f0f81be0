"""The line in which those who are going to write one SQLite database stand, whatever process or thread they are of.

It has a few seats. Whoever comes takes the last one and moves up when the one before him does; only who sits on the
first asks SQLite for the turn. So they write in the order in which they came, and who comes back at once passes nobody.
The line only orders: what keeps writers apart stays SQLite's own lock, and where there can be no line (Windows, a file
system without such locks) everybody asks.
"""

import os
import threading
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

SEATS = 4
"""Of more processes than these and the one that writes, some are in no order until they have a seat."""


class Line:
    """The line of one database, as this process stands in it: of its threads one at a time, who has `guard`.

    A seat is a locked byte of a file beside the database: the system frees it when the process ends, however it ends.
    """

    def __init__(self, path: str) -> None:
        self.guard = threading.Lock()
        self._file: int | None = None
        if fcntl is not None:
            try:
                # Never closed: that would free all seats of this process.
                self._file = os.open(f"{path}-line", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError:
                self._file = None  # what is wrong with the folder SQLite will say

    def take(self, seat: int) -> bool:
        """Sit down, if nobody of another process sits there. True too where there is no line."""
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, seat)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:  # a file system without such locks
            self._file = None
        return True

    def leave(self, seat: int) -> None:
        """Get up, from a seat of the line: whoever just came has none yet."""
        if self._file is not None and seat < SEATS:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, seat)


_lines: dict[str, Line] = {}
_opening = threading.Lock()


def of(path: str) -> Line:
    """The line of the database in this file, one in a process."""
    if (found := _lines.get(path)) is None:
        with _opening:
            if (found := _lines.get(path)) is None:
                found = _lines[path] = Line(os.path.realpath(path))
    return found


def _begin_anew() -> None:
    global _opening
    _lines.clear()
    _opening = threading.Lock()


if hasattr(os, "register_at_fork"):  # no child has its parent's seats; a lock that another thread held is never free
    os.register_at_fork(after_in_child=_begin_anew)
