"""A run whose job died does not look busy for ever, and goes on where it stopped."""

from datetime import timedelta

import pytest

from backoffice.kernel import clock
from backoffice.kernel.models import NumberSeries
from backoffice.outbox import runner
from backoffice.outbox.models import Directive
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import interrupted, runs

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=3)


def csv(*lines):
    return "\n".join(["series;last", *lines])


def ready(run):
    runner.drain()
    run.refresh_from_db()
    return run


def settle_later():
    with clock.fixed(clock.now() + LATER):
        return interrupted.settle()


@pytest.mark.parametrize("end", ["dead", "cancelled", "gone"])
def test_a_run_without_a_job_is_said_to_be_interrupted_and_goes_on(upload, end):
    run = ready(upload(csv("a;1", "b;2")))
    runs.apply(run)
    jobs = Directive.objects.of(run).filter(topic="transfer.apply")
    if end == "gone":
        jobs.delete()
    else:
        jobs.update(status=end)

    assert settle_later() == 1
    assert settle_later() == 0

    run.refresh_from_db()
    assert run.status == "failed"
    assert "interrupted" in run.error
    runs.apply(run)
    assert ready(run).status == "done"
    assert NumberSeries.objects.filter(series__in="ab").count() == 2


def test_a_preview_that_was_interrupted_is_made_again(upload):
    run = upload(csv("a;1"))
    Directive.objects.of(run).update(status="dead")

    settle_later()

    run.refresh_from_db()
    assert run.status == "failed"
    runs.check_again(run)
    assert ready(run).status == "ready"


@pytest.mark.parametrize("state", ["queued", "failed", "parked"])
def test_a_run_whose_job_still_waits_is_left_alone(upload, state):
    run = upload(csv("a;1"))
    Directive.objects.of(run).update(status=state)

    assert settle_later() == 0
    assert TransferRun.objects.get().status == "checking"


def test_a_run_that_moved_a_moment_ago_is_left_alone(upload):
    run = upload(csv("a;1"))
    Directive.objects.of(run).delete()

    assert interrupted.settle() == 0


def test_the_page_says_it_and_offers_to_go_on(upload, as_owner):
    run = ready(upload(csv("a;1")))
    runs.apply(run)
    Directive.objects.of(run).update(status="dead")
    settle_later()

    page = as_owner.get(run.get_absolute_url()).content.decode()

    assert "This was interrupted" in page
    assert "apply" in page
