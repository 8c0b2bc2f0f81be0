"""One import, at whichever step it is, and the commands that move it on."""

import csv
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from backoffice.kernel.errors import DomainError
from backoffice.transfers import imports
from backoffice.transfers.importer import Importer
from backoffice.transfers.models import TransferRow, TransferRun
from backoffice.transfers.neutral import neutralise
from backoffice.transfers.selectors import progress
from backoffice.transfers.services import runs, undoing
from backoffice.transfers.views import access
from backoffice.transfers.views.steps import of as steps_of
from backoffice.ui import htmx, panels
from backoffice.ui.pagination import paginate, positive
from backoffice.ui.permissions import command, may, requires

Status = TransferRun.Status
Outcome = TransferRow.Outcome
PAGE_SIZE = 50
REFUSED_SHOWN = 20
SHOWN_FIRST = (Outcome.CHANGED, Outcome.NEW, Outcome.REFUSED, Outcome.UNCHANGED)
TABS = {
    Outcome.NEW: gettext_lazy("New rows"),
    Outcome.CHANGED: gettext_lazy("Changed rows"),
    Outcome.UNCHANGED: gettext_lazy("Unchanged rows"),
    Outcome.REFUSED: gettext_lazy("Refused rows"),
}
TEMPLATES = {Status.COLUMNS: "transfers/columns.html", Status.MAPPING: "transfers/mapping.html"}


@requires(access.VIEW)
@never_cache
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of the step. While a job runs it asks for its fragment "run" every second; 286 ends that."""
    run = access.run_or_404(request, pk)
    return _drawn(request, run, status=286 if htmx.target(request) == "run" and not run.is_busy else 200)


def _drawn(request: HttpRequest, run: TransferRun, *, status: int = 200, **more: Any) -> HttpResponse:
    importer = imports.find(run.importer)
    template = TEMPLATES.get(Status(run.status), "transfers/run.html")
    context = {
        "title": importer.title,
        "run": run,
        "importer": importer,
        "steps": steps_of(run, importer),
        "breadcrumbs": [(_("Imports"), reverse("transfers:run_list")), (run.file_name, "")],
        "may_change": may(request.user, access.CHANGE),
        "here": request.get_full_path() if request.method == "GET" else run.get_absolute_url(),
        **_step(request, run, importer),
        **more,
    }
    return htmx.render(request, template, context, fragments={"run": f"{template}#run"}, status=status)


def _step(request: HttpRequest, run: TransferRun, importer: type[Importer]) -> dict[str, Any]:
    if run.status == Status.COLUMNS:
        places = {place: name for name, place in run.columns.items()}
        fields = [(place, heading, places.get(place, "")) for place, heading in enumerate(run.headings)]
        return {"fields": fields, "doubled": runs.doubled(run)}
    if run.status == Status.MAPPING:
        return {"entries": run.mapping.get("entries", ()), "targets": importer(run).targets()}
    return _preview(request, run, importer)


def _preview(request: HttpRequest, run: TransferRun, importer: type[Importer]) -> dict[str, Any]:
    tab = request.GET.get("tab", "")
    if tab not in Outcome.values:
        tab = next((o.value for o in SHOWN_FIRST if getattr(run, o.value)), Outcome.NEW.value)
    rows = run.rows.refused() if tab == Outcome.REFUSED else run.rows.filter(outcome=tab)
    if words := request.GET.get("q", "").replace("\x00", "")[:100]:
        rows = rows.filter(
            Q(label__icontains=words) | Q(meta__icontains=words) | Q(raw__icontains=words) | Q(reason__icontains=words)
        )
    page = paginate(rows.order_by("line", "pk"), number=positive(request.GET.get("page"), 1), size=PAGE_SIZE)
    labels = {column.name: str(column.label) for column in importer.columns}
    for row in page.rows:
        _mark(row, run, labels)
    if tab == Outcome.NEW and page.rows:
        told = imports.of(run).facts(page.rows)
        for row in page.rows:
            row.facts = told.get(row.pk, ())
    refused = list(run.rows.refused().order_by("line", "pk")[:REFUSED_SHOWN]) if tab != Outcome.REFUSED else []
    for row in refused:
        _mark(row, run, labels)
    waiting = 0 if run.is_busy else progress.waiting(run)
    return {
        "progress": progress.of(run),
        "tab": tab,
        "tabs": [
            (
                outcome.value,
                TABS[outcome],
                getattr(run, outcome.value) + (outcome == Outcome.REFUSED) * run.refused_late,
            )
            for outcome in Outcome
        ],
        "q": words,
        "page": page,
        "refused": refused,
        "more_refused": max(0, run.refused + run.refused_late - len(refused)),
        "waiting": waiting,
        "left_out": 0 if run.is_busy else progress.left_out(run),
        "ignored": [heading for place, heading in enumerate(run.headings) if place not in run.columns.values()],
        "figures": _figures(importer, run.figures),
        "checked_figures": _figures(importer, run.checked_figures),
        "done_url": _url(importer.done_url),
        "may_check_again": (
            run.apply_started_at is None and run.purged_at is None and run.status in (Status.READY, Status.FAILED)
        ),
        "may_cancel": Status.CANCELLED in TransferRun.TRANSITIONS.get(Status(run.status), ()),
        "may_apply": (
            run.check_finished_at is not None
            and not run.is_busy
            and run.status not in (Status.DONE, Status.UNDONE)
            and run.undo_started_at is None
        ),
        "stays": "" if importer.undoable or not run.applied or run.is_busy else importer.stays,
        "may_undo": may(request.user, access.UNDO) and undoing.can_be_asked(run),
        "panels": (
            panels.of(f"transfers.{run.importer}", run, request.user)
            if run.apply_started_at and not run.is_busy
            else []
        ),
    }


def _mark(row: Any, run: TransferRun, labels: Mapping[str, str]) -> None:
    """The cells of the line as written, with the wrong ones marked, and what is wrong with which."""
    wrong = row.data.get("wrong") or ()
    places = {run.columns.get(column, -1) for column in ([each[0] for each in wrong] or [row.column])}
    row.cells = [(cell, place in places) for place, cell in enumerate(row.data.get("cells") or ())]
    row.wrong = [(labels.get(column, column), reason, hint) for column, reason, hint in wrong]


def _figures(importer: type[Importer], figures: dict[str, int]) -> list[tuple[str, int]]:
    return [(str(importer.figure_labels.get(key, key)), number) for key, number in figures.items()]


def _url(name: str) -> str:
    try:
        return reverse(name) if name else ""
    except NoReverseMatch:
        return ""


def _back(request: HttpRequest, run: TransferRun) -> HttpResponse:
    """After a command: the page of the run, or for htmx its part that changed."""
    run.refresh_from_db()
    if htmx.target(request) == "run" and run.status not in TEMPLATES:
        return _drawn(request, run)
    return htmx.done(request, to=run.get_absolute_url(), leave=True)


@command(access.CHANGE)
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Name the columns of the file."""
    run = access.run_or_404(request, pk)
    names = [request.POST.get(f"column-{place}", "") for place in range(len(run.headings))]
    try:
        runs.name_columns(run, names=names)
    except DomainError as error:
        if run.status != Status.COLUMNS:  # somebody named them meanwhile
            raise
        # What was chosen stays on the page.
        fields = list(zip(range(len(names)), run.headings, names, strict=True))
        return _drawn(request, run, status=error.status, fields=fields, error=error.message)
    return _back(request, run)


@command(access.CHANGE)
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide what each name of the file is."""
    run = access.run_or_404(request, pk)
    entries = {
        entry["key"]: {
            "action": request.POST.get(f"action-{number}", ""),
            "target": request.POST.get(f"target-{number}", "").strip(),
            "detail": request.POST.get(f"detail-{number}", "").strip(),
        }
        for number, entry in enumerate(run.mapping.get("entries", ()))
    }
    try:
        runs.decide(run, entries=entries)
    except DomainError as error:
        # Nobody wants to decide on a hundred names twice: what was chosen stays on the page.
        typed = [{**entry, **entries[entry["key"]]} for entry in run.mapping.get("entries", ())]
        return _drawn(request, run, status=error.status, entries=typed, error=error.message)
    return _back(request, run)


@command(access.CHANGE)
def leave_out(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Tick or untick one row of the preview."""
    run = access.run_or_404(request, pk)
    found = get_object_or_404(run.rows.select_related("run"), pk=row)
    runs.leave_out(found, left_out="apply" not in request.POST)
    return _back(request, run)


@command(access.CHANGE)
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the rows, in the background."""
    run = runs.apply(access.run_or_404(request, pk))
    return _back(request, run)


@command(access.CHANGE)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop, or drop what was not applied."""
    run = runs.cancel(access.run_or_404(request, pk))
    messages.success(request, _("The import of %(file)s is cancelled.") % {"file": run.file_name})
    return _back(request, run)


@command(access.CHANGE)
def check_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the preview anew."""
    run = runs.check_again(access.run_or_404(request, pk))
    return _back(request, run)


@requires(access.VIEW)  # type: ignore[arg-type]  # streams: no HttpResponse, but answered all the same
def file(request: HttpRequest, pk: int) -> FileResponse:
    """The uploaded file as it came, for who may do this import."""
    run = access.run_or_404(request, pk)
    if not run.file:
        raise Http404
    return FileResponse(
        run.file.open("rb"), as_attachment=True, filename=run.file_name, content_type="application/octet-stream"
    )


@requires(access.VIEW)  # type: ignore[arg-type]  # streams: no HttpResponse, but answered all the same
def refused(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The refused lines as a file with the reason, to be mended and uploaded again."""
    run = access.run_or_404(request, pk)
    name = f"{run.file_name.rpartition('.')[0] or run.file_name}-{_('refused')}.csv"
    response = StreamingHttpResponse(_refused_lines(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


class _Line:
    def write(self, text: str) -> str:
        return text


def _refused_lines(run: TransferRun) -> Iterator[str]:
    writer = csv.writer(_Line(), delimiter=";" if run.style == "comma" else ",")
    # No heading that an import knows: the file comes back, and a count sheet has reasons of its own.
    yield "\ufeff" + writer.writerow([*map(neutralise, run.headings), _("Why refused"), _("Line"), _("Column")])
    width = len(run.headings)
    for row, written in progress.refused(run):
        cells = [*written, *[""] * width][:width]
        wrong = row.data.get("wrong") or [[row.column, row.reason, row.hint]]
        columns = [run.headings[run.columns[column]] for column, *_why in wrong if column in run.columns]
        yield writer.writerow([
            *map(neutralise, cells), neutralise(" ".join(_reason(*why) for _column, *why in wrong)), row.line,
            neutralise(", ".join(columns)),
        ])  # fmt: skip


def _reason(reason: str, hint: str) -> str:
    return f"{reason} ({hint})" if hint else reason
