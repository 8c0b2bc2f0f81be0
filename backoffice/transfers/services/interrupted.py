"""Imports that look busy though nobody works on them any more: their job was given up, cancelled, or is gone."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from backoffice.kernel import clock
from backoffice.outbox.models import Directive
from backoffice.transfers.models import TransferRun

QUIET = timedelta(minutes=1)
AT_WORK = (Directive.Status.QUEUED, Directive.Status.RUNNING, Directive.Status.FAILED, Directive.Status.PARKED)


def settle() -> int:
    """Say of such imports that they were interrupted, so that a person can go on. Returns how many there were.

    What was written stays written, and going on starts where it stopped. Repeatable; a run that moves meanwhile is left
    alone.
    """
    now = clock.now()
    return sum(
        _settle(run) for run in TransferRun.objects.filter(status__in=TransferRun.BUSY, updated_at__lt=now - QUIET)
    )


def _settle(run: TransferRun) -> int:
    jobs = Directive.objects.of(run).filter(topic__startswith="transfer.")
    if jobs.filter(status__in=AT_WORK).exists():
        return 0
    last = jobs.order_by("-pk").first()
    if last is None:
        sentence = _("This was interrupted: its job is gone. Nothing is lost; go on from here.")
    else:
        sentence = _("This was interrupted: job #%(number)s is %(state)s. Nothing is lost; go on from here.")
        sentence %= {"number": last.pk, "state": last.get_status_display()}
    still = TransferRun.objects.filter(pk=run.pk, status=run.status, updated_at=run.updated_at)
    return still.update(status=TransferRun.Status.FAILED, error=sentence, updated_at=clock.now())
