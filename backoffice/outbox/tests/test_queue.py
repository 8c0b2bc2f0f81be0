"""The queue's file is private, and a worker takes nothing from it that the house did not sign."""

import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from huey.serializer import SignedSerializer

from backoffice.outbox.queue import PrivateSqliteHuey


@pytest.fixture
def queue(tmp_path: Path) -> Callable[..., Any]:
    def open_queue(**changes: Any) -> Any:
        return PrivateSqliteHuey(
            **{
                "name": "test",
                "filename": str(tmp_path / "queue.sqlite3"),
                "serializer": settings.HUEY["serializer"],
                "results": False,
                **changes,
            }
        )

    return open_queue


def test_only_the_owner_reads_the_file_and_its_journals(queue, tmp_path):
    (tmp_path / "queue.sqlite3").touch(mode=0o644)  # as an earlier version may have left it
    opened = queue()
    opened.storage.enqueue(b"anything")

    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["queue.sqlite3", "queue.sqlite3-shm", "queue.sqlite3-wal"]
    assert {oct(stat.S_IMODE(file.stat().st_mode)) for file in files} == {"0o600"}
    opened.storage.close()


def test_what_the_house_did_not_sign_is_not_unpickled(queue):
    unpickled = []
    opened = queue()

    for message in (pickle.dumps("stranger"), SignedSerializer("another key", "backoffice").serialize("stranger")):
        opened.storage.enqueue(message)
        with pytest.raises(ValueError, match=r"Signature|Separator"):
            unpickled.append(opened.dequeue())

    assert unpickled == []
    assert opened.storage.queue_size() == 0  # thrown away, so that it blocks nobody
    opened.storage.close()


def test_a_worker_does_what_was_signed_after_what_was_not(queue):
    opened = queue()
    done = Event()

    @opened.task()
    def work() -> None:
        done.set()

    opened.storage.enqueue(pickle.dumps("stranger"))
    work()
    consumer = opened.create_consumer(
        workers=1, worker_type="thread", periodic=False, initial_delay=0.01, max_delay=0.05
    )
    consumer._set_signal_handlers = lambda: None  # those of the test run stay
    consumer.start()
    try:
        assert done.wait(60)
    finally:
        consumer.stop(graceful=True)
        for _worker, process in consumer.worker_threads:
            process.join(60)


def test_the_settings_sign_with_the_key_of_the_house():
    ours = settings.HUEY["serializer"]
    same = SignedSerializer(settings.SECRET_KEY, "backoffice.queue")

    assert same.deserialize(ours.serialize("wake")) == "wake"
