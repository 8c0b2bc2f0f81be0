"""What a bundle is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.forms.bundles import PartForm, PartQuantityForm
from apps.catalog.models import BundleItem, Product
from apps.catalog.services import bundles
from backoffice.ui.forms import set_unit
from backoffice.ui.screens import DetailScreen

from .products import ProductDetail
from .seen import SeenScreen

PAGE = "catalog/product_parts.html"
EVENT = ("catalog-bundleitem", "catalog-product")


class ProductParts(ProductDetail):
    """The parts of a bundle, and the bundles that a product is part of."""

    tab = "parts"
    template_name = PAGE

    def fragments(self) -> Mapping[str, str]:
        return {"parts": f"{PAGE}#parts"}

    def get_context(self, **more: Any) -> dict[str, Any]:
        rows = BundleItem.objects.filter(bundle=self.object).order_by("position", "pk")
        # Not what the overview needs besides the head.
        return DetailScreen.get_context(
            self, parts=rows.select_related("component__unit", "component__category"), **more
        )


class _PartScreen(SeenScreen):
    permission = "catalog.change_product"
    changed = EVENT
    submit_label = gettext_lazy("Save")

    @property
    def bundle(self) -> Product:
        raise NotImplementedError

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.bundle.name, self.cancel_url())]

    def success(self, result: Any) -> str:
        return _("%s saved.") % self.bundle

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cancel_url(self) -> str:
        return reverse("catalog:product_parts", args=[self.bundle.pk])


class PartAdd(_PartScreen):
    form_class = PartForm
    title = gettext_lazy("Add a part")

    @cached_property
    def bundle(self) -> Product:
        return get_object_or_404(Product, pk=self.kwargs["product"])

    def perform(self, form: Any) -> BundleItem:
        return bundles.put(
            self.bundle, form.cleaned_data["component"], quantity=form.cleaned_data["quantity"], fresh=True
        )


class _OnePart(_PartScreen):
    model = BundleItem

    def get_queryset(self) -> QuerySet[BundleItem]:
        return BundleItem.objects.select_related("bundle", "component__unit")

    @property
    def bundle(self) -> Product:
        return self.object.bundle


class PartChange(_OnePart):
    form_class = PartQuantityForm

    def get_title(self) -> str:
        return self.object.component.name

    def initial(self) -> dict[str, Any]:
        return {"quantity": self.object.quantity, "seen": str(self.object.quantity)}

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form = super().get_form(data, files)
        set_unit(form, "quantity", self.object.component.unit.code)
        return form

    def perform(self, form: Any) -> BundleItem:
        return bundles.put(self.object.bundle, self.object.component, **form.cleaned_data)


class PartRemove(_OnePart):
    submit_label = gettext_lazy("Take out")
    danger = True

    def get_title(self) -> str:
        return _("Take %(part)s out?") % {"part": self.object.component.name}

    def perform(self, form: Any) -> None:
        bundles.take_out(self.object)
