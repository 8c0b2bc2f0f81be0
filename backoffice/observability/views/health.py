"""Answers for the machines that watch, and a page with the same numbers for people."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from backoffice.observability import checks, drills, selectors
from backoffice.observability.models import RestoreDrill
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may, public, requires

DRILL = "observability.add_restoredrill"
DRILLS = 5


@public
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up and reaches its database."""
    answer = checks.database()
    return JsonResponse({"ok": answer.ok, "reason": answer.reason}, status=200 if answer.ok else 503)


@public
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Everything that must hold for the shop to rely on it; 503 with the reasons when something does not."""
    answers = checks.ready()
    well = all(answer.ok for answer in answers)
    body = {
        "ok": well,
        "checks": {answer.key: {"ok": answer.ok, "value": answer.value} for answer in answers},
        "reasons": [answer.reason for answer in answers if not answer.ok],
        "warnings": [answer.reason for answer in answers if answer.warns],
    }
    return JsonResponse(body, status=200 if well else 503)


@requires("outbox.view_directive")
def page(request: HttpRequest) -> HttpResponse:
    """The same, for people, with what the machine is made of."""
    template = "observability/health.html"
    answers = checks.ready()
    context = {
        "title": _("Health"),
        "breadcrumbs": [(_("Health"), "")],
        "checks": answers,
        "well": all(answer.ok and not answer.warns for answer in answers),
        "drills": RestoreDrill.objects.select_related("asked_by").order_by("-pk")[:DRILLS],
        "may_drill": may(request.user, DRILL),
        "counts": selectors.directive_counts(),
        "facts": selectors.machine(),
    }
    return htmx.render(request, template, context, fragments={"health": f"{template}#health"})


@command(DRILL)
def drill(request: HttpRequest) -> HttpResponse:
    """Try now whether a backup can be restored, in the background."""
    drills.start()
    messages.info(request, _("A backup is being restored on trial. This page tells when it is done."))
    return htmx.done(request, to="observability:health", leave=True)
