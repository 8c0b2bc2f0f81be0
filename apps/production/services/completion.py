"""What comes out of a work order: materials leave, lots enter, in one transaction, and not a cent is lost.

Every report posts what it stands for at once, so a load is for sale while the next is in the oven. Materials are used
up to *planned × started so far − used so far*, never a ratio of a ratio. What the order has cost and not yet given to
a lot is work in progress: the next good lot takes all of it, so the cost of normal loss stays in the good units; what
is left when the order ends is its variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.models import Lot
from apps.inventory.services import expected, holds, stock, stock_locks
from apps.production.errors import BadPlan, NothingReported, QuantityDiffers, ReasonMissing
from apps.production.models import WorkOrder, WorkOrderMaterial, WorkOrderOutput, WorkOrderStep
from apps.production.selectors import explosion, trace
from apps.production.services.orders_lock import locked, materials_of, up_to_date
from backoffice.kernel import clock, idempotency, money, rows, state
from backoffice.kernel import quantity as quantities
from backoffice.kernel.audit import acting, current_actor
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.errors import NotAllowed
from backoffice.kernel.locks import retry_conflict

ZERO = Decimal(0)
Grade = WorkOrderOutput.Grade
Status = WorkOrder.Status
SECOND_COUNTS = Decimal("0.5")
"""A second-grade piece bears this share of what a good one costs."""
TOLERANCE = Fraction(10, 100)
"""Finishing further than this from what was planned needs a second look."""

_REPORTED = Compiled(
    lambda order: WorkOrderOutput.objects.filter(work_order_id=order).values_list("quantity", flat=True)
)
_WORK = Compiled(
    lambda order: WorkOrderStep.objects.filter(work_order_id=order).values_list("work_minutes", "hourly_cost")
)


@dataclass(frozen=True)
class Output:
    """So much of one grade. Waste needs a reason."""

    quantity: Decimal
    grade: str = Grade.FIRST
    reason: str = ""


@dataclass(frozen=True)
class Used:
    """What was really taken of a component in this completion, and of which lot when it was scanned."""

    component: Product
    quantity: Decimal
    lot: Lot | None = None


@retry_conflict
@transaction.atomic
def report(
    order: WorkOrder, *, outputs: Sequence[Output], key: str, used: Sequence[Used] = ()
) -> list[WorkOrderOutput]:
    """Book what came out so far, as often as needed. The same key books once.

    An order that was only released starts. Raises InsufficientStock naming what is short of the materials,
    ReasonMissing for waste without one, NothingReported, NotAllowed.
    """
    found = locked(order)
    fingerprint = [found.pk, *((item.quantity.normalize(), item.grade) for item in outputs)]
    if idempotency.find(scope="production.report", key=f"{found.pk}:{key}", fingerprint=fingerprint):
        up_to_date(order, found)
        return list(found.outputs.filter(key=key).order_by("pk"))
    _run(found, revision=None)
    _check(found, outputs)
    reported = _reported(found) + sum((item.quantity for item in outputs), ZERO)
    booked = _complete(found, outputs, started=_started_by(found, reported), key=key, used=used)
    _expect_rest(found, reported)
    found.save(update_fields=[*FIGURES, "updated_at"])
    idempotency.remember(scope="production.report", key=f"{found.pk}:{key}", fingerprint=fingerprint, result=found)
    up_to_date(order, found)
    return booked


def report_output(
    order: WorkOrder,
    *,
    quantity: Decimal,
    grade: str = Grade.FIRST,
    reason: str = "",
    key: str,
    used: Sequence[Used] = (),
) -> WorkOrderOutput:
    """Book a quantity of one grade. See `report`."""
    return report(order, outputs=[Output(quantity, grade, reason)], key=key, used=used)[0]


@retry_conflict
@transaction.atomic
def finish(
    order: WorkOrder,
    *,
    revision: int | None = None,
    key: str,
    outputs: Sequence[Output] = (),
    used: Sequence[Used] = (),
    confirmed: bool = False,
) -> WorkOrder:
    """End the order: book the last outputs, use up the materials, free what was held. Twice with one key is once.

    When nothing was ever reported, everything came out as planned. When all reports together are far from the plan,
    QuantityDiffers asks to confirm; confirmed, what was not reported was not started and takes no materials. Raises
    InsufficientStock with the shortage and the way out, NotAllowed, StaleRevision, ReasonMissing.
    """
    found = locked(order)
    fingerprint = [found.pk]
    if idempotency.find(scope="production.finish", key=f"{found.pk}:{key}", fingerprint=fingerprint):
        return up_to_date(order, found)
    _run(found, revision=revision)
    before = _reported(found)
    if not outputs and not before:
        outputs = [Output(_good(found))]
    if outputs:
        _check(found, outputs)
    reported = before + sum((item.quantity for item in outputs), ZERO)
    if not confirmed and _far(found, reported):
        raise QuantityDiffers(reported=reported, planned=found.quantity, unit=found.product.unit.code)
    started = max(reported, found.quantity) if not _short(found, reported) else _started_by(found, reported)
    _complete(found, outputs, started=started, key=key, used=used)
    found.finished_at = clock.now()
    state.advance(found, Status.DONE, fields=[*FIGURES, "finished_at"], locked=True)
    found.steps.filter(started_at__isnull=False, finished_at__isnull=True).update(finished_at=found.finished_at)
    holds.release_for(found)
    expected.clear(found)
    idempotency.remember(scope="production.finish", key=f"{found.pk}:{key}", fingerprint=fingerprint, result=found)
    return up_to_date(order, found)


@retry_conflict
@transaction.atomic
def abort(
    order: WorkOrder, *, revision: int | None = None, reason: str, used: Sequence[Used] = (), used_all: bool = False
) -> WorkOrder:
    """Give up work that had begun. What was used and thrown away is posted, and stays as variance.

    `used_all` is everything that was planned; `used` names it; neither is nothing beyond what reports took.
    Raises ReasonMissing, InsufficientStock, NotAllowed, StaleRevision.
    """
    if not reason.strip():
        raise ReasonMissing
    found = locked(order)
    state.check_revision(found, revision)
    if Status.ABORTED not in state.allowed(found):
        raise NotAllowed(found, current=found.get_status_display(), wanted=str(Status.ABORTED.label))
    if used_all or used:
        started = found.quantity if used_all else ZERO
        _use_up(found, started=started, used=used, only=None if used_all else {item.component.pk for item in used})
    found.finished_at = clock.now()
    with acting(reason=reason.strip()):
        state.advance(found, Status.ABORTED, fields=[*FIGURES, "finished_at"], locked=True)
    holds.release_for(found, reason=reason.strip())
    expected.clear(found)
    return up_to_date(order, found)


FIGURES = ("material_cost", "operation_cost", "output_value", "variance")


def _run(order: WorkOrder, *, revision: int | None) -> None:
    """See that work is under way: an order that was only released starts, one that rests goes on."""
    state.check_revision(order, revision)
    if order.status in (Status.RELEASED, Status.PAUSED):
        order.started_at = order.started_at or clock.now()
        order.paused_at = None
        state.advance(order, Status.IN_PROGRESS, fields=["started_at", "paused_at"], locked=True)
    elif order.status != Status.IN_PROGRESS:
        raise NotAllowed(order, current=order.get_status_display(), wanted=str(Status.DONE.label))


def _loss(order: WorkOrder) -> Fraction:
    return Fraction(order.recipe.yield_loss_percent) / 100


def _good(order: WorkOrder) -> Decimal:
    """What comes out when all goes as the recipe says."""
    return explosion.down(Fraction(order.quantity) * (1 - _loss(order)), order.product.unit.step)


def _reported(order: WorkOrder) -> Decimal:
    return sum(_REPORTED(order.pk), ZERO)


def _short(order: WorkOrder, reported: Decimal) -> bool:
    """Less came out than normal loss and tolerance explain."""
    return Fraction(reported) < Fraction(order.quantity) * (1 - _loss(order)) * (1 - TOLERANCE)


def _far(order: WorkOrder, reported: Decimal) -> bool:
    return _short(order, reported) or Fraction(reported) > Fraction(order.quantity) * (1 + TOLERANCE)


def _started_by(order: WorkOrder, reported: Decimal) -> Fraction:
    """How much must have been started for this to come out: normal loss added, at most what was planned."""
    gross = Fraction(reported) / (1 - _loss(order))
    return max(Fraction(reported), min(gross, Fraction(order.quantity)))


def _check(order: WorkOrder, outputs: Sequence[Output]) -> None:
    if not outputs:
        raise NothingReported
    unit = order.product.unit
    for item in outputs:
        if item.quantity <= 0 or quantities.round_down(item.quantity, unit.step) != item.quantity:
            raise BadPlan(
                _("%(product)s is counted in steps of %(step)s.")
                % {"product": order.product, "step": quantities.format_quantity(unit.step, unit.code)}
            )
        if item.grade == Grade.WASTE and not item.reason.strip():
            raise ReasonMissing
    if len({item.grade for item in outputs}) != len(outputs):
        raise BadPlan(_("Report each grade once."))


def _complete(
    order: WorkOrder, outputs: Sequence[Output], *, started: Fraction | Decimal, key: str, used: Sequence[Used]
) -> list[WorkOrderOutput]:
    """Use materials up to what was started, and bring the outputs in with what they cost. Sets the order's figures."""
    before = order.material_cost + order.operation_cost
    _use_up(order, started=started, used=used)
    _add_work(order, Fraction(started))
    good = [item for item in outputs if item.grade != Grade.WASTE]
    values = _share(order, outputs, spent=order.material_cost + order.operation_cost - before)
    today = clock.today()
    parents = trace.lots_used(order) if good else []
    reported = []
    actor = current_actor().user
    for item in outputs:
        lot, value = None, values.get(item.grade, ZERO)
        if item.grade != Grade.WASTE:
            lot = stock.produce(
                origin=order,
                product=order.product,
                quantity=item.quantity,
                location=order.destination,
                total_cost=value,
                produced_on=today,
                expires_on=_expiry(order, today),
                grade=item.grade,
                parents=parents,
            )
        reported.append(
            WorkOrderOutput(
                work_order=order,
                product=order.product,
                lot=lot,
                quantity=item.quantity,
                grade=item.grade,
                reason=item.reason.strip(),
                reported_at=clock.now(),
                reported_by=actor if actor is not None and actor.pk else None,
                key=key,
                unit_cost=lot.unit_cost if lot else ZERO,
                value=value,
            )
        )
    rows.insert(reported)
    order.output_value += sum(values.values(), ZERO)
    _balance(order)
    return reported


def _balance(order: WorkOrder) -> None:
    order.variance = order.material_cost + order.operation_cost - order.output_value


def _expiry(order: WorkOrder, produced_on: date) -> date | None:
    days = order.recipe.shelf_life_days
    days = order.product.shelf_life_days if days is None else days
    return None if days is None else produced_on + timedelta(days=days)


def _share(order: WorkOrder, outputs: Sequence[Output], *, spent: Decimal) -> dict[str, Decimal]:
    """What each grade of this completion is worth, in whole cents.

    With good units among them everything in progress is theirs, second grade counting a part. Without, second grade
    takes its part of what this completion spent, and the rest waits for good units.
    """
    in_progress = order.material_cost + order.operation_cost - order.output_value
    amount = {item.grade: item.quantity for item in outputs}
    if Grade.FIRST in amount:
        weights = {Grade.FIRST: amount[Grade.FIRST], Grade.SECOND: amount.get(Grade.SECOND, ZERO) * SECOND_COUNTS}
        shares = money.split(in_progress, list(weights.values()))
        return {str(grade): share for grade, share in zip(weights, shares, strict=True) if grade in amount}
    if Grade.SECOND in amount:
        part = Fraction(spent) * Fraction(amount[Grade.SECOND]) / Fraction(sum(amount.values(), ZERO))
        part *= Fraction(SECOND_COUNTS)
        return {str(Grade.SECOND): min(money.round_money(quantities.from_fraction(part)), in_progress)}
    return {}


def _add_work(order: WorkOrder, started: Fraction) -> None:
    """Work at its standard time, as far as it was done."""
    exact = sum(
        (Fraction(minutes) / 60 * Fraction(hour) for minutes, hour in _WORK(order.pk)),
        Fraction(0),
    )
    so_far = money.round_money(quantities.from_fraction(exact * started / Fraction(order.quantity)))
    order.operation_cost = max(order.operation_cost, so_far)


def _target(material: WorkOrderMaterial, order: WorkOrder, started: Fraction) -> Decimal:
    """What should have been taken by now: the fixed part, and the rest in proportion."""
    growing = Fraction(material.planned - material.fixed) * started / Fraction(order.quantity)
    step = Fraction(material.component.unit.step)
    units = growing / step
    return material.fixed + -(-units.numerator // units.denominator) * material.component.unit.step


def _use_up(
    order: WorkOrder,
    *,
    started: Fraction | Decimal,
    used: Sequence[Used],
    only: set[int] | None = None,
) -> None:
    """Take the materials out of stock, in one operation. What was said to be used goes before the plan."""
    materials = materials_of(order)
    said: dict[int, list[Used]] = {}
    for item in used:
        said.setdefault(item.component.pk, []).append(item)
    if strangers := set(said) - {material.component_id for material in materials}:
        raise BadPlan(_("%(count)s of the materials are not on the order.") % {"count": len(strangers)}, field="used")
    lines, taken_of = [], dict.fromkeys((material.component_id for material in materials), ZERO)
    for material in materials:
        component = material.component
        if only is not None and component.pk not in only:
            continue
        if component.pk in said:
            parts = [(item.quantity, item.lot) for item in said[component.pk] if item.quantity > 0]
        else:
            parts = [(_target(material, order, Fraction(started)) - material.consumed, None)]
        for amount, lot in parts:
            if amount <= 0:
                continue
            taken_of[component.pk] += quantities.round_half_up(amount, component.unit.step)
            if component.is_stocked:
                lines.append(stock.ConsumeLine(component, amount, order.source, lot))
    if lines:
        # All products of the posting in one go and one order: the materials, and what is made of them.
        stock_locks.lock_products([*(line.product.pk for line in lines), order.product_id])
    taken = stock.consume(origin=order, lines=lines) if lines else []
    value_of: dict[int, Decimal] = {}
    for item_taken in taken:
        value_of[item_taken.product_id] = value_of.get(item_taken.product_id, ZERO) + item_taken.value
    for material in materials:
        if taken_of[material.component_id]:
            material.consumed += taken_of[material.component_id]
            material.value += value_of.get(material.component_id, ZERO)
            rows.save(material, ("consumed", "value"))
    order.material_cost += sum(value_of.values(), ZERO)
    _balance(order)


def _expect_rest(order: WorkOrder, reported: Decimal) -> None:
    """Tell the stock room what is still coming."""
    rest = explosion.down(
        (Fraction(order.quantity) - _started_by(order, reported)) * (1 - _loss(order)), order.product.unit.step
    )
    expected.clear(order)
    if rest > 0:
        expected.record(order, product=order.product, quantity=rest, location=order.destination, due_at=order.due_at)
