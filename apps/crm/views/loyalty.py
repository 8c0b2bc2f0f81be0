"""The loyalty program and the points of a customer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.crm.forms import PointsForm, ProgramForm, SimulatorForm
from apps.crm.models import Customer, LoyaltyProgram
from apps.crm.selectors import loyalty as points
from apps.crm.services import loyalty
from apps.crm.views.addresses import crumbs
from backoffice.kernel import clock, money
from backoffice.ui import htmx
from backoffice.ui.permissions import may, requires
from backoffice.ui.screens import ActionScreen, CreateScreen, EditScreen, HistoryScreen

PAGE = "crm/program.html"
SOON = timedelta(days=30)


@requires("crm.view_loyaltyprogram")
def program(request: HttpRequest) -> HttpResponse:
    """The active program: its rules, what it owes its members, and a purchase to try it with."""
    found = LoyaltyProgram.objects.order_by("-is_active", "pk").first()
    simulator = SimulatorForm(request.GET if "amount" in request.GET else None, initial={"amount": Decimal(50)})
    amount = Decimal(50)
    if simulator.is_bound and simulator.is_valid():
        amount = simulator.cleaned_data["amount"]
    context: dict[str, Any] = {
        "breadcrumbs": [(_("Loyalty"), "")],
        "program": found,
        "others": LoyaltyProgram.objects.exclude(pk=found.pk).order_by("name") if found else (),
        "simulator": simulator,
        "amount": amount,
        "may_change": may(request.user, "crm.change_loyaltyprogram"),
        "may_add": may(request.user, "crm.add_loyaltyprogram"),
    }
    if found is not None:
        earned = found.points_for(amount)
        months = found.expiry_months
        context |= {
            "figures": points.program_figures(found, until=clock.today() + SOON),
            "earned": earned,
            "worth": money.round_money(earned * found.redeem_value),
            "expires_on": loyalty.add_months(clock.today(), months) if months else None,
        }
    return htmx.render(request, PAGE, context, fragments={"crm-simulator": f"{PAGE}#crm-simulator"})


class ProgramCreate(CreateScreen):
    model = LoyaltyProgram
    permission = "crm.add_loyaltyprogram"
    form_class = ProgramForm
    list_url = "crm:program"
    list_title = gettext_lazy("Loyalty")


class ProgramEdit(EditScreen):
    model = LoyaltyProgram
    permission = "crm.change_loyaltyprogram"
    form_class = ProgramForm
    list_url = "crm:program"
    list_title = gettext_lazy("Loyalty")


class ProgramHistory(HistoryScreen):
    model = LoyaltyProgram
    permission = "crm.view_loyaltyprogram"
    list_url = "crm:program"
    list_title = gettext_lazy("Loyalty")


class PointsAdjust(ActionScreen):
    """Correct the points of a customer, with a reason."""

    model = Customer
    permission = "crm.adjust_points"
    title = gettext_lazy("Correct points")
    form_class = PointsForm
    submit_label = gettext_lazy("Correct")
    changed = "crm-points"

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return crumbs(self.object)

    def intro(self) -> str:
        balance = loyalty.balance(self.object)
        return _("%(customer)s has %(points)s points.") % {"customer": self.object, "points": balance}

    def perform(self, form: PointsForm) -> Customer:
        typed = form.cleaned_data
        loyalty.adjust(self.object, points=typed["points"], reason=typed["reason"], key=f"adjust-{self.key}")
        return self.object

    def success(self, result: Customer) -> str:
        return _("%(customer)s now has %(points)s points.") % {"customer": result, "points": loyalty.balance(result)}


@requires("crm.view_customer")
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """The points of a customer, lot by lot."""
    customer = get_object_or_404(Customer, pk=pk)
    page = "crm/statement.html"
    context = {
        "customer": customer,
        "object": customer,
        "statement": points.statement(customer, limit=None if "all" in request.GET else points.SHOWN),
        "breadcrumbs": crumbs(customer),
    }
    return htmx.render(request, page, context, fragments={"crm-statement": f"{page}#crm-statement"})
