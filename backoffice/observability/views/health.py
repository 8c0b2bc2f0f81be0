"""Answers for the machines that watch, and a page with the same numbers for people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from backoffice.observability import checks, selectors
from backoffice.ui import htmx
from backoffice.ui.permissions import public, requires


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
        "well": all(answer.ok for answer in answers),
        "counts": selectors.directive_counts(),
        "facts": selectors.machine(),
    }
    return htmx.render(request, template, context, fragments={"health": f"{template}#health"})
