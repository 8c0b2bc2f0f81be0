"""Ctrl+K: one field that finds anything. As a dialog with scripts, as a page without."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from . import htmx, search
from .permissions import SIGNED_IN, requires

PAGE = "ui/components/palette.html"


@requires(SIGNED_IN)
def palette(request: HttpRequest) -> HttpResponse:
    """What `q` finds, grouped."""
    query = request.GET.get("q", "").replace("\x00", "")[: search.MAX_LENGTH]
    found = search.search(request, query)
    groups = [
        (group, [(hit, search.marked(str(hit.title), hit.instead or query)) for hit in group.hits]) for group in found
    ]
    context = {
        "title": _("Search"),
        "breadcrumbs": [(_("Search"), "")],
        "query": query,
        "asked": query.strip().strip('"'),  # the marks only say that no other word is to be tried
        "as_typed": urlencode({"q": f'"{query.strip()}"'}),
        "groups": groups,
        "total": sum(group.total for group in found),
    }
    return htmx.render(request, PAGE, context, fragments={"palette-results": f"{PAGE}#palette-results"})
