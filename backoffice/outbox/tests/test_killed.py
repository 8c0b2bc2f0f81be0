"""What `kill -9` leaves behind: real processes on the database that the suite runs with."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from backoffice.kernel import clock
from backoffice.outbox import directives, handlers, quarantine, runner
from backoffice.outbox.models import Directive
from backoffice.outbox.tests.effects import counted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

# The handler does its work in the transaction, and the process is gone before that can be committed.
WORKER = """
import os, signal
import django
django.setup()
from backoffice import composition
from backoffice.outbox import runner
from backoffice.outbox.handlers import Handler
from backoffice.outbox.tests import effects
count = effects.count
def count_and_die(directive):
    count(directive)
    os.kill(os.getpid(), signal.SIGKILL)
effects.count = count_and_die
composition.DIRECTIVE_HANDLERS = {"count": Handler("backoffice.outbox.tests.effects.count")}
runner.drain()
"""


def database_url() -> str:
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    who = quote(found["USER"]) + (f":{quote(found['PASSWORD'])}" if found["PASSWORD"] else "")
    port = f"&port={found['PORT']}" if found["PORT"] else ""
    return f"postgres://{who}@/{found['NAME']}?host={quote(found['HOST'], safe='')}{port}&pool=0"


@pytest.fixture(autouse=True)
def _children_use_the_test_database(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "backoffice.settings_test")


def expire(directive):
    past = clock.now() - timedelta(seconds=1)
    Directive.objects.filter(pk=directive.pk).update(lease_until=past, available_at=past)


def test_a_worker_killed_before_its_commit_leaves_no_effect_and_the_next_one_does_it_once():
    directive = directives.issue("count", payload={"n": 1})
    connection.close()
    ended = subprocess.run([sys.executable, "-c", WORKER], cwd=settings.BASE_DIR, env=os.environ, timeout=120)

    assert ended.returncode == -signal.SIGKILL
    directive.refresh_from_db()
    assert (directive.status, directive.attempts, counted(1)) == ("running", 1, 0)
    assert runner.claim() is None  # its lease still runs

    expire(directive)
    assert runner.drain() == 1
    directive.refresh_from_db()
    assert (directive.status, directive.crashes, counted(1)) == ("done", 1, 1)


def test_quarantine_is_a_process_of_its_own(monkeypatch):
    """The topic is one of the program's own, because the child knows nothing of this test's handlers."""
    import importlib.util

    from backoffice import composition

    real = importlib.util.find_spec("backoffice.composition")
    module = importlib.util.module_from_spec(real)
    real.loader.exec_module(module)
    monkeypatch.setattr(composition, "DIRECTIVE_HANDLERS", module.DIRECTIVE_HANDLERS)
    directive = directives.issue("transfer.preview", payload={"run": 0})
    for _ in range(quarantine.CRASHES):
        assert runner.claim()
        expire(directive)
    claimed = runner.claim()
    connection.close()

    assert handlers.find("transfer.preview")
    assert runner.carry_out(claimed) == "done"
    directive.refresh_from_db()
    assert (directive.status, directive.crashes) == ("done", 2)
