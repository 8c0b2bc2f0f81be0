"""A disk that is full: what could not be written down did not happen, and whoever asked for it is told so."""

import errno
import sqlite3

DISK_FULL = "53100"
"""PostgreSQL's name for it."""


def is_full(error: BaseException | None) -> bool:
    """Whether something could not be written, into a database or a file, because there is no room for it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            return True
        if getattr(error, "sqlstate", None) == DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
