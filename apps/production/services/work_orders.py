"""The life of a work order: plan → release → start ⇄ pause → finish; cancel before work began, abort after.

What comes out is reported and finished in `completion`, whose verbs are also found here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.models import Location
from apps.inventory.services import expected, holds
from apps.production.errors import BadPlan, NoRecipe, RecipeIncomplete
from apps.production.models import Recipe, RecipeStep, WorkOrder, WorkOrderMaterial, WorkOrderStep
from apps.production.selectors import costing, explosion
from apps.production.services import places
from apps.production.services.completion import Output, Used, abort, finish, report, report_output
from apps.production.services.orders_lock import locked, materials_of, up_to_date
from backoffice.kernel import clock, idempotency, money, numbering, rows, state
from backoffice.kernel import quantity as quantities
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.locks import retry_conflict

__all__ = [
    "Output",
    "Used",
    "abort",
    "cancel",
    "change",
    "finish",
    "pause",
    "plan",
    "release",
    "report",
    "report_output",
    "resume",
    "start",
]

Status = WorkOrder.Status

MOST = Decimal(10) ** 12  # what a quantity can be
_IN_USE = Compiled(lambda product: Recipe.objects.in_use().filter(product_id=product))
_RECIPE = Compiled(lambda pk: Recipe.objects.select_for_update().filter(pk=pk))


@retry_conflict
@transaction.atomic
def plan(
    product: Product,
    *,
    quantity: Decimal,
    due_at: datetime,
    recipe: Recipe | None = None,
    source: Location | None = None,
    destination: Location | None = None,
    origin_kind: str = WorkOrder.Origin.MANUAL,
    notes: str = "",
    key: str | None = None,
) -> WorkOrder:
    """An order to start `quantity` of the product, so that it is there at `due_at`. The same key plans once.

    The recipe in use is copied: later versions do not change the order. Raises NoRecipe, BadPlan for a quantity that
    the unit cannot have, NoPlace.
    """
    fingerprint = [product.pk, quantity, due_at]
    if done := idempotency.find(scope="production.plan", key=key, fingerprint=fingerprint):
        return done
    if recipe is None:
        in_use = _IN_USE(product.pk)
        if not in_use:
            raise NoRecipe(product)
        recipe = in_use[0]
    elif recipe.product_id != product.pk:
        raise BadPlan(_("%(recipe)s does not make %(product)s.") % {"recipe": recipe, "product": product})
    recipe = _RECIPE(recipe.pk)[0]  # whoever edits the version waits, then finds it frozen
    if recipe.status == Recipe.Status.DRAFT:
        raise RecipeIncomplete(_("%(recipe)s is a draft. Put it in use first.") % {"recipe": recipe}, field="product")
    if recipe.is_phantom:
        raise BadPlan(_("%(product)s is made within other orders, never on its own.") % {"product": product})
    order = WorkOrder(
        number=f"WO-{numbering.next_value('work_order'):04d}",
        product=product,
        recipe=recipe,
        source=source or places.default_source(recipe),
        destination=destination or places.default_destination(product, recipe),
        quantity=quantity,
        due_at=due_at,
        day=clock.local(due_at).date(),
        origin_kind=origin_kind,
        notes=notes,
    )
    _copy_recipe(order)
    idempotency.remember(scope="production.plan", key=key, fingerprint=fingerprint, result=order)
    return order


def _copy_recipe(order: WorkOrder) -> None:
    """Save the order with what its quantity takes. An order that is there already gets new copies."""
    recipe, unit = order.recipe, order.product.unit
    if order.quantity <= 0:
        raise BadPlan(_("Plan more than nothing."))
    if quantities.round_down(order.quantity, unit.step) != order.quantity:
        raise BadPlan(
            _("%(product)s is made in steps of %(step)s.")
            % {"product": order.product, "step": quantities.format_quantity(unit.step, unit.code)}
        )
    book = explosion.load([recipe.product_id], using=recipe)
    bill = book.bills[recipe.product_id]
    costs = costing.load(book)
    needs = book.needs(bill, order.quantity)
    if any(need.planned >= MOST for need in needs):
        raise _too_much(order)
    materials = [
        WorkOrderMaterial(
            component_id=need.component_id,
            position=index,
            planned=need.planned,
            fixed=min(need.fixed, need.planned),
            planned_unit_cost=costs.unit_cost(need.component_id),
            note=need.note,
        )
        for index, need in enumerate(needs)
    ]
    steps = _steps(order, costs.hours.get(recipe.pk, []))
    order.planned_cost = money.round_money(
        sum((item.planned * item.planned_unit_cost for item in materials), Decimal(0))
    ) + operations_cost(steps)
    order.starts_at = steps[0].planned_start if steps else order.due_at
    if order.pk:
        order.materials.all().delete()
        order.steps.all().delete()
    else:
        order.save()
    for material in materials:
        material.work_order = order
    for step in steps:
        step.work_order = order
    rows.insert(materials)
    rows.insert(steps)
    expect(order, bill.loss)


def operations_cost(steps: Sequence[WorkOrderStep]) -> Decimal:
    """What the work costs at its standard time, in whole cents."""
    exact = sum((Fraction(step.work_minutes) / 60 * Fraction(step.hourly_cost) for step in steps), Fraction(0))
    return money.round_money(quantities.from_fraction(exact))


def _steps(order: WorkOrder, recipe_steps: Sequence[RecipeStep]) -> list[WorkOrderStep]:
    """Copies of the steps, planned backwards from when the order is due."""
    found: list[WorkOrderStep] = []
    end = order.due_at
    for position, step in reversed(list(enumerate(recipe_steps))):
        item = WorkOrderStep(
            position=position,
            name=step.name,
            work_center=step.work_center,
            instructions=step.instructions,
            checkpoint=step.checkpoint,
            work_minutes=costing.work_minutes(step, order.quantity, order.recipe.output_quantity),
            passive_minutes=step.passive_minutes,
            hourly_cost=step.work_center.hourly_cost,
            planned_end=end,
        )
        try:
            end -= timedelta(seconds=int(item.minutes * 60))
        except OverflowError as error:  # before the first day of all calendars
            raise _too_much(order) from error
        item.planned_start = end
        found.insert(0, item)
    return found


def _too_much(order: WorkOrder) -> BadPlan:
    quantity = quantities.format_quantity(order.quantity, order.product.unit.code)
    sentence = _("%(quantity)s of %(product)s cannot be ready by then. Plan less.")
    return BadPlan(sentence % {"quantity": quantity, "product": order.product})


def expect(order: WorkOrder, loss: Fraction) -> None:
    """Tell the stock room what is coming: the good part of what is planned."""
    good = explosion.down(Fraction(order.quantity) * (1 - loss), order.product.unit.step)
    expected.clear(order)
    if good > 0:
        expected.record(order, product=order.product, quantity=good, location=order.destination, due_at=order.due_at)


@retry_conflict
@transaction.atomic
def change(
    order: WorkOrder,
    *,
    revision: int | None,
    quantity: Decimal | None = None,
    due_at: datetime | None = None,
    source: Location | None = None,
    destination: Location | None = None,
    notes: str | None = None,
) -> WorkOrder:
    """Change an order that is planned; of a later one only the notes. What is not given stays.

    Raises BadPlan, StaleRevision.
    """
    found = locked(order)
    moves = {"quantity": quantity, "due_at": due_at, "source": source, "destination": destination}
    given = {name: value for name, value in moves.items() if value is not None and value != getattr(found, name)}
    if given and found.status != Status.PLANNED:
        raise BadPlan(
            _("%(order)s is %(status)s: only its notes can be changed. Cancel it and plan again.")
            % {"order": found, "status": found.get_status_display()}
        )
    for name, value in given.items():
        setattr(found, name, value)
    if notes is not None:
        found.notes = notes
    found.day = clock.local(found.due_at).date()
    if given:
        _copy_recipe(found)
    state.save_revised(found, revision=revision, fields=["notes", "day", "starts_at", "planned_cost", *(given or ())])
    return up_to_date(order, found)


@retry_conflict
@transaction.atomic
def release(order: WorkOrder, *, revision: int | None = None) -> WorkOrder:
    """Let the work begin, and hold its materials. What is short is waiting demand, served when it arrives.

    Raises NotAllowed, StaleRevision.
    """
    found = locked(order)
    found.released_at = clock.now()
    state.advance(found, Status.RELEASED, revision=revision, fields=["released_at"], locked=True)
    needed_on = clock.local(found.starts_at or found.due_at).date()
    lines = [
        holds.HoldLine(material.component, material.planned, needed_on=max(needed_on, clock.today()))
        for material in materials_of(found)
        if material.component.is_stocked
    ]
    if lines:
        holds.place(origin=found, lines=lines, locations=[found.source], partial=True)
    return up_to_date(order, found)


@retry_conflict
@transaction.atomic
def start(order: WorkOrder, *, revision: int | None = None) -> WorkOrder:
    """Work begins. Raises NotAllowed, StaleRevision."""
    found = locked(order)
    found.started_at = found.started_at or clock.now()
    state.advance(found, Status.IN_PROGRESS, revision=revision, fields=["started_at"], locked=True)
    return up_to_date(order, found)


@retry_conflict
@transaction.atomic
def pause(order: WorkOrder, *, revision: int | None = None) -> WorkOrder:
    """Work rests. Raises NotAllowed, StaleRevision."""
    found = locked(order)
    found.paused_at = clock.now()
    state.advance(found, Status.PAUSED, revision=revision, fields=["paused_at"], locked=True)
    return up_to_date(order, found)


@retry_conflict
@transaction.atomic
def resume(order: WorkOrder, *, revision: int | None = None) -> WorkOrder:
    """Work goes on. Raises NotAllowed when it did not rest, StaleRevision."""
    found = locked(order)
    if found.status == Status.RELEASED:
        return start(order, revision=revision)
    found.paused_at = None
    state.advance(found, Status.IN_PROGRESS, revision=revision, fields=["paused_at"], locked=True)
    return up_to_date(order, found)


@retry_conflict
@transaction.atomic
def cancel(order: WorkOrder, *, revision: int | None = None, reason: str = "") -> WorkOrder:
    """Give an order up before work began: its materials are free again, nothing is expected of it.

    Raises NotAllowed, StaleRevision.
    """
    found = locked(order)
    found.finished_at = clock.now()
    state.advance(found, Status.CANCELLED, revision=revision, fields=["finished_at"], locked=True)
    holds.release_for(found, reason=reason)
    expected.clear(found)
    return up_to_date(order, found)
