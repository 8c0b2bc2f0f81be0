"""Moving an import from step to step. What takes long is a directive; see `jobs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.kernel.errors import DomainError, NotAllowed
from backoffice.kernel.locks import lock
from backoffice.kernel.text import fold
from backoffice.outbox import directives
from backoffice.transfers import files, imports
from backoffice.transfers.importer import Importer
from backoffice.transfers.models import TransferRow, TransferRun
from backoffice.transfers.rows import Column

Status = TransferRun.Status


@transaction.atomic
def start(
    importer: type[Importer], *, file: File[bytes], decimal_style: str, options: Mapping[str, Any] | None = None
) -> TransferRun:
    """Keep the uploaded file and begin: at the preview, or at the step where a person has to say more.

    Raises UnreadableFile, which nothing remains of.
    """
    name = (file.name or "file").replace("\\", "/").rpartition("/")[2][-200:]
    kind = files.format_of(name)
    if kind not in importer.formats:
        raise DomainError(_("This import does not take %(kind)s files.") % {"kind": kind.upper()}, field="file")
    size = int(file.size or 0)
    files.check_upload(file, kind=kind, size=size)
    style = "comma" if decimal_style == TransferRun.Style.COMMA else "dot"
    with files.opened(file, kind=kind, style=style) as sheet:  # type: ignore[arg-type]
        headings = [heading[:200] for heading in sheet.headings]
    actor = current_actor().user
    run = TransferRun(
        importer=importer.key, file_name=name, file_size=size, file_format=kind, decimal_style=decimal_style,
        options=dict(options or {}), headings=headings, columns=match(importer.columns, headings),
        started_by=actor if getattr(actor, "pk", None) else None,
    )  # fmt: skip
    file.seek(0)
    run.file.save(name, file, save=False)
    run.save()
    if not missing(importer, run.columns) and not doubled(run):
        _proceed(run, importer)
    return run


def match(columns: Sequence[Column], headings: Sequence[str]) -> dict[str, int]:
    """Column name → position of the heading that means it."""
    places = {fold(heading): place for place, heading in reversed(list(enumerate(headings)))}
    found: dict[str, int] = {}
    for column in columns:
        for heading in sorted(column.headings(), key=lambda text: places.get(text, 10**6)):
            if heading in places and places[heading] not in found.values():
                found[column.name] = places[heading]
                break
    return found


def missing(importer: type[Importer], columns: Mapping[str, int]) -> list[Column]:
    """The required columns that no heading was found for."""
    return [column for column in importer.columns if column.required and column.name not in columns]


def doubled(run: TransferRun) -> list[str]:
    """Headings that stand in the file more than once and mean something: a person has to say which one counts."""
    folded = [fold(heading) for heading in run.headings]
    return [run.headings[place] for place in sorted(run.columns.values()) if folded.count(folded[place]) > 1]


@transaction.atomic
def name_columns(run: TransferRun, *, names: Sequence[str]) -> TransferRun:
    """Say for each heading, in order, which column it is ("" for none), and go on.

    DomainError when a required column is not named, or one is named twice.
    """
    importer = imports.find(run.importer)
    known = {column.name for column in importer.columns}
    given = [(name, place) for place, name in enumerate(names[: len(run.headings)]) if name in known]
    chosen = dict(given)
    if lacking := missing(importer, chosen):
        names = ", ".join(str(column.label) for column in lacking)
        raise DomainError(_("Please say which column holds: %(names)s.") % {"names": names})
    if len(chosen) != len(given):
        raise DomainError(_("Two columns of the file cannot mean the same."))
    found = _locked(run, Status.COLUMNS)
    found.columns = chosen
    found.save(update_fields=["columns", "updated_at"])
    return _proceed(found, importer)


@transaction.atomic
def decide(run: TransferRun, *, entries: Mapping[str, Mapping[str, str]]) -> TransferRun:
    """Take what was decided for each name in the file, and go on to the preview.

    Raises DomainError when a name is to be mapped and its target is not known, or is to be created with nonsense.
    """
    found = _locked(run, Status.MAPPING, Status.READY)
    importer = imports.of(found)
    targets = {fold(target.value): target.value for target in importer.targets()}
    actions = {"map", "ignore"} | ({"create"} if importer.allow_create else set())
    decided: list[dict[str, Any]] = []
    for entry in found.mapping.get("entries", ()):
        said = entries.get(entry["key"], entry)
        action, target = said.get("action", ""), said.get("target", "")
        if action not in actions:
            raise DomainError(_("Please decide what “%(name)s” is.") % {"name": entry["key"]})
        if action == "map" and fold(target) not in targets:
            words = {"name": entry["key"], "target": target}
            raise DomainError(_("“%(name)s” is to be “%(target)s”, which does not exist.") % words)
        kept = targets[fold(target)] if action == "map" else ""
        if action == "create":
            kept = importer.created_with(said.get("detail", "") if "detail" in said else target)
        decided.append({**entry, "action": action, "target": kept})
    found.mapping = {**found.mapping, "entries": decided}
    found.save(update_fields=["mapping", "updated_at"])
    return _begin(found, Status.CHECKING, "transfer.preview")


@transaction.atomic
def check_again(run: TransferRun) -> TransferRun:
    """Make the preview anew, because the world or the decisions changed, or because it failed."""
    found = _locked(run, Status.READY, Status.FAILED)
    if found.purged_at is not None:
        raise DomainError(_("The file was removed, because its time was over. Please upload it again."))
    if found.apply_started_at is not None:
        raise DomainError(_("Rows of this file were written already; continue applying it instead."))
    if not found.mapping:
        return _proceed(found, imports.find(found.importer))
    return _begin(found, Status.CHECKING, "transfer.preview")


@transaction.atomic
def leave_out(row: TransferRow, *, left_out: bool) -> TransferRow:
    """Leave one row out of the import, or take it in again. Only while the preview is shown."""
    _locked(row.run, Status.READY)
    if row.outcome not in (TransferRow.Outcome.NEW, TransferRow.Outcome.CHANGED):
        raise DomainError(_("Only new and changed rows can be left out."))
    row.left_out = left_out
    row.save(update_fields=["left_out"])
    return row


@transaction.atomic
def apply(run: TransferRun) -> TransferRun:
    """Write the rows in the background. After a cancel or a failure it goes on where it stopped.

    Raises NotAllowed when the run is not at that point, DomainError when nothing is left to write.
    """
    found = _locked(run, Status.READY, Status.CANCELLED, Status.FAILED)
    if found.check_finished_at is None:
        raise NotAllowed(found, current=found.get_status_display(), wanted=str(Status.APPLYING.label))
    if found.undo_started_at is not None:
        raise DomainError(_("This import is being undone. Upload the file again to bring it in anew."))
    waiting = found.rows.to_apply().count()
    if not waiting:
        raise DomainError(_("There is nothing to write."))
    found.to_apply = found.applied + waiting
    found.apply_started_at = found.apply_started_at or clock.now()
    found.save(update_fields=["to_apply", "apply_started_at", "updated_at"])
    return _begin(found, Status.APPLYING, "transfer.apply")


@transaction.atomic
def cancel(run: TransferRun) -> TransferRun:
    """Stop. What is written stays written; the batch that is being written is rolled back."""
    found = lock(run)
    if Status.CANCELLED not in TransferRun.TRANSITIONS.get(Status(found.status), ()):
        raise NotAllowed(found, current=found.get_status_display(), wanted=str(Status.CANCELLED.label))
    found.status = Status.CANCELLED
    found.save(update_fields=["status", "updated_at"])
    return found


def _locked(run: TransferRun, *states: Status) -> TransferRun:
    found = lock(run)
    if found.status not in states:
        raise DomainError(_("This import is %(state)s now.") % {"state": found.get_status_display()})
    return found


def _proceed(run: TransferRun, importer: type[Importer]) -> TransferRun:
    if importer.needs_mapping:
        return _begin(run, Status.SCANNING, "transfer.scan")
    return _begin(run, Status.CHECKING, "transfer.preview")


def _begin(run: TransferRun, status: Status, topic: str) -> TransferRun:
    run.status, run.error = status, ""
    run.save(update_fields=["status", "error", "updated_at"])
    directives.issue(topic, payload={"run": run.pk}, origin=run, max_attempts=5)
    return run
