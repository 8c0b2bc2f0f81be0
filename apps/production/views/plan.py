"""The plan of a day: quantities, what they lack, and releasing them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.models import Product
from apps.production.errors import BadPlan
from apps.production.forms import PlanAddForm
from apps.production.models import PlanLine
from apps.production.selectors import day as days
from apps.production.services import plans
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError
from backoffice.kernel.numbers import parse_decimal
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may, requires
from backoffice.ui.screens import ActionScreen

PAGE = "production/plan.html"
EVENTS = ("production-planline", "production-workorder", "inventory-hold")
AROUND = 3


@requires("production.view_planline")
def today(request: HttpRequest) -> HttpResponse:
    """The plan that is being worked on: today's."""
    return redirect("production:plan", clock.today())


@requires("production.view_planline")
def day(request: HttpRequest, day: date) -> HttpResponse:
    return _show(request, day)


def _show(request: HttpRequest, day: date, *, status: int = 200, refused: DomainError | None = None) -> HttpResponse:
    first = max(day - timedelta(days=1), date.min + timedelta(days=3))
    context: dict[str, Any] = {
        "plan": days.read(day),
        "day": day,
        "title": _("Plan for %(day)s") % {"day": f"{date_format(day, 'l')}, {date_format(day, 'MONTH_DAY_FORMAT')}"},
        "breadcrumbs": [(_("Plan"), reverse("production:plan_today")), (date_format(day, "D j M"), "")],
        "around": [first + timedelta(days=offset) for offset in range(AROUND)],
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "sees_cost": may(request.user, "production.view_cost"),
        "may_plan": may(request.user, "production.change_planline"),
        "may_release": may(request.user, "production.release_plan"),
        "refused": refused,
    }
    return htmx.render(request, PAGE, context, fragments={"plan": f"{PAGE}#plan"}, status=status)


@command("production.change_planline")
def set_quantity(request: HttpRequest, day: date, pk: int) -> HttpResponse:
    """One stepper. The answer is the whole plan, because shortages and totals follow every step."""
    product = get_object_or_404(Product.objects.select_related("unit"), pk=pk)
    seen = request.POST.get("revision", "")
    try:
        try:
            quantity = parse_decimal(request.POST.get("quantity", ""))
        except ValueError as error:
            raise BadPlan(str(error)) from error
        plans.set_quantity(product, day=day, quantity=quantity, revision=int(seen) if seen.isdigit() else None)
    except DomainError as refused:
        return _show(request, day, status=refused.status, refused=refused)
    if htmx.target(request) == "plan":
        return _show(request, day)
    return htmx.done(request, to=reverse("production:plan", args=[day]), changed=EVENTS)


@command("production.release_plan")
def release(request: HttpRequest, day: date) -> HttpResponse:
    found = plans.release(day)
    text = ngettext("%(count)s work order released.", "%(count)s work orders released.", len(found))
    messages.success(request, text % {"count": len(found)})
    if htmx.target(request) == "plan":
        return _show(request, day)
    return htmx.done(request, to=reverse("production:plan", args=[day]), changed=EVENTS)


class PlanAdd(ActionScreen):
    """A product that the plan does not show yet."""

    permission = "production.change_planline"
    title = gettext_lazy("Add to the plan")
    form_class = PlanAddForm
    submit_label = gettext_lazy("Add")
    changed = EVENTS

    def cancel_url(self) -> str:
        return reverse("production:plan", args=[self.kwargs["day"]])

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def perform(self, form: Any) -> PlanLine:
        product, day = form.cleaned_data["product"], self.kwargs["day"]
        before = PlanLine.objects.filter(product=product, day=day).values_list("quantity", flat=True).first() or 0
        return plans.set_quantity(product, day=day, quantity=before + form.cleaned_data["quantity"])

    def success(self, result: PlanLine) -> str:
        return _("%(product)s is on the plan.") % {"product": result.product}
