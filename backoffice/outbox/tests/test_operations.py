import pytest

from backoffice.kernel.audit import acting
from backoffice.kernel.errors import DomainError
from backoffice.outbox import directives, runner
from backoffice.outbox.services import operations
from backoffice.outbox.tests.effects import counted

pytestmark = pytest.mark.django_db


def test_a_dead_letter_is_tried_again_and_the_history_says_who(user_with, handlers):
    directive = directives.issue("refuse", payload={"n": 1})
    runner.drain()
    handlers["refuse"] = handlers["count"]
    user = user_with()

    with acting(user=user, reason="provider is back"):
        operations.retry(directive)
    runner.drain()

    directive.refresh_from_db()
    assert (directive.status, directive.attempts, counted(1)) == ("done", 1, 1)
    entry = directive.history.get()
    assert (entry.history_user, entry.history_change_reason, entry.status) == (user, "provider is back", "queued")


def test_a_cancelled_one_is_never_carried_out():
    directive = directives.issue("count", payload={"n": 1})
    operations.cancel(directive)

    assert runner.drain() == 0
    assert counted(1) == 0


def test_cancelling_a_running_one_takes_its_lease():
    directive = directives.issue("count", payload={"n": 1})
    claimed = runner.claim()
    operations.cancel(directive)

    assert runner.carry_out(claimed) == "lost"
    assert counted(1) == 0


def test_what_is_done_stays_done():
    directive = directives.issue("count", payload={"n": 1})
    runner.drain()

    for verb in (operations.retry, operations.cancel):
        with pytest.raises(DomainError, match="done"):
            verb(directive)
