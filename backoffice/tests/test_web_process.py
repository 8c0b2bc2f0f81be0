"""What a web process loads, in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

READ = """
import json, sys
import backoffice.wsgi
import gc
from django.db import connections
from huey.contrib.djhuey import HUEY
print(json.dumps({
    "modules": sorted(sys.modules),
    "open": [name for name in connections if connections[name].connection is not None],
    "queue": HUEY.storage._conn is not None,
    "frozen": gc.get_freeze_count(),
}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "backoffice.settings", "DATA_DIR": str(folder)}
    environment["DATABASE_URL"] = f"sqlite:///{folder}/db.sqlite3"
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ], env=environment, capture_output=True, check=True, text=True
    )
    return json.loads(answer.stdout)


def test_every_room_is_there_before_the_processes_part(loaded):
    assert {"apps.orders.urls", "apps.production.urls", "backoffice.transfers.urls"} <= set(loaded["modules"])
    assert loaded["frozen"] > 100_000


@pytest.mark.parametrize(
    "module", ["openpyxl", "PIL", "weasyprint", "babel", "lxml", "hypothesis", "pytest", "psycopg"]
)
def test_what_only_a_file_or_a_picture_needs_is_not(loaded, module):
    assert module not in loaded["modules"]


def test_no_connection_is_taken_along(loaded):
    assert loaded["open"] == []
    assert loaded["queue"] is False
