from datetime import timedelta

import pytest

from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.outbox import directives, quarantine, runner, sweeper
from backoffice.outbox.errors import LeaseLost
from backoffice.outbox.models import Directive
from backoffice.outbox.tests.effects import counted

pytestmark = pytest.mark.django_db


def expire(directive):
    past = clock.now() - timedelta(seconds=1)
    Directive.objects.filter(pk=directive.pk).update(lease_until=past, available_at=past)


def test_due_directives_are_carried_out_in_order_and_once():
    directives.issue("count", payload={"n": 1})
    directives.issue("count", payload={"n": 2}, available_at=clock.now() + timedelta(hours=1))

    assert runner.drain() == 1
    assert runner.drain() == 0
    assert (counted(1), counted(2)) == (1, 0)
    done = Directive.objects.get(payload__n=1)
    assert (done.status, done.attempts, done.lease_token, done.last_error) == ("done", 1, None, "")
    assert done.finished_at is not None


def test_a_failing_effect_leaves_nothing_but_its_error():
    directive = directives.issue("poison", payload={"n": 1})

    runner.drain()

    directive.refresh_from_db()
    assert counted(1) == 0
    assert (directive.status, directive.attempts) == ("failed", 1)
    assert directive.available_at > directive.started_at
    assert "oven is cold" in directive.last_error
    assert "baker@example.com" not in directive.last_error
    assert directive.errors[0]["attempt"] == 1


def test_after_the_last_attempt_it_is_a_dead_letter():
    directive = directives.issue("poison", payload={"n": 1}, max_attempts=3)
    for _ in range(3):
        expire(directive)
        assert runner.drain() == 1
    expire(directive)

    directive.refresh_from_db()
    assert runner.drain() == 0
    assert (directive.status, directive.attempts, len(directive.errors)) == ("dead", 3, 3)


def test_a_permanent_error_is_dead_at_once_with_its_sentence():
    directive = directives.issue("refuse")
    runner.drain()

    directive.refresh_from_db()
    assert (directive.status, directive.last_error) == ("dead", "That will never work.")


def test_a_handler_may_say_when_to_come_back():
    directive = directives.issue("later")
    runner.drain()

    directive.refresh_from_db()
    assert directive.status == "failed"
    assert timedelta(minutes=59) < directive.available_at - clock.now() <= timedelta(hours=1)


def test_what_it_changes_is_done_by_whoever_issued_it(user_with, handlers, monkeypatch):
    seen = []
    monkeypatch.setattr("backoffice.outbox.tests.effects.say_who", lambda d: seen.append(runner_actor()))
    user = user_with()
    with acting(user=user, reason="import #3", trace="trace-of-request"):
        directives.issue("who")

    runner.drain()

    assert [(a.user, a.reason, a.trace) for a in seen] == [(user, "import #3", "trace-of-request")]


def runner_actor():
    from backoffice.kernel.audit import current_actor

    return current_actor()


def test_a_lease_that_runs_out_is_taken_over_and_the_late_one_writes_nothing():
    directive = directives.issue("count", payload={"n": 1})
    slow = runner.claim()
    assert runner.claim() is None
    expire(directive)
    quick = runner.claim()

    assert runner.carry_out(quick) == "done"
    assert runner.carry_out(slow) == "lost"
    assert counted(1) == 1
    directive.refresh_from_db()
    assert (directive.status, directive.attempts, directive.crashes) == ("done", 2, 1)


def test_an_effect_whose_lease_is_lost_meanwhile_is_rolled_back():
    directives.issue("lose", payload={"n": 1})

    assert runner.carry_out(runner.claim()) == "lost"
    assert counted(1) == 0


def test_a_crash_between_effect_and_done_leaves_no_effect(monkeypatch):
    class Killed(BaseException):
        pass

    def die(directive):
        raise Killed

    directive = directives.issue("count", payload={"n": 1})
    with monkeypatch.context() as patched:
        patched.setattr(runner, "done", die)
        with pytest.raises(Killed):
            runner.drain()
    assert counted(1) == 0
    directive.refresh_from_db()
    assert directive.status == "running"

    expire(directive)
    runner.drain()
    assert counted(1) == 1


def test_an_unknown_topic_is_parked_until_it_is_known_again(handlers):
    renamed = handlers.pop("count")
    directive = directives.issue("count", payload={"n": 1})

    sweeper.sweep()
    directive.refresh_from_db()
    assert (directive.status, directive.attempts) == ("parked", 0)
    assert runner.drain() == 0

    handlers["count"] = renamed
    sweeper.sweep()
    directive.refresh_from_db()
    assert (directive.status, counted(1)) == ("done", 1)


def test_a_function_that_is_gone_is_parked_too(handlers):
    handlers["count"] = type(handlers["count"])("backoffice.outbox.tests.effects.was_renamed")
    directive = directives.issue("count")
    runner.drain()

    directive.refresh_from_db()
    assert directive.status == "parked"


def test_two_poisoned_among_fifty():
    for n in range(50):
        directives.issue("poison" if n in (7, 31) else "count", payload={"n": n}, max_attempts=2)

    for _ in range(4):
        sweeper.sweep()
        Directive.objects.waiting().update(available_at=clock.now())

    by_status = {status: Directive.objects.filter(status=status).count() for status in Directive.Status.values}
    assert (by_status["done"], by_status["dead"]) == (48, 2)
    assert sum(counted(n) for n in range(50)) == 48


def test_a_long_handler_keeps_its_lease_by_heartbeat(handlers):
    directive = directives.issue("long", payload={"n": 1})
    claimed = runner.claim()
    expire(directive)
    directives.heartbeat(claimed)
    assert runner.claim() is None

    assert runner.carry_out(claimed) == "done"
    assert counted(1) == 3


def test_a_heartbeat_without_the_lease_stops_the_handler():
    directive = directives.issue("long", payload={"n": 1})
    late = runner.claim()
    expire(directive)
    runner.claim()

    with pytest.raises(LeaseLost):
        directives.heartbeat(late)
    assert runner.carry_out(late) == "lost"
    assert counted(1) == 0


def test_long_jobs_leave_a_worker_for_the_short_ones():
    directives.issue("long", payload={"n": 1})
    directives.issue("long", payload={"n": 2})
    directives.issue("count", payload={"n": 3})

    assert runner.claim().topic == "long"
    assert runner.claim().topic == "count"
    assert runner.claim() is None


def test_two_crashes_mean_quarantine_and_the_third_death(monkeypatch):
    directive = directives.issue("count", payload={"n": 1})
    alone = []
    monkeypatch.setattr(quarantine, "run_alone", lambda d: alone.append(d.pk) or -9)
    for _ in range(2):
        assert runner.claim()  # the worker dies with it
        expire(directive)
    assert alone == []

    assert runner.carry_out(runner.claim()) == "dead"

    assert alone == [directive.pk]
    directive.refresh_from_db()
    assert (directive.status, directive.crashes) == ("dead", 2)
    assert "-9" in directive.last_error


def test_what_survives_quarantine_is_done(monkeypatch):
    directive = directives.issue("count", payload={"n": 1})
    for _ in range(2):
        runner.claim()
        expire(directive)

    def in_another_process(claimed):
        from django.core.management import call_command

        call_command("run_outbox", claimed=[str(claimed.pk), str(claimed.lease_token)])
        return 0

    monkeypatch.setattr(quarantine, "run_alone", in_another_process)
    assert runner.carry_out(runner.claim()) == "done"
    assert counted(1) == 1


def test_what_was_finished_long_ago_is_deleted():
    directives.issue("count", payload={"n": 1})
    directives.issue("refuse")
    runner.drain()
    Directive.objects.update(finished_at=clock.now() - timedelta(days=sweeper.KEEP_DAYS + 1))

    sweeper.sweep()

    assert [d.topic for d in Directive.objects.all()] == ["refuse"]  # dead letters wait for a person
