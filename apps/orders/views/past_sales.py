"""Past sales: what was imported from other tills, and the way to import more."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.orders.services.past_sales import PastSalesImporter, overview
from backoffice.ui import htmx
from backoffice.ui.permissions import requires


@requires("orders.import_past_sales")
def past_sales(request: HttpRequest) -> HttpResponse:
    """Figures of the past, the files it came from, and what each name of the till is here."""
    key = PastSalesImporter.key
    context = {
        "title": _("Past sales"),
        "breadcrumbs": [(_("Orders"), reverse("orders:order_list")), (_("Past sales"), "")],
        "key": key,
        "help": PastSalesImporter.help,
        "past": overview.past(),
        "names": overview.names(key),
        "runs": overview.latest(key),
    }
    return htmx.render(request, "orders/past_sales/overview.html", context)
