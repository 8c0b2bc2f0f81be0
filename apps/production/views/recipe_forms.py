"""Writing recipes: one form with head, lines and steps, that tells the cost while it is filled in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.production.models import Recipe, RecipeStep
from apps.production.recipe_forms import LineRows, NewRecipeForm, RecipeHeadForm, StepRows
from apps.production.selectors import recipe_page
from apps.production.selectors.costing import RecipeCost
from apps.production.services import recipes
from apps.production.services.recipes import HEAD, StepSpec
from backoffice.kernel.errors import DomainError
from backoffice.ui import forms as ui_forms
from backoffice.ui import htmx
from backoffice.ui.permissions import may, requires
from backoffice.ui.screens import CreateScreen

PAGE = "production/recipe_form.html"
SUGGESTIONS = 500


class RecipeCreate(CreateScreen):
    """Product and batch size; the lines come on the next page."""

    model = Recipe
    permission = "production.add_recipe"
    list_url = "production:recipe_list"
    form_class = NewRecipeForm
    submit_label = gettext_lazy("Go on to the lines")
    leave = True

    def initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("product", "")
        return {"product": int(asked)} if asked.isdigit() else {}

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        return NewRecipeForm(data, initial=self.initial())

    def perform(self, form: Any) -> Recipe:
        return recipes.create(form.cleaned_data["product"], output_quantity=form.cleaned_data["output_quantity"])

    def success(self, result: Recipe) -> str:
        return _("%(recipe)s: write down what goes in.") % {"recipe": result}

    def success_url(self, result: Recipe) -> str:
        return reverse("production:recipe_edit", args=[result.pk])


class Editing:
    """The three forms of one recipe, filled from it or from what was sent."""

    def __init__(self, request: HttpRequest, recipe: Recipe) -> None:
        self.recipe = recipe
        data = request.POST if request.method == "POST" else None
        names = [*HEAD, "revision"]
        self.head = RecipeHeadForm(data, initial={name: getattr(recipe, name) for name in names})
        ui_forms.set_unit(self.head, "output_quantity", recipe.product.unit.code)
        ui_forms.set_unit(self.head, "batch_multiple", recipe.product.unit.code)
        self.lines = LineRows(data, prefix="lines", initial=self._lines())
        self.steps = StepRows(data, prefix="steps", initial=self._steps())

    def _lines(self) -> list[dict[str, Any]]:
        names = ("pk", "component", "quantity", "unit", "attrition_percent", "is_setup", "note")
        rows = self.recipe.lines.select_related("component", "unit").order_by("position", "pk")
        return [{name: getattr(row, name) for name in names} for row in rows]

    def _steps(self) -> list[dict[str, Any]]:
        names = [
            "pk", "name", "work_center", "basis", "setup_minutes", "run_minutes", "cleanup_minutes", "passive_minutes",
            "instructions", "checkpoint",
        ]  # fmt: skip
        rows = self.recipe.steps.select_related("work_center").order_by("position")
        return [{name: getattr(row, name) for name in names} for row in rows]

    def is_valid(self) -> bool:
        return all([self.head.is_valid(), self.lines.is_valid(), self.steps.is_valid()])

    def save(self) -> Recipe:
        return recipes.save(
            self.recipe,
            revision=self.head.cleaned_data["revision"],
            lines=self.lines.specs(),
            steps=self.steps.specs(),
            **self.head.head(),
        )

    def cost(self) -> RecipeCost | None:
        """What it costs as it is written now; nothing while it cannot be read."""
        if not self.is_valid():
            return None
        head = self.head.head()
        if head["output_quantity"] <= 0 or not 0 <= head["yield_loss_percent"] < 100:
            return None
        lines = [
            (spec.component, spec.quantity, spec.unit or spec.component.unit, spec.attrition_percent, spec.is_setup)
            for spec in self.lines.specs()
        ]
        try:
            return recipe_page.preview(
                self.recipe.product,
                output=head["output_quantity"],
                loss=head["yield_loss_percent"],
                lines=lines,
                steps=[_as_step(spec) for spec in self.steps.specs()],
            )
        except DomainError:
            return None


def _as_step(spec: StepSpec) -> RecipeStep:
    return RecipeStep(
        work_center=spec.work_center,
        basis=spec.basis,
        setup_minutes=spec.setup_minutes,
        run_minutes=spec.run_minutes,
        cleanup_minutes=spec.cleanup_minutes,
    )


@requires("production.change_recipe", safe=False)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form; sent with `preview` it answers with the cost as it is written, and saves nothing."""
    recipe = get_object_or_404(Recipe.objects.select_related("product__unit", "product__category"), pk=pk)
    form = Editing(request, recipe)
    sees_cost = may(request.user, "production.view_cost")
    if request.method == "POST" and "preview" in request.POST:
        context = _context(form, cost=form.cost(), recipe=recipe, sees_cost=sees_cost)
        return htmx.render(request, PAGE, context, fragments={"live-cost": f"{PAGE}#live-cost"})
    status, error = 200, None
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                form.save()
            except DomainError as refused:
                status, error = refused.status, refused
            else:
                messages.success(
                    request, _("%(recipe)s saved.") % {"recipe": recipe}, extra_tags=recipe.get_absolute_url()
                )
                return htmx.done(request, to=recipe, changed="production-recipe", leave=True)
    elif recipe.work_orders.exists():
        error = _frozen(recipe)
    cost = form.cost() if request.method == "POST" else _saved_cost(recipe)
    return htmx.render(
        request,
        PAGE,
        _context(form, cost=cost, recipe=recipe, sees_cost=sees_cost, error=error),
        fragments={"recipe-form": f"{PAGE}#recipe-form"},
        status=status,
    )


def _frozen(recipe: Recipe) -> DomainError | None:
    try:
        recipes.refuse_frozen(recipe)
    except DomainError as frozen:
        return frozen
    return None


def _saved_cost(recipe: Recipe) -> RecipeCost:
    return recipe_page.view(recipe).cost


def _context(form: Editing, *, recipe: Recipe, **more: Any) -> dict[str, Any]:
    suggestions = Product.objects.active().single().order_by("name").values_list("sku", "name")[:SUGGESTIONS]
    return {
        "form": form,
        "object": recipe,
        "title": _("Edit %s") % recipe,
        "breadcrumbs": [
            (_("Recipes"), reverse("production:recipe_list")),
            (str(recipe), recipe.get_absolute_url()),
            (_("Edit"), ""),
        ],
        "suggestions": suggestions,
        "batch": form.head["output_quantity"].value() or Decimal(0),
        **more,
    }
