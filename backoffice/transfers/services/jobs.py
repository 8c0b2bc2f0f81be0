"""The long steps of an import, as directives. Each can be killed anywhere and started again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from backoffice.kernel import bulk, clock
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import DomainError
from backoffice.kernel.locks import retry_conflict
from backoffice.outbox import directives
from backoffice.outbox.errors import LeaseLost, Permanent
from backoffice.outbox.models import Directive
from backoffice.transfers import files, imports
from backoffice.transfers.importer import Applied, Importer
from backoffice.transfers.models import TransferRow, TransferRun
from backoffice.transfers.rows import Row, RowResult

log = logging.getLogger(__name__)
Status = TransferRun.Status

Work = Callable[[Directive, TransferRun], None]


class Stopped(Exception):
    """The run was cancelled meanwhile: leave quietly."""


def step(status: Status) -> Callable[[Work], Callable[[Directive], None]]:
    """Run the work when the directive's import is at this step; one that moved on or was cancelled is left alone."""

    def decorate(work: Work) -> Callable[[Directive], None]:
        @wraps(work)
        def handler(directive: Directive) -> None:
            run = TransferRun.objects.filter(pk=directive.ref("run"), status=status).first()
            if run is None:
                return
            try:
                work(directive, run)
            except Stopped:
                log.info("Import #%s was cancelled.", run.pk)
            except (LeaseLost, OperationalError):
                raise
            except DomainError as error:
                _fail(run, status, error.message)
            except Exception as error:
                sentence = _(
                    "The program failed on this file. Nothing more was written; job #%(number)s has the details."
                )
                _fail(run, status, sentence % {"number": directive.pk})
                log.exception("Import #%s failed.", run.pk)
                raise Permanent(f"{type(error).__name__}: {error}") from error

        return handler

    return decorate


@step(Status.SCANNING)
def scan(directive: Directive, run: TransferRun) -> None:
    """Find the names that a person has to decide on."""
    importer = imports.of(run)
    with _rows(run) as rows:
        entries = [asdict(entry) for entry in importer.scan(_beating(directive, rows))]
    _update(directive, run, Status.SCANNING, status=Status.MAPPING, mapping={"entries": entries})


@step(Status.CHECKING)
def preview(directive: Directive, run: TransferRun) -> None:
    """Judge every row of the file; nothing is written but the judgement. Starts over when it was interrupted."""
    with _rows(run) as rows:
        total = sum(1 for _line in _beating(directive, rows))
    with transaction.atomic():
        _update(
            directive, run, Status.CHECKING, check_started_at=clock.now(), check_finished_at=None,
            total=total, checked=0, new=0, changed=0, unchanged=0, refused=0, fields_changed=0, checked_figures={},
        )  # fmt: skip
        TransferRow.objects.filter(run=run).delete()
    importer = imports.of(run)
    with _rows(run) as rows:
        for batch in importer.batches(rows):
            _keep(directive, run, len(batch), [_row(run, result) for result in importer.check(batch)])
    figures = dict(importer.checked())
    _update(
        directive, run, Status.CHECKING, status=Status.READY, checked_figures=figures, check_finished_at=clock.now()
    )  # fmt: skip


@transaction.atomic
def _keep(directive: Directive, run: TransferRun, lines: int, rows: Sequence[TransferRow]) -> None:
    counts = {outcome: F(outcome) + number for outcome, number in Counter(row.outcome for row in rows).items()}
    fields = F("fields_changed") + sum(len(row.changes) for row in rows)
    _update(directive, run, Status.CHECKING, checked=F("checked") + lines, fields_changed=fields, **counts)
    bulk.insert(rows)


@step(Status.APPLYING)
def apply(directive: Directive, run: TransferRun) -> None:
    """Write the rows, a batch a transaction, until none is left. Goes on where it was interrupted."""
    with acting(system=_("import #%(number)s") % {"number": run.pk}):
        importer = imports.of(run)
        while _apply_batch(directive, run, importer):
            pass
        _update(directive, run, Status.APPLYING, status=Status.DONE, apply_finished_at=clock.now())


@retry_conflict
@transaction.atomic
def _apply_batch(directive: Directive, run: TransferRun, importer: Importer) -> bool:
    # The lease and the state of the run come first: whoever lost either writes nothing below.
    _update(directive, run, Status.APPLYING)
    rows = list(run.rows.to_apply().order_by("line", "pk")[: importer.apply_size])
    if not rows:
        return False
    try:
        with transaction.atomic():
            result = importer.apply(rows)
    except (DomainError, IntegrityError):
        result = _row_by_row(run, rows)
    written = [row.pk for row in rows if row.pk not in result.refused]
    TransferRow.objects.filter(pk__in=written).update(state=TransferRow.State.APPLIED)
    for row in rows:
        if row.pk in result.refused:
            row.state, row.reason = TransferRow.State.REFUSED, result.refused[row.pk]
            row.save(update_fields=["state", "reason"])
    found = TransferRun.objects.get(pk=run.pk)
    TransferRun.objects.filter(pk=run.pk).update(
        applied=found.applied + len(written), to_apply=found.to_apply - len(result.refused),
        refused_late=found.refused_late + len(result.refused), figures=_sum(found.figures, result.figures),
    )  # fmt: skip
    return True


def _row_by_row(run: TransferRun, rows: Sequence[TransferRow]) -> Applied:
    figures: dict[str, int] = {}
    refused: dict[int, str] = {}
    # What failed may have left things in the importer's memory that were rolled back: start with a fresh one.
    importer = imports.of(run)
    for row in rows:
        try:
            with transaction.atomic():
                result = importer.apply([row])
        except (DomainError, IntegrityError) as error:
            importer = imports.of(run)
            refused[row.pk] = error.message if isinstance(error, DomainError) else _("The database refused this row.")
        else:
            figures = _sum(figures, result.figures)
            refused.update(result.refused)
    return Applied(figures, refused)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in [*one, *(key for key in other if key not in one)]}


def _fail(run: TransferRun, status: Status, sentence: str) -> None:
    TransferRun.objects.filter(pk=run.pk, status=status).update(
        status=Status.FAILED, error=sentence, updated_at=clock.now()
    )


def _update(directive: Directive, run: TransferRun, at: Status, /, **values: Any) -> None:
    with transaction.atomic():
        directives.heartbeat(directive)
        mine = TransferRun.objects.filter(pk=run.pk, status=at)
        if not mine.update(updated_at=clock.now(), **values):
            raise Stopped


@contextmanager
def _rows(run: TransferRun) -> Iterator[Iterator[Row]]:
    columns = {name: place for name, place in run.columns.items() if place < len(run.headings)}
    with run.file.open("rb") as file, files.opened(file, kind=run.file_format, style=run.style) as sheet:
        yield (
            Row(
                line,
                {name: cells[place] if place < len(cells) else "" for name, place in columns.items()},
                values=cells,
                style=run.style,
            )
            for line, cells in sheet.lines
        )


def _beating(directive: Directive, rows: Iterator[Row], *, every: int = 5000) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        if number % every == 0:
            directives.heartbeat(directive)
        yield row


def _row(run: TransferRun, result: RowResult) -> TransferRow:
    return TransferRow(
        run=run, line=result.line, outcome=result.outcome, label=result.label[:200], meta=result.meta[:200],
        url=result.url[:200], icon=result.icon, changes=[change.as_json() for change in result.changes],
        data=dict(result.data), raw=result.raw[:4000], column=result.column, reason=result.reason, hint=result.hint,
    )  # fmt: skip
