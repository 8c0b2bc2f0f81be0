"""What waits, what was sold, what is late: filled by the apps through `composition.DASHBOARD`."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from backoffice import company
from backoffice.accounts.models import User
from backoffice.company.services import open_until
from backoffice.kernel import clock
from backoffice.ui import dashboard, htmx
from backoffice.ui.permissions import signed_in


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """The day at a glance, as far as the person may see it."""
    now = clock.local(clock.now())
    user = cast(User, request.user)
    context = {
        "title": _("Home"),
        "breadcrumbs": [(_("Home"), "")],
        "greeting": greeting(now.hour) % {"name": user.get_short_name()},
        "now": now,
        "open_until": open_until(),
        "shop": company.current(),
        "page": dashboard.build(user),
    }
    return htmx.render(request, "home/home.html", context, fragments={"waits": "home/home.html#waits"})


def greeting(hour: int) -> str:
    """How one greets at this hour."""
    if 4 <= hour < 12:
        return _("Good morning, %(name)s")
    return _("Good afternoon, %(name)s") if 12 <= hour < 18 else _("Good evening, %(name)s")
