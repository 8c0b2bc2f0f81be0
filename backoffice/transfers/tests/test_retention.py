"""Imported files and what was read from them go after their time; what the import was stays."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError
from backoffice.outbox import runner
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import retention, runs, undoing

pytestmark = pytest.mark.django_db
MAY = ("kernel.add_numberseries", *(f"transfers.{verb}_transferrun" for verb in ("view", "add", "change", "undo")))


def aged(run, days):
    TransferRun.objects.filter(pk=run.pk).update(updated_at=clock.now() - timedelta(days=days))
    run.refresh_from_db()
    return run


@pytest.fixture
def done(upload):
    run = upload("series;last\na;1\n;2")
    runner.drain()
    runs.apply(TransferRun.objects.get(pk=run.pk))
    runner.drain()
    return TransferRun.objects.get(pk=run.pk)


def test_file_and_rows_go_and_the_figures_stay(done, as_user, django_capture_on_commit_callbacks):
    name = aged(done, 91).file.name
    assert default_storage.exists(name)

    with django_capture_on_commit_callbacks(execute=True):
        assert retention.purge(days=90) == 1

    done.refresh_from_db()
    assert not default_storage.exists(name)
    assert (done.rows.count(), done.file.name, done.headings) == (0, "", [])
    assert (done.status, done.applied, done.refused) == ("done", 1, 1)
    assert not undoing.can_be_asked(done)
    assert retention.purge(days=90) == 0
    client = as_user(*MAY)
    shown = client.get(done.get_absolute_url())
    assert shown.status_code == 200
    assert reverse("transfers:run_file", args=[done.pk]) not in shown.content.decode()
    assert client.get(reverse("transfers:run_file", args=[done.pk])).status_code == 404
    assert client.get(reverse("transfers:run_list")).status_code == 200


def test_younger_ones_and_busy_ones_stay(done, upload):
    busy = aged(upload("series;last\na;1"), 400)
    aged(done, 89)

    assert retention.purge(days=90) == 0
    assert retention.purge(days=0) == 0
    assert busy.rows.count() == 0
    assert TransferRun.objects.filter(purged_at=None).count() == 2


def test_a_preview_that_nobody_came_back_to_is_cancelled(upload, as_user):
    run = upload("series;last\na;1")
    runner.drain()
    aged(run, 91)

    retention.purge(days=90)

    run.refresh_from_db()
    assert run.status == "cancelled"
    with pytest.raises(DomainError):
        runs.apply(run)
    assert as_user(*MAY).get(run.get_absolute_url()).status_code == 200


def test_a_failed_one_without_its_file_is_not_checked_again(upload):
    run = upload("series;last\na;1")
    TransferRun.objects.filter(pk=run.pk).update(status="failed")
    retention.purge(days=0)
    aged(run, 91)
    retention.purge(days=90)

    with pytest.raises(DomainError, match="removed"):
        runs.check_again(run)
