from datetime import timedelta

import pytest
from django.db import transaction

from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.outbox import backoff, directives, tasks, wake
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db


def test_it_carries_who_and_why(user_with):
    user = user_with()
    with acting(user=user, reason="closing the day", trace="abc-123-def"):
        directive = directives.issue("count", payload={"n": 1}, origin=user)

    found = Directive.objects.get(pk=directive.pk)
    assert (found.actor, found.reason, found.trace_id) == (user, "closing the day", "abc-123-def")
    assert (found.status, found.attempts, found.origin) == ("queued", 0, user)
    assert list(Directive.objects.of(user)) == [found]
    assert found.history.count() == 0  # a queue row is its own record


def test_the_same_key_is_issued_once_per_topic():
    first = directives.issue("count", payload={"n": 1}, dedupe_key="order-1")
    again = directives.issue("count", payload={"n": 2}, dedupe_key="order-1")
    other = directives.issue("refuse", dedupe_key="order-1")

    assert first == again != other
    assert again.payload == {"n": 1}
    assert Directive.objects.count() == 2


def test_data_does_not_belong_into_the_payload():
    with pytest.raises(ValueError, match="ids"):
        directives.issue("count", payload={"letter": "x" * 5000})


@pytest.mark.django_db(transaction=True)
def test_nothing_remains_of_a_transaction_that_fails():
    with pytest.raises(RuntimeError), transaction.atomic():
        directives.issue("count")
        raise RuntimeError

    assert not Directive.objects.exists()


@pytest.fixture
def woken(monkeypatch):
    calls = []

    class Task:
        def __call__(self):
            calls.append(0.0)

        def schedule(self, delay):
            calls.append(delay)

    monkeypatch.setattr(tasks, "run_due", Task())
    return calls


@pytest.mark.django_db(transaction=True)
def test_one_wake_serves_the_commits_of_a_second(woken):
    with transaction.atomic():
        directives.issue("count")
        assert woken == []
    for _ in range(5):
        directives.issue("count")

    assert woken == [0.0]
    assert wake.LINGER > wake.WAKE_EVERY  # or a commit could fall between two wakes


def test_what_is_due_soon_is_scheduled_and_later_left_to_the_sweeper(woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        directives.issue("count", available_at=clock.now() + timedelta(seconds=30))
        directives.issue("count", available_at=clock.now() + timedelta(hours=1))

    assert woken == [pytest.approx(30, abs=1)]


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_down_does_not_hurt_the_business(monkeypatch):
    def broken() -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(tasks, "run_due", broken)
    directives.issue("count")

    assert Directive.objects.count() == 1


def test_retrying_lasts_at_least_a_day():
    import random

    spans = []
    for seed in range(1000):
        rng = random.Random(seed)
        spans.append(sum(backoff.wait(attempt, rng) for attempt in range(1, backoff.MAX_ATTEMPTS)))
    assert min(spans) >= 24 * 3600
    assert max(backoff.bound(attempt) for attempt in range(1, 100)) == backoff.CAP_SECONDS
    assert backoff.bound(1) == backoff.BASE_SECONDS
