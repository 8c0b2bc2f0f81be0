"""The bell of the top bar by itself, so that it is right while a page stays open."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from . import htmx, nav
from .permissions import SIGNED_IN, requires


@requires(SIGNED_IN)
def bell(request: HttpRequest) -> HttpResponse:
    """The bell as it is now; nothing at all when it still says what the page has `shown`. One count, not the menu's.

    Without scripts there is nothing to draw into: one is sent to what waits behind it.
    """
    entry = nav.bell(request)
    if not htmx.is_htmx(request):
        return htmx.done(request, to=entry.url if entry else resolve_url("home:home"))
    if entry is None or entry.count == request.GET.get("shown", ""):
        return HttpResponse(status=204)
    return htmx.render(request, "ui/components/bell.html", {"bell": entry})
