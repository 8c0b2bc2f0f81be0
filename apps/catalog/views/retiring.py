"""Taking a product out of use, and back."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.catalog.services import products
from backoffice.ui.screens import ActionScreen


class ProductRetire(ActionScreen):
    model = Product
    permission = "catalog.change_product"
    list_url = "catalog:product_list"
    submit_label = gettext_lazy("Retire")
    danger = True

    def get_title(self) -> str:
        return _("Retire %s?") % self.object

    def intro(self) -> str:
        return _("It disappears from tills, recipes and orders to come. Stock and history stay; it can be restored.")

    def perform(self, form: Any) -> Product:
        return products.retire(self.object)

    def success(self, result: Product) -> str:
        return _("%s is retired.") % result


class ProductRestore(ActionScreen):
    model = Product
    permission = "catalog.change_product"
    list_url = "catalog:product_list"
    submit_label = gettext_lazy("Restore")

    def get_title(self) -> str:
        return _("Restore %s?") % self.object

    def perform(self, form: Any) -> Product:
        return products.restore(self.object)

    def success(self, result: Product) -> str:
        return _("%s is back in use.") % result

    def cancel_url(self) -> str:
        return reverse("catalog:product_detail", args=[self.object.pk])
