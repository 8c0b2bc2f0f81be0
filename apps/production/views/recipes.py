"""Recipes: the list, the page with live cost and scale, and the life of versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.production.filters import RecipeFilter
from apps.production.forms import RevisionForm
from apps.production.models import Recipe, WorkOrder
from apps.production.selectors import recipe_page
from apps.production.services import recipes
from apps.production.tables import RECIPE_TONES, RecipeTable
from backoffice.kernel import clock
from backoffice.kernel.numbers import parse_decimal
from backoffice.kernel.quantity import format_quantity, round_up
from backoffice.ui.permissions import may
from backoffice.ui.screens import (
    Action,
    ActionScreen,
    Badge,
    DeleteScreen,
    DetailScreen,
    Empty,
    HistoryScreen,
    ListScreen,
    SavedView,
)

PAGE = "production/recipe.html"
MOST = Decimal(10) ** 9


class RecipeList(ListScreen):
    model = Recipe
    permission = "production.view_recipe"
    title = gettext_lazy("Recipes")
    icon = "chef-hat"
    table_class = RecipeTable
    filter_class = RecipeFilter
    search_label = gettext_lazy("Search product")
    create = Action(gettext_lazy("New recipe"), "production:recipe_create", "production.add_recipe", icon="plus")
    saved_views = [
        SavedView("active", gettext_lazy("In use"), lambda rows: rows.filter(status=Recipe.Status.ACTIVE)),
        SavedView("draft", gettext_lazy("Drafts"), lambda rows: rows.filter(status=Recipe.Status.DRAFT)),
        SavedView("archived", gettext_lazy("Archived"), lambda rows: rows.filter(status=Recipe.Status.ARCHIVED)),
    ]
    empty = Empty(
        gettext_lazy("No recipes yet"),
        gettext_lazy("A recipe says what a product is made of and how: it gives cost, materials and work orders."),
    )

    def get_queryset(self) -> QuerySet[Recipe]:
        return recipe_page.listed()

    def list_context(self) -> dict[str, Any]:
        rows = list(self.table.shown or [])
        if may(self.request.user, "production.view_cost"):
            recipe_page.with_costs(rows)
        self.table.shown = rows
        return super().list_context()


class RecipeDetail(DetailScreen):
    model = Recipe
    permission = "production.view_recipe"
    list_url = "production:recipe_list"
    template_name = PAGE
    actions = [
        Action(gettext_lazy("Edit"), "production:recipe_edit", "production.change_recipe", icon="pencil", dialog=False,
               when=lambda recipe: not recipe.is_used),
        Action(
            gettext_lazy("New version"), "production:recipe_new_version", "production.add_recipe", icon="copy-plus",
            when=lambda recipe: recipe.status != Recipe.Status.DRAFT,
        ),
        Action(
            gettext_lazy("Put in use"), "production:recipe_activate", "production.activate_recipe", icon="check",
            primary=True, to="active",
        ),
        Action(gettext_lazy("History"), "production:recipe_history", icon="history", dialog=False),
        Action(
            gettext_lazy("Discard"), "production:recipe_discard", "production.change_recipe", icon="trash-2",
            danger=True, when=lambda recipe: recipe.status == Recipe.Status.DRAFT,
        ),
    ]  # fmt: skip

    def get_queryset(self) -> QuerySet[Recipe]:
        return Recipe.objects.select_related("product__unit", "product__category")

    @cached_property
    def versions(self) -> list[Recipe]:
        """The recipe and its other versions, the newest first: the page shows all of them, so they come together."""
        used = WorkOrder.objects.filter(recipe_id=OuterRef("pk"))
        family = self.get_queryset().filter(product__recipes=self.kwargs["pk"])
        return list(family.annotate(is_used=Exists(used)).order_by("-version"))

    @cached_property
    def object(self) -> Recipe:
        for recipe in self.versions:
            if recipe.pk == self.kwargs["pk"]:
                return recipe
        raise Http404

    def fragments(self) -> Mapping[str, str]:
        return {"scaled": f"{PAGE}#scaled"}

    def badge(self) -> Badge:
        return Badge(self.object.get_status_display().capitalize(), RECIPE_TONES.get(self.object.status, ""))

    def thumb(self) -> tuple[str, str]:
        return self.object.product.shown_icon, self.object.product.hue

    def meta(self) -> Sequence[Any]:
        recipe = self.object
        made = _("makes %(quantity)s") % {"quantity": format_quantity(recipe.output_quantity, recipe.product.unit.code)}
        since = recipe.activated_at and date_format(clock.local(recipe.activated_at), "SHORT_DATE_FORMAT")
        loss = _("loses %(percent)s %%") % {"percent": format_quantity(recipe.yield_loss_percent)}
        return [
            made,
            loss if recipe.yield_loss_percent else "",
            _("in use since %(day)s") % {"day": since} if since and recipe.status == Recipe.Status.ACTIVE else "",
            _("frozen: work orders were made from it") if recipe.is_used else "",  # type: ignore[attr-defined]
        ]

    def _asked(self, name: str) -> Decimal | None:
        """A positive number from the address, or nothing."""
        try:
            number = parse_decimal(self.request.GET.get(name, ""))
        except ValueError:
            return None
        return number if 0 < number <= MOST else None

    def get_context(self, **more: Any) -> dict[str, Any]:
        recipe = self.object
        units, flour = self._asked("units"), self._asked("flour")
        step = recipe.product.unit.step
        shown = recipe_page.view(
            recipe, started=round_up(units, step) if units else None, flour=None if units else flour
        )
        sees_cost = may(self.request.user, "production.view_cost")
        return super().get_context(
            view=shown,
            sees_cost=sees_cost,
            margins=recipe_page.margins(recipe.product, shown.cost.per_unit) if sees_cost else [],
            versions=self.versions[:20],
            **more,
        )


class RecipeHistory(HistoryScreen):
    model = Recipe
    permission = "production.view_recipe"
    list_url = "production:recipe_list"
    detail_class = RecipeDetail
    related = ("lines", "steps")

    @cached_property
    def object(self) -> Recipe:
        recipe: Recipe = super().object
        recipe.is_used = recipe.work_orders.exists()  # type: ignore[attr-defined]
        return recipe


class RecipeAction(ActionScreen):
    model = Recipe
    permission = "production.change_recipe"
    list_url = "production:recipe_list"
    form_class = RevisionForm
    leave = True

    def get_queryset(self) -> QuerySet[Recipe]:
        return Recipe.objects.select_related("product__unit")

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}


class RecipeActivate(RecipeAction):
    permission = "production.activate_recipe"
    submit_label = gettext_lazy("Put in use")

    def get_title(self) -> str:
        return _("Put %(recipe)s in use?") % {"recipe": self.object}

    def intro(self) -> str:
        before = Recipe.objects.in_use().filter(product_id=self.object.product_id).first()
        if before is None:
            return _("New work orders are made from it.")
        return _("New work orders are made from it. %(before)s is archived; orders that exist keep it.") % {
            "before": before
        }

    def perform(self, form: Any) -> Recipe:
        return recipes.activate(self.object, revision=form.cleaned_data["revision"])

    def success(self, result: Recipe) -> str:
        return _("%(recipe)s is in use.") % {"recipe": result}


class RecipeNewVersion(RecipeAction):
    permission = "production.add_recipe"
    submit_label = gettext_lazy("Make a draft")

    def get_title(self) -> str:
        return _("New version of %(product)s") % {"product": self.object.product}

    def intro(self) -> str:
        return _(
            "A draft that begins as a copy of v%(version)s. Nothing changes for work orders until it is put in use."
        ) % {"version": self.object.version}

    def perform(self, form: Any) -> Recipe:
        return recipes.new_version(self.object)

    def success(self, result: Recipe) -> str:
        return _("%(recipe)s is ready to be changed.") % {"recipe": result}

    def success_url(self, result: Recipe) -> str:
        return reverse("production:recipe_edit", args=[result.pk])


class RecipeDiscard(DeleteScreen):
    model = Recipe
    permission = "production.change_recipe"
    list_url = "production:recipe_list"
    submit_label = gettext_lazy("Discard")

    def perform(self, form: Any) -> None:
        recipes.discard(self.object)
