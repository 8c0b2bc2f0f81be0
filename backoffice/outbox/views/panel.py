"""The jobs that one object caused, for that object's page."""

from collections.abc import Callable

from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, HttpResponse

from backoffice.outbox.models import Directive
from backoffice.outbox.tables import TONES, when
from backoffice.ui import htmx
from backoffice.ui.permissions import requires

SHOWN = 20


def _drawn(request: HttpRequest, app: str, model: str, pk: int) -> HttpResponse:
    try:
        kind = ContentType.objects.get_by_natural_key(app, model)
    except ContentType.DoesNotExist:
        raise Http404 from None
    found = Directive.objects.filter(origin_type=kind, origin_id=pk).order_by("-pk")
    jobs = [(job, TONES.get(Directive.Status(job.status), ""), when(job)) for job in found[:SHOWN]]
    template = "outbox/panel.html"
    context = {"title": kind.name, "jobs": jobs, "bad": any(tone == "bad" for _job, tone, _when in jobs)}
    return htmx.render(request, template, context, fragments={"panel-jobs": f"{template}#panel-jobs"})


@requires("outbox.view_directive")
def panel(request: HttpRequest, app: str, model: str, pk: int) -> HttpResponse:
    """The jobs of any object, by its kind and id."""
    return _drawn(request, app, model, pk)


def jobs_of(label: str) -> Callable[[HttpRequest, int], HttpResponse]:
    """A view for one kind of object ("orders.order"), for a URL with a pk: what `composition.PANELS` wants."""
    app, _dot, model = label.partition(".")

    @requires("outbox.view_directive")
    def jobs(request: HttpRequest, pk: int) -> HttpResponse:
        return _drawn(request, app, model, pk)

    return jobs
