"""What came of the pictures that an import named by their addresses: beside the import's result."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.catalog.models import RemotePicture
from apps.catalog.services import remote_media
from backoffice.transfers.models import TransferRun
from backoffice.ui import htmx
from backoffice.ui.pagination import paginate, positive
from backoffice.ui.permissions import command, requires

PAGE_SIZE = 50
Status = RemotePicture.Status
FRAGMENT = {"panel-pictures": "catalog/run_pictures.html#panel-pictures"}


@requires("catalog.import_product")
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """How many came, and each that did not with its reason. Asks again by itself while some are on their way."""
    run = get_object_or_404(TransferRun, pk=pk)
    rows = RemotePicture.objects.filter(run=run)
    counts: dict[str, int] = dict(rows.order_by().values_list("status").annotate(count=Count("pk")))
    failed = rows.failed().select_related("product").order_by("pk")
    page = paginate(failed, number=positive(request.GET.get("page"), 1), size=PAGE_SIZE)
    context: dict[str, Any] = {
        "title": _("Pictures of %(file)s") % {"file": run.file_name}, "run": run, "page": page,
        "fetched": counts.get(Status.FETCHED, 0), "waiting": counts.get(Status.WAITING, 0),
        "failed": counts.get(Status.FAILED, 0), "any": bool(counts),
        "here": f"{request.path}?page={page.number}",
        "breadcrumbs": [(_("Imports"), reverse("transfers:run_list")), (run.file_name, run.get_absolute_url())],
    }  # fmt: skip
    return htmx.render(request, "catalog/run_pictures.html", context, fragments=FRAGMENT)


@command("catalog.import_product")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Fetch once more what did not come."""
    run = get_object_or_404(TransferRun, pk=pk)
    count = remote_media.try_again(run)
    if count:
        text = ngettext("%d picture is fetched again.", "%d pictures are fetched again.", count)
        messages.success(request, text % count)
    else:
        messages.info(request, _("No address among them could be asked again."))
    return htmx.done(request, to=reverse("catalog:run_pictures", args=[pk]), changed="catalog-remotepicture")
