"""The bakery on the home page: what is due, and what is late or blocked."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.production.models import WorkOrder
from apps.production.selectors import work_orders as reads
from apps.production.tables import TONES
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import dashboard
from backoffice.ui.dashboard import Figure, Row, RowAction, Worklist
from backoffice.ui.permissions import may, requires
from backoffice.ui.templatetags.ui import since

SHOWN = 6


def figures(user: Any) -> list[Figure]:
    """For the strip "what waits": open work, and how much of it is late. One query."""
    waiting = WorkOrder.objects.open().aggregate(open=Count("pk"), late=Count("pk", filter=Q(due_at__lt=clock.now())))
    late = waiting["late"]
    note = ngettext("%(n)s late", "%(n)s late", late) % {"n": late} if late else _("on time")
    return [
        Figure(
            "production",
            _("Work orders open"),
            waiting["open"],
            note=note,
            url=f"{reverse('production:work_order_list')}?view={'late' if late else 'open'}",
            tone="bad" if late else "",
            icon="factory",
            note_tone="bad" if late else "",
        )
    ]


@requires("production.view_workorder")
def due(request: HttpRequest) -> HttpResponse:
    """Open work orders, the most urgent first, each with its next step."""
    end = clock.day_bounds(clock.today())[1]
    rows = WorkOrder.objects.open().filter(due_at__lt=end)
    first = list(rows.select_related("product__category", "product__unit").order_by("due_at", "pk")[:SHOWN])
    short = reads.missing_names(first)
    count = rows.count()
    worklist = Worklist(
        id="part-production",
        title=_("Production due"),
        rows=[
            _row(order, request.user, short.get(order.pk, []), primary=index == 0) for index, order in enumerate(first)
        ],
        count=count,
        tone="bad" if any(order.due_at < clock.now() for order in first) else "",
        url=f"{reverse('production:work_order_list')}?view=open",
        link=_("All %(count)s") % {"count": count},
        empty=_("Nothing is due today"),
        refresh="production-workorder",
        self_url=reverse("production:home_due"),
    )
    return dashboard.render_worklist(request, worklist)


NEXT = {
    WorkOrder.Status.PLANNED: ("production:work_order_release", "production.release_workorder", True),
    WorkOrder.Status.RELEASED: ("production:work_order_start", "production.run_workorder", True),
    WorkOrder.Status.IN_PROGRESS: ("production:work_order_finish", "production.run_workorder", False),
    WorkOrder.Status.PAUSED: ("production:work_order_resume", "production.run_workorder", True),
}


def _row(order: WorkOrder, user: Any, short: list[Any], *, primary: bool) -> Row:
    name, permission, post = NEXT[WorkOrder.Status(order.status)]
    labels = {"planned": _("Release"), "released": _("Start"), "in_progress": _("Finish"), "paused": _("Resume")}
    action = None
    if may(user, permission):
        action = RowAction(
            labels[order.status],
            reverse(name, args=[order.pk]),
            post=post,
            tone="primary" if primary else "soft",
            dialog=not post,
        )
    blocked = ", ".join(str(product) for product, _amount in short)
    state = order.get_status_display()
    return Row(
        title=str(order.product),
        url=order.get_absolute_url(),
        meta=f"{order.number} · {state}" + (" · " + _("short of %(names)s") % {"names": blocked} if blocked else ""),
        value=format_quantity(order.quantity, order.product.unit.code),
        when=since(order.due_at),
        when_tone="bad" if order.due_at < clock.now() else "",
        thumb=(order.product.shown_icon, order.product.hue),
        action=action,
        tone="warn" if blocked or TONES[WorkOrder.Status(order.status)] == "warn" else "",
    )
