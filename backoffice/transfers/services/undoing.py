"""Taking an import back as a whole, as long as nothing was built on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.kernel.errors import DomainError, NotAllowed
from backoffice.kernel.locks import lock
from backoffice.outbox import directives
from backoffice.transfers import imports
from backoffice.transfers.models import TransferRow, TransferRun

Status = TransferRun.Status
CHUNK = 2000
SHOWN = 50


class AlreadyUndone(DomainError):
    """Somebody took this import back a moment ago, on another page."""

    def __init__(self, run: TransferRun) -> None:
        who = str(run.undone_by or "")
        text = _("This import was undone already, by %(who)s.") if who else _("This import was undone already.")
        super().__init__(text % {"who": who})


@dataclass
class Prospect:
    """What undoing a run would do now: how many rows are removed, put back, and stay; the first of those, with why."""

    removed: int = 0
    put_back: int = 0
    kept: int = 0
    obstacles: list[tuple[TransferRow, str]] = field(default_factory=list)

    @property
    def possible(self) -> int:
        """How many rows can be undone."""
        return self.removed + self.put_back


def can_be_asked(run: TransferRun) -> bool:
    """Whether there is anything of this run that could be undone, and an importer that knows how."""
    known = run.importer in imports.registry() and imports.find(run.importer).undoable
    return known and run.purged_at is None and run.applied > run.undone + run.kept and _may_move(run)


def prospect(run: TransferRun) -> Prospect:
    """Ask the importer about every row that was written. Writes nothing; a few statements for 2,000 rows."""
    found = Prospect()
    importer = imports.of(run)
    for rows in _written(run):
        why = importer.obstacles(rows)
        for row in rows:
            if row.pk in why:
                found.kept += 1
                if len(found.obstacles) < SHOWN:
                    found.obstacles.append((row, why[row.pk]))
            elif row.outcome == TransferRow.Outcome.NEW:
                found.removed += 1
            else:
                found.put_back += 1
    return found


@transaction.atomic
def undo(run: TransferRun, *, reason: str, keep: bool = False) -> TransferRun:
    """Take the import back in the background: remove what it made, put back what it changed.

    When something was built on it, nothing happens, unless `keep` says that those rows may stay. Raises NotAllowed
    when the run is not at that point (AlreadyUndone when somebody was first), DomainError when there is nothing to undo
    or something stands in the way.
    """
    found = lock(run)
    if found.status in (Status.UNDOING, Status.UNDONE):
        raise AlreadyUndone(found)
    if not _may_move(found):
        raise NotAllowed(found, current=found.get_status_display(), wanted=str(Status.UNDOING.label))
    if not can_be_asked(found):
        raise DomainError(_("There is nothing to undo."))
    ahead = prospect(found)
    if not ahead.possible:
        raise DomainError(_("Nothing of this import can be undone any more."))
    if ahead.kept and not keep:
        sentence = ngettext(
            "%(number)s row of this import is in use or was changed since. Say that it may stay.",
            "%(number)s rows of this import are in use or were changed since. Say that they may stay.", ahead.kept,
        )  # fmt: skip
        raise DomainError(sentence % {"number": ahead.kept}, field="keep")
    actor = current_actor().user
    found.undone_by = actor if getattr(actor, "pk", None) else None
    found.undo_reason, found.error = reason[:200], ""
    found.undo_started_at = found.undo_started_at or clock.now()
    found.status = Status.UNDOING
    found.save(update_fields=["undone_by", "undo_reason", "error", "undo_started_at", "status", "updated_at"])
    directives.issue("transfer.undo", payload={"run": found.pk}, origin=found, max_attempts=5)
    return found


def _may_move(run: TransferRun) -> bool:
    return Status.UNDOING in TransferRun.TRANSITIONS.get(Status(run.status), ())


def _written(run: TransferRun) -> Iterator[list[TransferRow]]:
    last = 0
    while rows := list(run.rows.to_undo().filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield rows
        last = rows[-1].pk
