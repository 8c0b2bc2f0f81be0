"""The queue of Huey in a file for its owner alone. What it holds is pickled and signed: see HUEY in the settings."""

import os
from sqlite3 import Connection

from huey import SqliteHuey
from huey.storage import SqliteStorage

OWNER_ONLY = 0o600


class PrivateSqliteStorage(SqliteStorage):
    def _create_connection(self) -> Connection:
        # Made before SQLite opens it, which gives its journals the mode of the file that they belong to.
        handle = os.open(self.filename, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        try:
            os.fchmod(handle, OWNER_ONLY)
        finally:
            os.close(handle)
        connection: Connection = super()._create_connection()
        return connection


class PrivateSqliteHuey(SqliteHuey):
    storage_class = PrivateSqliteStorage
