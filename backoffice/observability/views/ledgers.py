"""Do the books agree: the last look, the ones before, and a button."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.observability import ledgers
from backoffice.observability.models import LedgerRun
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may, requires

VIEW = "observability.view_ledgerrun"
ASK = "observability.add_ledgerrun"
BEFORE = 30
TEMPLATE = "observability/ledgers.html"


@requires(VIEW)
def page(request: HttpRequest) -> HttpResponse:
    """The newest look at the books. While one is under way it asks for its progress every second."""
    return _drawn(request, LedgerRun.objects.select_related("asked_by").order_by("-pk").first())


@requires(VIEW)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One look at the books."""
    return _drawn(request, get_object_or_404(LedgerRun.objects.select_related("asked_by"), pk=pk))


@command(ASK)
def check(request: HttpRequest) -> HttpResponse:
    """Look at the books now, in the background."""
    found = ledgers.start()
    messages.info(request, _("The books are being compared. This page tells when it is done."))
    return htmx.done(request, to=found.get_absolute_url(), leave=True)


def _drawn(request: HttpRequest, shown: LedgerRun | None) -> HttpResponse:
    parts = list(shown.parts.order_by("pk")) if shown else []
    findings = list(shown.findings.prefetch_related("about").order_by("pk")) if shown else []
    context: dict[str, Any] = {
        "title": _("Books"),
        "breadcrumbs": [(_("Books"), reverse("observability:ledgers")), *([(str(shown), "")] if shown else [])],
        "run": shown,
        "parts": parts,
        "findings": findings,
        "left_out": (shown.found if shown and not shown.is_busy else len(findings)) - len(findings),
        "total_seconds": sum(part.milliseconds for part in parts) / 1000,
        "before": LedgerRun.objects.select_related("asked_by").order_by("-pk")[:BEFORE],
        "may_ask": may(request.user, ASK),
        "here": shown.get_absolute_url() if shown else request.path,
    }
    ended = htmx.target(request) == "books" and not (shown and shown.is_busy)
    return htmx.render(
        request, TEMPLATE, context, fragments={"books": f"{TEMPLATE}#books"}, status=286 if ended else 200
    )
