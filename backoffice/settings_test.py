"""The settings that the tests run with: a file database, no waiting for hashes, jobs run when the test says so."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "DATA_DIR" not in os.environ:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="backoffice-test-")
    # Whoever made the folder removes it; the processes that it starts find it named and leave it.
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
_scratch = Path(os.environ["DATA_DIR"])
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("LOG_LEVEL", "ERROR")
os.environ.setdefault("EMAIL", "locmem")
os.environ.setdefault("LANGUAGE", "en")
os.environ.setdefault("TIME_ZONE", "America/Sao_Paulo")

from backoffice.settings import *  # noqa: E402, F403
from backoffice.settings import DATABASES, HUEY, ON_POSTGRESQL  # noqa: E402

if not ON_POSTGRESQL:
    # A file, not memory: the live server and the concurrency tests open it from several threads.
    DATABASES["default"]["TEST"] = {"NAME": str(_scratch / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = DATABASES["default"]["OPTIONS"]["init_command"].replace(  # type: ignore[index]
        "synchronous=FULL", "synchronous=OFF"
    )
    SILENCED_SYSTEM_CHECKS = ["backoffice.E005"]  # no test cuts the power, and each would wait for the disk
else:
    DATABASES["default"]["OPTIONS"].pop("pool", None)  # type: ignore[attr-defined]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
HUEY = {**HUEY, "huey_class": "huey.MemoryHuey", "immediate": False, "connection": {}}
# Two workers side by side share the folder. Each has its own pictures, because some tests look at all that are there.
MEDIA_ROOT = _scratch / "media" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
DEMO = False
