"""Writing recipes. A version that work orders were made from never changes: the next version does."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.catalog.models import Product, Unit
from apps.catalog.services.locks import lock_products
from apps.production.errors import RecipeFrozen, RecipeIncomplete
from apps.production.models import Recipe, RecipeLine, RecipeStep, WorkCenter
from apps.production.selectors import explosion
from backoffice.kernel import audit, clock, quantity, state
from backoffice.kernel.errors import Remedy
from backoffice.kernel.locks import lock

ZERO = Decimal(0)
HEAD = ("output_quantity", "yield_loss_percent", "is_phantom", "batch_multiple", "shelf_life_days", "notes")


@dataclass(frozen=True)
class StepSpec:
    """A step as it is to be. `pk` names the row that it changes."""

    name: str
    work_center: WorkCenter
    basis: str = RecipeStep.Basis.BATCH
    setup_minutes: Decimal = ZERO
    run_minutes: Decimal = ZERO
    cleanup_minutes: Decimal = ZERO
    passive_minutes: Decimal = ZERO
    instructions: str = ""
    checkpoint: str = ""
    pk: int | None = None


@dataclass(frozen=True)
class LineSpec:
    """A line as it is to be. Without a unit it is in the component's own; `step` counts the recipe's steps from 0."""

    component: Product
    quantity: Decimal
    unit: Unit | None = None
    attrition_percent: Decimal = ZERO
    is_setup: bool = False
    is_optional: bool = False
    note: str = ""
    step: int | None = None
    pk: int | None = None


@transaction.atomic
def create(
    product: Product,
    *,
    output_quantity: Decimal,
    lines: Sequence[LineSpec] = (),
    steps: Sequence[StepSpec] = (),
    **head: Any,
) -> Recipe:
    """The next version of the product's recipe, as a draft.

    Raises RecipeIncomplete when there is a draft already or a quantity makes no sense, RecipeCycle with the path when
    the product would contain itself, NoConversion for a unit that does not fit.
    """
    _known(head)
    product = lock_products([product.pk])[product.pk]
    versions = Recipe.objects.filter(product=product)
    if draft := versions.filter(status=Recipe.Status.DRAFT).first():
        raise RecipeIncomplete(
            _("%(product)s has a draft already.") % {"product": product},
            remedies=[Remedy(_("Open the draft"), url=draft.get_absolute_url())],
        )
    last = versions.order_by("-version").values_list("version", flat=True).first() or 0
    recipe = Recipe(product=product, version=last + 1, output_quantity=output_quantity, **head)
    _check_head(recipe)
    recipe.save()
    _write(recipe, lines, steps)
    return recipe


@transaction.atomic
def save(
    recipe: Recipe,
    *,
    revision: int | None,
    lines: Sequence[LineSpec] | None = None,
    steps: Sequence[StepSpec] | None = None,
    **head: Any,
) -> Recipe:
    """Change a version that nothing was made from yet. What is not given stays.

    Raises RecipeFrozen with the way out, StaleRevision, RecipeIncomplete, RecipeCycle, NoConversion.
    """
    _known(head)
    lock(recipe)
    refuse_frozen(recipe)
    for name, value in head.items():
        setattr(recipe, name, value)
    _check_head(recipe)
    state.save_revised(recipe, revision=revision, fields=[*HEAD])
    if lines is not None or steps is not None:
        _write(recipe, lines, steps)
    return recipe


@transaction.atomic
def activate(recipe: Recipe, *, revision: int | None = None) -> Recipe:
    """Put a version in use; the one before is archived. Work orders that exist keep the version they were made from.

    Raises RecipeIncomplete without lines, RecipeCycle with the path, NotAllowed, StaleRevision.
    """
    lock_products([recipe.product_id])
    if not recipe.lines.exists():
        raise RecipeIncomplete(_("A recipe needs at least one line."), field="lines")
    explosion.load([recipe.product_id], using=recipe).order()
    before = Recipe.objects.filter(product_id=recipe.product_id, status=Recipe.Status.ACTIVE).exclude(pk=recipe.pk)
    for old in before:
        state.advance(old, Recipe.Status.ARCHIVED)
    recipe.activated_at = clock.now()
    return state.advance(recipe, Recipe.Status.ACTIVE, revision=revision, fields=["activated_at"])


@transaction.atomic
def new_version(recipe: Recipe) -> Recipe:
    """A draft that begins as a copy. Raises RecipeIncomplete when the product has a draft already."""
    steps = list(recipe.steps.select_related("work_center").order_by("position"))
    place = {step.pk: index for index, step in enumerate(steps)}
    return create(
        recipe.product,
        lines=[
            LineSpec(
                component=line.component,
                quantity=line.quantity,
                unit=line.unit,
                attrition_percent=line.attrition_percent,
                is_setup=line.is_setup,
                is_optional=line.is_optional,
                note=line.note,
                step=place.get(line.step_id) if line.step_id else None,
            )
            for line in recipe.lines.select_related("component__unit", "unit").order_by("position", "pk")
        ],
        steps=[
            StepSpec(**{item.name: getattr(step, item.name) for item in fields(StepSpec) if item.name != "pk"})
            for step in steps
        ],
        **{name: getattr(recipe, name) for name in HEAD},
    )


@transaction.atomic
def discard(recipe: Recipe, *, revision: int | None = None) -> None:
    """Throw a draft away. Raises RecipeFrozen for anything that was ever in use."""
    found = lock(recipe)
    state.check_revision(found, revision)
    if found.status != Recipe.Status.DRAFT or found.work_orders.exists():
        raise RecipeFrozen(found)
    found.delete()


def refuse_frozen(recipe: Recipe) -> None:
    """Raise RecipeFrozen when a work order was made from the version."""
    if recipe.work_orders.exists():
        url = reverse("production:recipe_new_version", args=[recipe.pk])
        raise RecipeFrozen(recipe, remedies=[Remedy(_("Make a new version"), url=url)])


def _known(head: dict[str, Any]) -> None:
    if unknown := set(head) - set(HEAD):
        raise TypeError(f"Not a field of a recipe: {', '.join(sorted(unknown))}")


def _check_head(recipe: Recipe) -> None:
    if recipe.output_quantity <= 0:
        raise RecipeIncomplete(_("A recipe makes more than nothing."), field="output_quantity")
    if not 0 <= recipe.yield_loss_percent < 100:
        raise RecipeIncomplete(_("A loss is at least 0 % and below 100 %."), field="yield_loss_percent")
    if recipe.batch_multiple is not None and recipe.batch_multiple <= 0:
        raise RecipeIncomplete(_("A batch is more than nothing."), field="batch_multiple")
    if not recipe.product.is_single:
        raise RecipeIncomplete(_("%(product)s is not made itself.") % {"product": recipe.product})
    if not recipe.product.is_stocked and not recipe.is_phantom:
        recipe.is_phantom = True  # what is made on demand is never stocked, so it is made within the order


def _write(recipe: Recipe, lines: Sequence[LineSpec] | None, steps: Sequence[StepSpec] | None) -> None:
    kept = _write_steps(recipe, steps) if steps is not None else list(recipe.steps.order_by("position"))
    if lines is not None:
        _write_lines(recipe, lines, kept)
    explosion.load([recipe.product_id], using=recipe).order()


def _write_steps(recipe: Recipe, steps: Sequence[StepSpec]) -> list[RecipeStep]:
    there = {step.pk: step for step in recipe.steps.all()}
    wanted = {spec.pk for spec in steps if spec.pk}
    for pk, old in there.items():
        if pk not in wanted:
            old.delete()
    # Away from the positions that are about to be given, which are unique in the recipe.
    free = max([len(steps), *(step.position for step in there.values())], default=0) + 1
    found: list[RecipeStep] = []
    new: list[RecipeStep] = []
    for index, spec in enumerate(steps):
        step = there.get(spec.pk) if spec.pk else None
        values = {item.name: getattr(spec, item.name) for item in fields(StepSpec) if item.name != "pk"}
        if not spec.name.strip():
            raise RecipeIncomplete(_("Every step needs a name."), field="steps")
        if step is None:
            step = RecipeStep(recipe=recipe, position=index, **values)
            new.append(step)
        else:
            changed = {name for name, value in values.items() if getattr(step, name) != value}
            for name, value in values.items():
                setattr(step, name, value)
            if step.position != index:
                RecipeStep.objects.filter(pk=step.pk).update(position=free + index)
                step.position = index
                changed.add("position")
            step.wants_saving = bool(changed)  # type: ignore[attr-defined]
        found.append(step)
    for row in found:
        if row.pk and row.wants_saving:  # type: ignore[attr-defined]
            row.save()
    audit.bulk_create(new)
    return list(recipe.steps.order_by("position"))


def _write_lines(recipe: Recipe, lines: Sequence[LineSpec], steps: Sequence[RecipeStep]) -> None:
    there = {line.pk: line for line in recipe.lines.all()}
    wanted = {spec.pk for spec in lines if spec.pk}
    for pk, old in there.items():
        if pk not in wanted:
            old.delete()
    new: list[RecipeLine] = []
    for index, spec in enumerate(lines):
        unit = spec.unit or spec.component.unit
        if spec.quantity <= 0:
            raise RecipeIncomplete(
                _("%(component)s: the quantity must be above zero.") % {"component": spec.component}, field="lines"
            )
        if not spec.component.is_single:
            raise RecipeIncomplete(
                _("%(component)s has no stock of its own: name what is really used.") % {"component": spec.component},
                field="lines",
            )
        if spec.attrition_percent < 0:
            raise RecipeIncomplete(_("%(component)s: attrition is not below zero.") % {"component": spec.component})
        quantity.convert_exact(spec.quantity, unit, spec.component.unit)
        values = {
            "component": spec.component,
            "quantity": spec.quantity,
            "unit": unit,
            "attrition_percent": spec.attrition_percent,
            "is_setup": spec.is_setup,
            "is_optional": spec.is_optional,
            "note": spec.note,
            "step": steps[spec.step] if spec.step is not None and spec.step < len(steps) else None,
            "position": index,
        }
        line = there.get(spec.pk) if spec.pk else None
        if line is None:
            new.append(RecipeLine(recipe=recipe, **values))
            continue
        if any(getattr(line, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(line, name, value)
            line.save()
    audit.bulk_create(new)
