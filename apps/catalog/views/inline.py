"""Values edited where they stand, when somebody else was faster."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.catalog.forms import ProductActiveForm, ProductNameForm
from apps.catalog.models import Product
from apps.catalog.services import products
from apps.catalog.tables import ProductTable
from backoffice.kernel.errors import StaleRevision
from backoffice.ui import htmx
from backoffice.ui.screens import InlineScreen

from .products import listed


class CellScreen(InlineScreen):
    """One value in a cell. A stale save shows what is there now beside what was typed; saving again is meant so."""

    def stale(self, form: Any, error: StaleRevision) -> HttpResponse:
        """The form again, with theirs in the sentence and the new revision in its hidden fields."""
        self.__dict__.pop("object", None)
        fresh = self.get_form()
        data = self.request.POST.copy()
        for bound in fresh.hidden_fields():
            data[bound.html_name] = str(bound.value() if bound.value() is not None else "")
        again: Any = self.get_form(data)
        shown = next(iter(again.visible_fields()))
        theirs = fresh[shown.name].value()
        labels = dict(getattr(fresh.fields[shown.name], "choices", ()))
        again.add_error(shown.name, _("Somebody changed it meanwhile; now it is: %s") % labels.get(theirs, theirs))
        return self.show(again, status=409)


class _ProductCell(CellScreen):
    """A value of a product, edited in the product list."""

    model = Product
    permission = "catalog.change_product"
    list_url = "catalog:product_list"
    table_class = ProductTable

    def get_queryset(self) -> QuerySet[Product]:
        return listed()


class ProductName(_ProductCell):
    """The name."""

    form_class = ProductNameForm
    column = "name"

    def perform(self, form: Any) -> Product:
        return products.set_name(self.object, form.cleaned_data["name"], revision=form.cleaned_data["revision"])


class ProductActive(_ProductCell):
    """Whether it is in use."""

    form_class = ProductActiveForm
    column = "is_active"

    def perform(self, form: Any) -> Product:
        change = products.restore if form.cleaned_data["is_active"] else products.retire
        return change(self.object, revision=form.cleaned_data["revision"])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """In its cell it changes what tabs and facets count; the rows stay, and so does whoever is typing in them."""
        answer = super().post(request, *args, **kwargs)
        in_place = answer.status_code == 200 and htmx.target(request) == self.fragment
        return htmx.tell(answer, f"{self.event}-counts") if in_place else answer

    def success(self, result: Product) -> str:
        said = _("%s is back in use.") if result.is_active else _("%s is retired.")
        return said % result
