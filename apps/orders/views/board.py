"""The orders board: refreshes itself, and answers with nothing when nothing changed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.orders.models import Order
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import board as boards
from backoffice.kernel import clock
from backoffice.ui import htmx
from backoffice.ui.permissions import requires

PAGE = "orders/board.html"


@requires("orders.view_order")
def board(request: HttpRequest) -> HttpResponse:
    """Open orders in lanes. Asked with the ETag of what is shown, 204 says that it is still right."""
    filters = _filters(request)
    etag = f'"{boards.fingerprint(filters)}"'
    seen = request.headers.get("If-None-Match") or request.GET.get("seen", "")
    if htmx.target(request) == "lanes" and seen.strip('W/"') == etag.strip('"'):
        return HttpResponse(status=204, headers={"ETag": etag})
    now = clock.now()
    shown = boards.read(filters)
    closed = Order.objects.filter(status=Order.Status.COMPLETED, business_date=clock.today(), is_imported=False).count()
    here = clock.local(now)
    context = {
        "board": shown,
        "etag": etag.strip('"'),
        "filters": filters,
        "query": urlencode(filters),
        "fulfilments": Fulfilment.choices,
        "now": here,
        "title": _("Orders"),
        "breadcrumbs": [(_("Orders"), "")],
        "state": _("%(when)s · %(open)s open, %(late)s late, %(closed)s closed today")
        % {
            "when": f"{date_format(here, 'l')}, {date_format(here, 'MONTH_DAY_FORMAT')}, {here:%H:%M}",
            "open": shown.open,
            "late": shown.late,
            "closed": closed,
        },
    }
    response = htmx.render(request, PAGE, context, fragments={"lanes": f"{PAGE}#lanes"})
    response["ETag"] = etag
    return response


def _filters(request: HttpRequest) -> dict[str, Any]:
    """What the query string asks for; what it asks for wrongly is ignored."""
    given = {name: request.GET.get(name, "")[:60].strip() for name in ("q", "channel", "fulfilment", "late", "unpaid")}
    if given["fulfilment"] not in Fulfilment.values:
        given["fulfilment"] = ""
    return {name: value for name, value in given.items() if value}
