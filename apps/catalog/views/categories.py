"""Categories: the tree, and its forms."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.forms import CategoryForm
from apps.catalog.models import Category
from apps.catalog.selectors import categories as category_tree
from apps.catalog.services import categories
from backoffice.ui import htmx
from backoffice.ui.permissions import requires
from backoffice.ui.screens import CreateScreen, DeleteScreen, EditScreen, HistoryScreen

PAGE = "catalog/category_list.html"


@requires("catalog.view_category")
def tree(request: HttpRequest) -> HttpResponse:
    """The whole tree, in its order, with how many products each branch holds."""
    nodes = category_tree.tree(count_products=True)
    context = {
        "title": _("Categories"),
        "nodes": nodes,
        "breadcrumbs": [(_("Products"), reverse("catalog:product_list")), (_("Categories"), "")],
    }
    return htmx.render(request, PAGE, context, fragments={"table": f"{PAGE}#table"})


class CategoryCreate(CreateScreen):
    model = Category
    permission = "catalog.add_category"
    list_url = "catalog:category_list"
    list_title = gettext_lazy("Categories")
    form_class = CategoryForm

    def initial(self) -> dict[str, Any]:
        inside = self.request.GET.get("inside", "")
        parent = Category.objects.filter(pk=inside).first() if inside.isdigit() else None
        return {"parent": parent, "hue": parent.hue if parent else Category.Hue.BREAD, "position": None}

    def perform(self, form: Any) -> Category:
        return categories.create(**form.cleaned_data)

    def success_url(self, result: Category) -> str:
        return reverse("catalog:category_list")


class CategoryEdit(EditScreen):
    model = Category
    permission = "catalog.change_category"
    list_url = "catalog:category_list"
    list_title = gettext_lazy("Categories")
    form_class = CategoryForm

    def perform(self, form: Any) -> Category:
        changes = {name: form.cleaned_data[name] for name in form.changed_columns()}
        if changes.get("position", 0) is None:
            changes["position"] = 0
        return categories.update(self.object, revision=form.cleaned_data["revision"], **changes)

    def success_url(self, result: Category) -> str:
        return reverse("catalog:category_list")

    def cancel_url(self) -> str:
        return reverse("catalog:category_list")


class CategoryDelete(DeleteScreen):
    model = Category
    permission = "catalog.delete_category"
    list_url = "catalog:category_list"
    list_title = gettext_lazy("Categories")
    leave = False

    def perform(self, form: Any) -> None:
        categories.delete(self.object)

    def cancel_url(self) -> str:
        return reverse("catalog:category_list")


class CategoryHistory(HistoryScreen):
    model = Category
    permission = "catalog.view_category"
    list_url = "catalog:category_list"
    list_title = gettext_lazy("Categories")
