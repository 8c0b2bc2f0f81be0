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
from backoffice.transfers.rows import BadCell, DecimalStyle, Row, RowResult
from backoffice.transfers.spreadsheets import UNSOLVED

log = logging.getLogger(__name__)
Status = TransferRun.Status

# What spreadsheet programs write where a formula has no result; and what is read where none was ever worked out.
UNUSABLE = frozenset(
    {"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#CALC!", "#SPILL!", UNSOLVED}
)
SHOWN = ("changes", "raw", "url", "icon", "column", "hint")
"""What a row of an import says to people only."""
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
            except MemoryError:
                _fail(run, status, too_much())
            except Exception as error:
                sentence = _(
                    "The program failed on this file. Nothing more was written; job #%(number)s has the details."
                )
                _fail(run, status, sentence % {"number": directive.pk})
                log.exception("Import #%s failed.", run.pk)
                raise Permanent(f"{type(error).__name__}: {error}") from error

        return handler

    return decorate


def too_much() -> str:
    """What is said when the process of an import reached its limits."""
    return _("This file needs more memory or time than an import may use. Please split it.")


def gave_up(directive: Directive) -> None:
    """The process that carried out a step died of it: the run does not look busy for ever."""
    run = TransferRun.objects.filter(pk=directive.ref("run"), status__in=TransferRun.BUSY).first()
    if run is not None:
        _fail(run, Status(run.status), too_much())


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
    importer = imports.of(run)
    with _rows(run) as rows:
        total = _seen(importer, _beating(directive, rows))
    with transaction.atomic():
        _update(
            directive, run, Status.CHECKING, check_started_at=clock.now(), check_finished_at=None,
            total=total, checked=0, new=0, changed=0, unchanged=0, refused=0, fields_changed=0, checked_figures={},
        )  # fmt: skip
        TransferRow.objects.filter(run=run).delete()
    with _rows(run) as rows:
        for batch in importer.batches(rows):
            lines = sum(row.lines for row in batch)
            _keep(directive, run, lines, [_row(run, result) for result in importer.check(batch)])
    figures = dict(importer.checked())
    _update(
        directive, run, Status.CHECKING, status=Status.READY, checked_figures=figures, check_finished_at=clock.now()
    )  # fmt: skip


def _seen(importer: Importer, rows: Iterator[Row]) -> int:
    """Let the importer look at all rows; how many there are."""
    total = 0

    def counted() -> Iterator[Row]:
        nonlocal total
        for row in rows:
            total += 1
            yield row

    importer.look(counted())
    return total


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
        last: int | None = 0
        while last is not None:
            last = _apply_batch(directive, run, importer, last)
        _update(directive, run, Status.APPLYING, status=Status.DONE, apply_finished_at=clock.now())


@retry_conflict
@transaction.atomic
def _apply_batch(directive: Directive, run: TransferRun, importer: Importer, last: int) -> int | None:
    """Write the rows that come after the key `last`; returns the key of the last of them, None when none is left."""
    # The lease and the state of the run come first: whoever lost either writes nothing below.
    _update(directive, run, Status.APPLYING)
    # Rows were kept in the order of the file. By key, a batch never walks over what is written already.
    waiting = run.rows.to_apply().filter(pk__gt=last).defer("written", *SHOWN)
    rows = list(waiting.order_by("pk")[: importer.apply_size])
    if not rows:
        return None
    try:
        with transaction.atomic():
            result = importer.apply(rows)
    except (DomainError, IntegrityError):
        result = _row_by_row(run, rows)
    written = _mark(rows, TransferRow.State.APPLIED, TransferRow.State.REFUSED, result.refused, result.written)
    found = TransferRun.objects.get(pk=run.pk)
    TransferRun.objects.filter(pk=run.pk).update(
        applied=found.applied + written, to_apply=found.to_apply - len(result.refused),
        refused_late=found.refused_late + len(result.refused), figures=_sum(found.figures, result.figures),
    )  # fmt: skip
    return rows[-1].pk


def _mark(
    rows: Sequence[TransferRow], done: str, refused: str, why: Mapping[int, str],
    written: Mapping[int, Mapping[str, Any]] | None = None,
) -> int:  # fmt: skip
    """Write down what became of the rows. Returns how many were done."""
    for row in rows:
        row.state = refused if row.pk in why else done
        if why:
            row.reason = why.get(row.pk, row.reason)
        if written:
            row.written = dict(written.get(row.pk, {}))
    bulk.update(rows, ["state", *(["written"] if written else []), *(["reason"] if why else [])])
    return sum(row.state == done for row in rows)


@step(Status.UNDOING)
def undo(directive: Directive, run: TransferRun) -> None:
    """Take back what was written, newest first, a batch a transaction. Goes on where it was interrupted."""
    with acting(reason=run.undo_reason or None, system=_("undo of import #%(number)s") % {"number": run.pk}):
        importer = imports.of(run)
        while _undo_batch(directive, run, importer):
            pass
        _update(directive, run, Status.UNDOING, status=Status.UNDONE, undo_finished_at=clock.now())


@retry_conflict
@transaction.atomic
def _undo_batch(directive: Directive, run: TransferRun, importer: Importer) -> bool:
    _update(directive, run, Status.UNDOING)
    rows = list(run.rows.to_undo().order_by("-pk")[: importer.apply_size])
    if not rows:
        return False
    try:
        with transaction.atomic():
            kept = importer.undo(rows)
    except (DomainError, IntegrityError):
        kept = _undo_row_by_row(run, rows)
    undone = _mark(rows, TransferRow.State.UNDONE, TransferRow.State.KEPT, kept)
    TransferRun.objects.filter(pk=run.pk).update(undone=F("undone") + undone, kept=F("kept") + len(rows) - undone)
    return True


def _undo_row_by_row(run: TransferRun, rows: Sequence[TransferRow]) -> dict[int, str]:
    kept: dict[int, str] = {}
    for row in rows:
        try:
            with transaction.atomic():
                kept.update(imports.of(run).undo([row]))
        except (DomainError, IntegrityError) as error:
            kept[row.pk] = error.message if isinstance(error, DomainError) else _("Something else still needs it.")
    return kept


def _row_by_row(run: TransferRun, rows: Sequence[TransferRow]) -> Applied:
    figures: dict[str, int] = {}
    refused: dict[int, str] = {}
    written: dict[int, Mapping[str, Any]] = {}
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
            written.update(result.written)
    return Applied(figures, refused, written)


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
        yield (_line(line, cells, columns, run.style, sheet.width) for line, cells in sheet.lines)


def _line(line: int, values: list[str], columns: Mapping[str, int], style: DecimalStyle, width: int) -> Row:
    cells = {name: values[place] if place < len(values) else "" for name, place in columns.items()}
    return Row(line, cells, values=values, style=style, flaw=_flaw(cells, values, width))


def _flaw(cells: Mapping[str, str], values: Sequence[str], width: int) -> BadCell | None:
    """Why the line as a whole is not to be trusted."""
    if len(values) > width and any(values[width:]):
        left = ";".join(value for value in values[width:] if value)[:100]
        sentence = _("This line has more cells than there are headings; left over: “%(cells)s”.") % {"cells": left}
        return BadCell("", sentence, _("Put a cell that has the separator in it between quotation marks."))
    if UNUSABLE.isdisjoint(values):
        return None
    for name, text in cells.items():
        if text in UNUSABLE:
            sentence = _("The spreadsheet has no result here, only “%(error)s”.") % {"error": text}
            return BadCell(name, sentence, _("Open it in its program, mend the formula, and save it again."))
    return None


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
