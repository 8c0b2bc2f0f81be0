"""Who buys: looked for, or written down for the first time."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.crm.models import Customer, documents
from apps.orders.forms import NewcomerForm
from apps.orders.services import newcomers
from backoffice.ui import htmx
from backoffice.ui.permissions import requires

from .pay import TillScreen
from .sale import SELL, _session


@requires(SELL)
def customers(request: HttpRequest, pk: int) -> HttpResponse:
    """Look for the customer; each answer is a button."""
    session = _session(pk)
    text = request.GET.get("q", "")[:100]
    found = Customer.objects.active().matching(text).order_by("name")[:12]
    page = "orders/customer_picker.html"
    context = {
        "session": session,
        "text": text,
        "found": found,
        "title": _("Customer"),
        "breadcrumbs": [(_("New sale"), session.get_absolute_url()), (_("Customer"), "")],
    }
    return htmx.render(request, page, context, fragments={"dialog": f"{page}#dialog", "found": f"{page}#found"})


class Newcomer(TillScreen):
    """A new customer, on the tab at once."""

    permission = "crm.add_customer"
    title = gettext_lazy("New customer")
    submit_label = gettext_lazy("Save and choose")
    form_class = NewcomerForm

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision, **_meant(self.request.GET.get("q", "")[:100].strip())}

    def perform(self, form: Any) -> Customer:
        return newcomers.write_down(self.object, **form.cleaned_data, key=self.key)

    def success(self, result: Any) -> Any:
        return _("%s is written down and on the tab.") % result


def _meant(text: str) -> dict[str, str]:
    """What was looked for in vain is the first thing that is known: a document, a telephone number or a name."""
    digits = [letter for letter in text if letter.isdigit()]
    if not digits:
        return {"name": text}
    try:
        return {"document": documents.formatted(documents.normalise(text))}
    except ValidationError:
        return {"phone": text} if len(digits) >= 4 else {"name": text}
