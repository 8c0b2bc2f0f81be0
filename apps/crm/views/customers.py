"""Customers: the list, the forms, the page and its time line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.crm.filters import CustomerFilter, not_seen_lately, points_expiring
from apps.crm.forms import CustomerForm, NewCustomerForm, TagForm
from apps.crm.models import Customer, PointLot
from apps.crm.selectors import customers as figures
from apps.crm.selectors import loyalty as points
from apps.crm.selectors import timeline
from apps.crm.services import customers, interactions
from apps.crm.tables import CustomerTable
from backoffice.kernel import clock
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may, requires
from backoffice.ui.screens import (
    Action,
    Badge,
    BulkAction,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Empty,
    HistoryScreen,
    ListScreen,
    SavedView,
)

LINE = "crm/timeline.html"
KINDS = ("", "notes", "purchases", "points")


class CustomerList(ListScreen):
    model = Customer
    permission = "crm.view_customer"
    title = gettext_lazy("Customers")
    table_class = CustomerTable
    filter_class = CustomerFilter
    search_label = gettext_lazy("Name, CPF, CNPJ, telephone…")
    export_permission = "crm.export_customer"
    create = Action(gettext_lazy("New customer"), "crm:customer_create", "crm.add_customer", icon="plus")
    # The last two would be counted customer by customer, on every opening of the list.
    saved_views = [
        SavedView("active", gettext_lazy("Active"), lambda found: found.active()),
        SavedView("companies", gettext_lazy("Companies"), lambda found: found.filter(kind=Customer.Kind.COMPANY)),
        SavedView("lost", gettext_lazy("Not seen for 60 days"), not_seen_lately, count=False),
        SavedView("expiring", gettext_lazy("Points expire soon"), points_expiring, count=False),
    ]
    bulk_actions = [
        BulkAction(
            "tag", gettext_lazy("Tag"), "crm.change_customer", customers.add_tag, form_class=TagForm, icon="tag"
        ),
        BulkAction(
            "deactivate", gettext_lazy("Deactivate"), "crm.change_customer", customers.deactivate, icon="user-x"
        ),
    ]
    empty = Empty(
        gettext_lazy("No customers yet"),
        gettext_lazy("Write down who buys: with a name and a telephone they can collect points."),
    )

    def get_queryset(self) -> QuerySet[Customer]:
        return figures.with_figures(Customer.objects.all())


class CustomerCreate(CreateScreen):
    model = Customer
    permission = "crm.add_customer"
    form_class = NewCustomerForm
    list_url = "crm:customer_list"

    def perform(self, form: NewCustomerForm) -> Customer:
        customer = customers.create(**form.columns())
        if address := form.address():
            customers.add_address(customer, **address)
        return customer

    def success(self, result: Customer) -> str:
        return _("%(customer)s is now a customer.") % {"customer": result}


class CustomerEdit(EditScreen):
    model = Customer
    permission = "crm.change_customer"
    form_class = CustomerForm
    list_url = "crm:customer_list"

    def get_form(self, data: Any = None, files: Any = None) -> CustomerForm:
        form = CustomerForm(data, files, initial=self.initial(), instance=self.object)
        if not may(self.request.user, "crm.view_document"):
            form.hide_document()
        return form

    def perform(self, form: CustomerForm) -> Customer:
        return customers.update(self.object, revision=form.cleaned_data["revision"], **form.columns())


class CustomerPage(DetailScreen):
    """Who this is, what they bought, what they said, what points they hold."""

    model = Customer
    permission = "crm.view_customer"
    template_name = "crm/customer.html"
    list_url = "crm:customer_list"
    panels = "crm.customer"
    actions = [
        Action(gettext_lazy("Edit"), "crm:customer_edit", "crm.change_customer", icon="pencil"),
        Action(gettext_lazy("History"), "crm:customer_history", "crm.view_customer", icon="history", dialog=False),
    ]

    def get_queryset(self) -> QuerySet[Customer]:
        return Customer.objects.select_related("price_list")

    @cached_property
    def lots(self) -> list[PointLot]:
        return points.lots_of(self.object)

    @cached_property
    def summary(self) -> figures.Summary:
        return figures.summary(self.object, lots=self.lots)

    def fragments(self) -> Mapping[str, str]:
        return {name: f"crm/customer.html#{name}" for name in ("crm-figures", "crm-addresses")}

    def meta(self) -> list[str]:
        first, written = self.summary.first_at, self.object.created_at  # who bought before the card was written
        since = date_format(clock.local(min(first or written, written)), "SHORT_DATE_FORMAT")
        return [self.object.code, self.object.get_kind_display(), _("customer since %(day)s") % {"day": since}]

    def badge(self) -> Badge | None:
        return None if self.object.is_active else Badge(_("inactive"), "warn")

    def get_context(self, **more: Any) -> dict[str, Any]:
        customer = self.object
        return super().get_context(
            customer=customer,
            summary=self.summary,
            statement=points.statement(customer, limit=points.SHOWN, lots=self.lots),
            addresses=list(customer.addresses.order_by("-is_default", "pk")),
            may_see_document=may(self.request.user, "crm.view_document"),
            **(line_context(self.request, customer) if "show" in self.request.GET else {}),  # else it fetches itself
            **more,
        )


class CustomerHistory(HistoryScreen):
    model = Customer
    permission = "crm.view_customer"
    title = gettext_lazy("History")
    list_url = "crm:customer_list"
    detail_class = CustomerPage
    related = ("addresses",)
    hidden = (*HistoryScreen.hidden, "document")


def line_context(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """What the time line needs, for the page and for its fragment."""
    kind = request.GET.get("show", "")
    kind = kind if kind in KINDS else ""
    pages = {"": _("Timeline"), "purchases": _("Purchases"), "points": _("Points"), "notes": _("Notes")}
    try:
        limit = min(max(int(request.GET.get("lines", timeline.SHOWN)), 1), 300)
    except ValueError:
        limit = timeline.SHOWN
    return {
        "line": timeline.of(customer, kind=kind, limit=limit),
        "line_kind": kind,
        "line_kinds": pages.items(),
        "line_next": limit + timeline.SHOWN,
        "may_note": may(request.user, "crm.add_interaction"),
    }


@requires("crm.view_customer")
def customer_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """The time line by itself: all of it, or one kind of entry."""
    customer = get_object_or_404(Customer, pk=pk)
    context = {"customer": customer, "object": customer, **line_context(request, customer)}
    return htmx.render(request, LINE, context, fragments={"crm-timeline": f"{LINE}#crm-timeline"})


@command("crm.add_interaction")
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a line about a customer that everybody in the shop sees."""
    customer = get_object_or_404(Customer, pk=pk)
    interactions.note(customer, summary=request.POST.get("summary", ""))
    messages.success(request, _("Noted."))
    return htmx.done(request, to=f"{customer.get_absolute_url()}?show=", changed="crm-interaction")
