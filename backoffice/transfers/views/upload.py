"""The first step: choose a file and say how it is written."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.kernel.errors import DomainError
from backoffice.transfers import imports, outgoing
from backoffice.transfers.forms import UploadForm, options_of, plain
from backoffice.transfers.importer import Importer
from backoffice.transfers.services import runs
from backoffice.transfers.views import access
from backoffice.transfers.views.steps import steps
from backoffice.ui import htmx
from backoffice.ui.permissions import may, requires


@requires(access.ADD, safe=False)
def upload(request: HttpRequest, key: str) -> HttpResponse:
    """The page, and taking the file. What is wrong with it stands beside the field."""
    importer = access.importer_or_403(request, key)
    sent = request.method == "POST"
    form = UploadForm(request.POST if sent else None, request.FILES if sent else None, importer=importer)
    options = options_of(importer, request.POST if sent else None)
    status = 200
    if sent:
        status = 422
        if form.is_valid() and (options is None or options.is_valid()):
            try:
                run = runs.start(
                    importer, file=form.cleaned_data["file"], decimal_style=form.cleaned_data["decimal_style"],
                    options=plain(options.cleaned_data) if options is not None else None,
                )  # fmt: skip
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
                status = error.status
            else:
                return htmx.done(request, to=run.get_absolute_url(), leave=True)
    context: dict[str, Any] = {
        "title": importer.title,
        "importer": importer,
        "columns": importer.columns,
        "exports": outgoing.KINDS if _may_export(request, importer) else (),
        "formats": imports.formats(importer, request.user),
        "form": form,
        "options": options,
        "steps": steps(importer, 0),
        "breadcrumbs": [(_("Imports"), reverse("transfers:run_list")), (importer.title, "")],
    }
    return htmx.render(request, "transfers/upload.html", context, status=status)


@requires(access.VIEW)  # type: ignore[arg-type]  # a CSV streams: no HttpResponse, but answered all the same
def export(request: HttpRequest, key: str, kind: str) -> HttpResponseBase:
    """What there is now, as the file that this import reads."""
    importer = access.importer_or_403(request, key)
    if not _may_export(request, importer):
        raise PermissionDenied
    headings, rows = importer.export()
    return outgoing.file(key.replace("_", "-"), kind, headings, rows)


def _may_export(request: HttpRequest, importer: type[Importer]) -> bool:
    return bool(importer.export_permission) and may(request.user, importer.export_permission)
