"""Where a customer can be found."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.crm.forms import AddressForm
from apps.crm.models import Address, Customer
from apps.crm.services import customers
from backoffice.ui import htmx
from backoffice.ui.permissions import command
from backoffice.ui.screens import CreateScreen, DeleteScreen, EditScreen


class AddressCreate(CreateScreen):
    model = Address
    permission = "crm.change_customer"
    title = gettext_lazy("New address")
    form_class = AddressForm

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(Customer, pk=self.kwargs["customer"])

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return crumbs(self.customer)

    def cancel_url(self) -> str:
        return self.customer.get_absolute_url()

    def perform(self, form: AddressForm) -> Address:
        return customers.add_address(self.customer, **form.columns())

    def success_url(self, result: Address) -> str:
        return result.customer.get_absolute_url()


class AddressEdit(EditScreen):
    model = Address
    permission = "crm.change_customer"
    form_class = AddressForm

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return crumbs(self.object.customer)

    def perform(self, form: AddressForm) -> Address:
        return customers.update_address(self.object, **form.columns())

    def success_url(self, result: Address) -> str:
        return result.customer.get_absolute_url()


class AddressRemove(DeleteScreen):
    model = Address
    permission = "crm.change_customer"

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return crumbs(self.object.customer)

    def perform(self, form: Any) -> Address:
        customers.remove_address(self.object)
        return self.object

    def success_url(self, result: Address) -> str:
        return self.object.customer.get_absolute_url()


@command("crm.change_customer")
def make_default(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an address be the one that is meant when none is named."""
    address = get_object_or_404(Address.objects.select_related("customer"), pk=pk)
    customers.make_default(address)
    messages.success(request, _("%(address)s is now the default address.") % {"address": address})
    return htmx.done(request, to=address.customer.get_absolute_url(), changed="crm-address")


def crumbs(customer: Customer) -> list[tuple[Any, str]]:
    return [(_("Customers"), reverse("crm:customer_list")), (str(customer), customer.get_absolute_url())]
