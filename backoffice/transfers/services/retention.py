"""Imported files are kept for a while, and then removed with what was read from them: they hold more than we need."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from backoffice.kernel import clock
from backoffice.kernel.locks import lock
from backoffice.transfers.models import TransferRun

Status = TransferRun.Status
WAITING = (Status.COLUMNS, Status.MAPPING, Status.READY)


def purge(*, days: int | None = None) -> int:
    """Remove the files and rows of runs that nothing happened to for so many days; 0 keeps all. Returns how many.

    What a run was and how much it wrote stays; it cannot be undone any more. One that still waited is cancelled.
    """
    days = settings.IMPORT_RETENTION_DAYS if days is None else days
    if not days:
        return 0
    old = TransferRun.objects.filter(updated_at__lt=clock.now() - timedelta(days=days), purged_at=None)
    runs = list(old.exclude(status__in=TransferRun.BUSY).order_by("pk"))
    return sum(_purge(run) for run in runs)


@transaction.atomic
def _purge(run: TransferRun) -> bool:
    found = lock(run)
    if found.is_busy or found.purged_at is not None:
        return False
    name = found.file.name
    found.rows.all().delete()
    found.file, found.headings, found.mapping, found.purged_at = "", [], {}, clock.now()
    if found.status in WAITING:
        found.status = Status.CANCELLED
    # Nobody touched it: `updated_at` stays.
    TransferRun.objects.filter(pk=found.pk).update(
        file="", headings=[], mapping={}, purged_at=found.purged_at, status=found.status
    )
    if name:
        transaction.on_commit(lambda: default_storage.delete(name), robust=True)
    return True
