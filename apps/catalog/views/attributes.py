"""Attributes, and which of them a category asks for."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.forms import AttributeForm, SchemaAddForm, SchemaForm
from apps.catalog.models import Attribute, Category, CategoryAttribute
from apps.catalog.selectors.schemas import Schemas
from apps.catalog.services import attributes, schema
from apps.catalog.tables import AttributeTable
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may, requires
from backoffice.ui.screens import (
    Action,
    ActionScreen,
    CreateScreen,
    DeleteScreen,
    EditScreen,
    Empty,
    HistoryScreen,
    ListScreen,
)

from .seen import SeenScreen

SCHEMA = "catalog/category_schema.html"
EVENT = "catalog-categoryattribute"


class AttributeList(ListScreen):
    model = Attribute
    permission = "catalog.view_attribute"
    title = gettext_lazy("Attributes")
    icon = "list-checks"
    table_class = AttributeTable
    create = Action(gettext_lazy("New attribute"), "catalog:attribute_create", "catalog.add_attribute", icon="plus")
    empty = Empty(
        gettext_lazy("No attributes yet"),
        gettext_lazy("What can be said about your products: weight, flavour, origin. Categories ask for them."),
    )

    def get_queryset(self) -> QuerySet[Attribute]:
        return Attribute.objects.select_related("unit").annotate(held=Count("categories"))

    def lead(self) -> str:
        return _("Which of them its products have is said on each category's page.")


class AttributeCreate(CreateScreen):
    model = Attribute
    permission = "catalog.add_attribute"
    list_url = "catalog:attribute_list"
    form_class = AttributeForm

    def perform(self, form: Any) -> Attribute:
        return attributes.create(**form.said(), options=form.lines())

    def success_url(self, result: Attribute) -> str:
        return reverse("catalog:attribute_list")


class AttributeEdit(EditScreen):
    model = Attribute
    permission = "catalog.change_attribute"
    list_url = "catalog:attribute_list"
    form_class = AttributeForm

    def perform(self, form: Any) -> Attribute:
        return attributes.update(
            self.object, revision=form.cleaned_data["revision"], **form.said(),
            renamed=form.renamed(), added=form.lines(),
        )  # fmt: skip

    def success_url(self, result: Attribute) -> str:
        return reverse("catalog:attribute_list")

    def cancel_url(self) -> str:
        return reverse("catalog:attribute_list")


class AttributeDelete(DeleteScreen):
    model = Attribute
    permission = "catalog.delete_attribute"
    list_url = "catalog:attribute_list"
    leave = False

    def perform(self, form: Any) -> None:
        attributes.delete(self.object)

    def cancel_url(self) -> str:
        return reverse("catalog:attribute_list")


class AttributeHistory(HistoryScreen):
    model = Attribute
    permission = "catalog.view_attribute"
    list_url = "catalog:attribute_list"


@requires("catalog.view_category")
def category_schema(request: HttpRequest, pk: int) -> HttpResponse:
    """What products of one category have: what it asks for itself, and what it inherits."""
    category = get_object_or_404(Category.objects.select_related("parent__parent__parent__parent"), pk=pk)
    entries = Schemas().of(category.pk)
    names = dict(Category.objects.filter(pk__in={entry.category_id for entry in entries}).values_list("pk", "name"))
    own = [entry for entry in entries if entry.category_id == category.pk]
    context = {
        "title": _("Attributes of %(category)s") % {"category": category.name},
        "category": category,
        "own": own,
        "inherited": [(entry, names[entry.category_id]) for entry in entries if entry.category_id != category.pk],
        "may_change": may(request.user, "catalog.change_category"),
        "breadcrumbs": [(_("Categories"), reverse("catalog:category_list")), (category.name, "")],
    }
    return htmx.render(request, SCHEMA, context, fragments={"schema": f"{SCHEMA}#schema"})


class SchemaAdd(ActionScreen):
    permission = "catalog.change_category"
    form_class = SchemaAddForm
    submit_label = gettext_lazy("Add")
    changed = EVENT

    @cached_property
    def category(self) -> Category:
        return get_object_or_404(Category, pk=self.kwargs["category"])

    def get_title(self) -> str:
        return _("Attribute for %(category)s") % {"category": self.category.name}

    def intro(self) -> str:
        return _("Products here and in everything beneath can have it.")

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.category.name, self.cancel_url())]

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form: Any = super().get_form(data, files)
        return form.without(self.category.pk)

    def perform(self, form: Any) -> CategoryAttribute:
        return schema.add(self.category, **form.cleaned_data)

    def success(self, result: CategoryAttribute) -> str:
        return _("%(category)s has %(attribute)s now.") % {
            "category": self.category.name, "attribute": result.attribute.name,
        }  # fmt: skip

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cancel_url(self) -> str:
        return reverse("catalog:category_schema", args=[self.category.pk])


class _RowScreen(SeenScreen):
    """Something about one row of a category's schema."""

    model = CategoryAttribute
    permission = "catalog.change_category"
    changed = EVENT

    def get_queryset(self) -> QuerySet[CategoryAttribute]:
        return CategoryAttribute.objects.select_related("attribute", "category")

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.object.category.name, self.cancel_url())]

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cancel_url(self) -> str:
        return reverse("catalog:category_schema", args=[self.object.category_id])


class SchemaChange(_RowScreen):
    form_class = SchemaForm
    submit_label = gettext_lazy("Save")

    def get_title(self) -> str:
        return _("%(attribute)s in %(category)s") % {
            "attribute": self.object.attribute.name, "category": self.object.category.name,
        }  # fmt: skip

    def initial(self) -> dict[str, Any]:
        row = self.object
        return {"required": row.required, "is_variant_axis": row.is_variant_axis, "seen": row.seen}

    def perform(self, form: Any) -> CategoryAttribute:
        return schema.change(self.object, **form.cleaned_data)

    def success(self, result: Any) -> str:
        return _("Saved.")


class SchemaRemove(_RowScreen):
    submit_label = gettext_lazy("Remove")
    danger = True

    def get_title(self) -> str:
        return _("Take %(attribute)s from %(category)s?") % {
            "attribute": self.object.attribute.name, "category": self.object.category.name,
        }  # fmt: skip

    @cached_property
    def above(self) -> Category | None:
        """The nearest category above that has the attribute too, so that it stays."""
        way = Schemas().way_up(self.object.category_id)[1:]
        rows = CategoryAttribute.objects.filter(category__in=way, attribute=self.object.attribute_id)
        above = {row.category_id: row.category for row in rows.select_related("category")}
        return next((above[pk] for pk in way if pk in above), None)

    def intro(self) -> str:
        if self.above is not None:
            return _("It stays, as %(category)s asks for it.") % {"category": self.above.name}
        return _("Its values are hidden, not lost: added again, they are back.")

    def perform(self, form: Any) -> Category | None:
        above = self.above
        schema.remove(self.object)
        return above

    def success(self, result: Any) -> str:
        attribute = self.object.attribute.name
        if result is not None:
            return _("%(attribute)s is as %(category)s asks for it.") % {
                "attribute": attribute, "category": result.name,
            }  # fmt: skip
        return _("%(attribute)s is hidden now.") % {"attribute": attribute}


@command("catalog.change_category")
def schema_move(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """One place up or down."""
    if way not in ("up", "down"):
        raise Http404
    row = get_object_or_404(CategoryAttribute, pk=pk)
    schema.move(row, up=way == "up")
    return htmx.done(request, to=reverse("catalog:category_schema", args=[row.category_id]), changed=EVENT)
