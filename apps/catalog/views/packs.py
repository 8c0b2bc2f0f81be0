"""The packs of a product."""

from __future__ import annotations

from typing import Any

from django.forms import BaseForm
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.forms import PackForm
from apps.catalog.models import Product, ProductUnit
from apps.catalog.services import packs
from backoffice.ui.forms import set_unit
from backoffice.ui.screens import CreateScreen, DeleteScreen

from .seen import SeenScreen


class PackCreate(CreateScreen):
    model = ProductUnit
    permission = "catalog.change_product"
    title = gettext_lazy("New pack")
    form_class = PackForm

    @cached_property
    def product(self) -> Product:
        return get_object_or_404(Product.objects.select_related("unit"), pk=self.kwargs["product"])

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(str(self.product), self.product.get_absolute_url())]

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form = super().get_form(data, files)
        set_unit(form, "quantity", self.product.unit.code)
        return form

    def perform(self, form: Any) -> ProductUnit:
        del form.cleaned_data["seen"]
        return packs.add(self.product, **form.cleaned_data)

    def cancel_url(self) -> str:
        return self.product.get_absolute_url()


class PackEdit(SeenScreen):
    model = ProductUnit
    permission = "catalog.change_product"
    form_class = PackForm
    submit_label = gettext_lazy("Save")

    def get_title(self) -> str:
        return _("Edit %s") % self.object

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(str(self.object.product), self.object.product.get_absolute_url())]

    def initial(self) -> dict[str, Any]:
        pack = self.object
        return {
            "name": pack.name,
            "quantity": pack.quantity,
            "barcode": pack.barcode,
            "is_approximate": pack.is_approximate,
            "seen": pack.seen,
        }

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form = super().get_form(data, files)
        set_unit(form, "quantity", self.object.product.unit.code)
        return form

    def perform(self, form: Any) -> ProductUnit:
        return packs.change(self.object, **form.cleaned_data)

    def success(self, result: ProductUnit) -> str:
        return _("%s saved.") % result

    def cancel_url(self) -> str:
        return self.object.product.get_absolute_url()


class PackDelete(DeleteScreen):
    model = ProductUnit
    permission = "catalog.change_product"
    leave = False

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(str(self.object.product), self.object.product.get_absolute_url())]

    def intro(self) -> str:
        return _("Stock stays as it is: it is kept in the product's own unit.")

    def perform(self, form: Any) -> None:
        packs.remove(self.object)

    def success_url(self, result: Any) -> str:
        return self.object.product.get_absolute_url()

    def cancel_url(self) -> str:
        return self.object.product.get_absolute_url()
