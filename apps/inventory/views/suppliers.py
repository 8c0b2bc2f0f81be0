"""Suppliers and what they sell."""

from typing import Any

from django.db.models import Count, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.models import Supplier, SupplierItem
from apps.inventory.purchase_forms import ItemForm, SupplierForm
from apps.inventory.purchase_tables import SupplierFilter, SupplierTable
from backoffice.company import current as current_company
from backoffice.kernel.money import format_money
from backoffice.ui.actions import Action
from backoffice.ui.screens import (
    Badge,
    CreateScreen,
    DeleteScreen,
    DetailScreen,
    EditScreen,
    Empty,
    HistoryScreen,
    ListScreen,
    SavedView,
)

CHANGED = ("inventory-supplier", "inventory-stock")  # the page of a supplier redraws itself for the second


class SupplierList(ListScreen):
    model = Supplier
    permission = "inventory.view_supplier"
    icon = "truck"
    table_class = SupplierTable
    filter_class = SupplierFilter
    search_label = gettext_lazy("Name, code, e-mail or document")
    create = Action(gettext_lazy("New supplier"), "inventory:supplier_create", "inventory.add_supplier", icon="plus")
    empty = Empty(
        gettext_lazy("No suppliers yet"), gettext_lazy("Who sells you flour? With prices, buying is one click.")
    )
    saved_views = [SavedView("active", gettext_lazy("Active"), lambda rows: rows.filter(is_active=True))]

    def get_queryset(self) -> QuerySet[Supplier]:
        return Supplier.objects.annotate(item_count=Count("items"))


class SupplierDetail(DetailScreen):
    """A supplier: their items with prices, and the last orders."""

    model = Supplier
    permission = "inventory.view_supplier"
    template_name = "inventory/supplier_detail.html"
    list_url = "inventory:supplier_list"
    icon = "truck"
    actions = [
        Action(gettext_lazy("Edit"), "inventory:supplier_edit", "inventory.change_supplier", icon="pencil"),
        Action(gettext_lazy("Add item"), "inventory:item_create", "inventory.change_supplier", icon="plus"),
        Action(
            gettext_lazy("History"),
            "inventory:supplier_history",
            "inventory.view_supplier",
            icon="history",
            dialog=False,
        ),
    ]

    def badge(self) -> Badge | None:
        return None if self.object.is_active else Badge(_("not active"))

    def meta(self) -> list[Any]:
        supplier = self.object
        found = [supplier.code, supplier.email, supplier.phone, supplier.document]
        found.append(_("%(days)s days to deliver") % {"days": supplier.lead_days})
        if supplier.minimum_order:
            money = format_money(supplier.minimum_order, current_company().currency)
            found.append(_("from %(money)s") % {"money": money})
        return found

    def get_context(self, **more: Any) -> dict[str, Any]:
        items = self.object.items.select_related("product__unit", "product__category", "pack")
        return super().get_context(
            items=items.order_by("product__name"),
            orders=self.object.orders.select_related("location").order_by("-pk")[:8],
            **more,
        )


class SupplierHistory(HistoryScreen):
    model = Supplier
    detail_class = SupplierDetail
    permission = "inventory.view_supplier"
    related = ("items",)


class SupplierCreate(CreateScreen):
    model = Supplier
    permission = "inventory.add_supplier"
    form_class = SupplierForm
    list_url = "inventory:supplier_list"


class SupplierEdit(EditScreen):
    model = Supplier
    permission = "inventory.change_supplier"
    form_class = SupplierForm
    list_url = "inventory:supplier_list"


class ItemCreate(CreateScreen):
    """A product that the supplier sells."""

    model = SupplierItem
    permission = "inventory.change_supplier"
    form_class = ItemForm
    title = gettext_lazy("Add item")
    changed = CHANGED

    @cached_property
    def supplier(self) -> Supplier:
        return get_object_or_404(Supplier, pk=self.kwargs["pk"])

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        return ItemForm(data, files, instance=SupplierItem(supplier=self.supplier))

    def intro(self) -> str:
        return self.supplier.name

    def cancel_url(self) -> str:
        return self.supplier.get_absolute_url()


class ItemEdit(EditScreen):
    model = SupplierItem
    permission = "inventory.change_supplier"
    form_class = ItemForm
    changed = CHANGED

    def get_queryset(self) -> QuerySet[SupplierItem]:
        return SupplierItem.objects.select_related("supplier", "product__unit", "pack")


class ItemDelete(DeleteScreen):
    model = SupplierItem
    permission = "inventory.change_supplier"
    changed = CHANGED
    leave = False

    def get_queryset(self) -> QuerySet[SupplierItem]:
        return SupplierItem.objects.select_related("supplier", "product")

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    @cached_property
    def home(self) -> str:
        return self.object.supplier.get_absolute_url()

    def cancel_url(self) -> str:
        return self.home
