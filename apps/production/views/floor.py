"""The floor board for tablets: start, report, finish, with few words and large targets."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.production.forms import FinishForm
from apps.production.models import WorkOrder, WorkOrderStep
from apps.production.selectors import floor as reads
from apps.production.services import steps, work_orders
from apps.production.views.work_order_page import expected_good, progress
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.permissions import command, requires

PAGE, REPORT = "production/floor.html", "production/floor_report.html"
EVENTS = ("production-workorder", "inventory-stockbalance")


@requires("production.run_workorder")
def board(request: HttpRequest) -> HttpResponse:
    """Cards by work centre. Asked again with what was `seen`, it answers 204 while nothing changed."""
    center = request.GET.get("center", "")[:20]
    found = reads.board(center)
    if htmx.target(request) == "floor" and request.GET.get("seen") == found.seen:
        return HttpResponse(status=204)
    context = {"board": found, "center": center, "now": clock.now(), "title": _("Floor")}
    return htmx.render(request, PAGE, context, fragments={"floor": f"{PAGE}#floor"})


def _back(request: HttpRequest) -> HttpResponse:
    return htmx.done(request, to=reverse("production:floor"), changed=EVENTS)


@command("production.run_workorder")
def start_step(request: HttpRequest, pk: int) -> HttpResponse:
    step = get_object_or_404(WorkOrderStep.objects.select_related("work_order"), pk=pk)
    steps.start(step)
    messages.success(request, _("%(step)s of %(order)s started.") % {"step": step, "order": step.work_order})
    return _back(request)


@command("production.run_workorder")
def finish_step(request: HttpRequest, pk: int) -> HttpResponse:
    step = get_object_or_404(WorkOrderStep.objects.select_related("work_order"), pk=pk)
    steps.finish(step)
    messages.success(request, _("%(step)s of %(order)s done.") % {"step": step, "order": step.work_order})
    return _back(request)


@requires("production.run_workorder", safe=False)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The number pad: what came out. `finish` ends the order, anything else books a load and leaves it open."""
    order = get_object_or_404(WorkOrder.objects.select_related("product__unit", "recipe"), pk=pk)
    reported = sum(order.outputs.values_list("quantity", flat=True), start=0)
    rest = max(expected_good(order) - reported, 0)
    unit = order.product.unit.code
    error: DomainError | None = None
    status = 200
    if request.method == "POST":
        form = FinishForm(request.POST, unit=unit)
        status = 422
        if form.is_valid():
            try:
                return _book(request, order, form)
            except DomainError as refused:
                error, status = refused, refused.status
    else:
        form = FinishForm(unit=unit, initial={"revision": order.revision})
    context: dict[str, Any] = {
        "order": order,
        "form": form,
        "error": error,
        "rest": rest,
        "reported": reported,
        "asks": error is not None and error.field == "confirmed",
        "key": request.POST.get("_key", "")[:64] or f"floor-{order.pk}-{order.revision}-{clock.now().timestamp():.0f}",
        "reasons": [_("Burnt"), _("Dropped"), _("Misshapen"), _("Other")],
        "intro": progress(order, reported),
        "title": _("Report %(order)s") % {"order": order},
    }
    return htmx.render(request, REPORT, context, fragments={htmx.DIALOG: f"{REPORT}#dialog"}, status=status)


def _book(request: HttpRequest, order: WorkOrder, form: FinishForm) -> HttpResponse:
    key = request.POST.get("_key", "")[:64] or f"{order.pk}"
    names = {"order": order, "product": order.product}
    if "finish" in request.POST:
        work_orders.finish(
            order,
            revision=form.cleaned_data["revision"],
            key=key,
            outputs=form.outputs(),
            confirmed=form.cleaned_data["confirmed"],
        )
        messages.success(request, _("%(order)s %(product)s finished.") % names, extra_tags=order.get_absolute_url())
    else:
        work_orders.report(order, outputs=form.outputs(), key=key)
        messages.success(request, _("%(order)s %(product)s: reported.") % names, extra_tags=order.get_absolute_url())
    return _back(request)
