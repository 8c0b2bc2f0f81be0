"""Several workers at once, on the database that the suite runs with."""

import threading
from pathlib import Path

import pytest
from django.db import connection
from huey import SqliteHuey

from backoffice.outbox import directives, runner, sweeper, tasks, wake
from backoffice.outbox.models import Directive
from backoffice.outbox.tests.effects import counted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def at_once(number, work):
    """Run `work` in so many threads, started together; what they raised is raised here."""
    gate, failures = threading.Barrier(number), []

    def run():
        try:
            gate.wait(60)
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


def test_forty_directives_and_four_workers():
    for n in range(40):
        directives.issue("count", payload={"n": n})

    at_once(4, runner.drain)

    assert [counted(n) for n in range(40)] == [1] * 40
    assert set(Directive.objects.values_list("status", "attempts")) == {("done", 1)}


def test_one_directive_is_claimed_by_one_of_eight():
    directives.issue("count", payload={"n": 1})
    claimed = []

    at_once(8, lambda: claimed.append(runner.claim()))

    assert len([directive for directive in claimed if directive]) == 1


def test_the_same_key_issued_at_once_is_one_directive():
    at_once(6, lambda: directives.issue("count", payload={"n": 1}, dedupe_key="once"))

    assert Directive.objects.count() == 1


def test_a_lost_queue_loses_nothing(tmp_path: Path, monkeypatch):
    queue = SqliteHuey("lost", filename=str(tmp_path / "queue.sqlite3"))
    monkeypatch.setattr(tasks, "run_due", queue.task()(lambda: None))
    for n in range(500):
        wake.forget()
        directives.issue("count", payload={"n": n})
    assert queue.pending_count() == 500
    queue.storage.close()
    (tmp_path / "queue.sqlite3").unlink()

    at_once(2, sweeper.sweep)

    assert [counted(n) for n in range(500)] == [1] * 500
    assert not Directive.objects.exclude(status="done").exists()
