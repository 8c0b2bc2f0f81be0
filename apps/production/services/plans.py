"""A day's plan: what is to be made, and turning it into work orders."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.production.errors import BadPlan, NoRecipe
from apps.production.models import PlanLine, Recipe, WorkOrder
from apps.production.selectors import explosion
from apps.production.services import work_orders
from backoffice.kernel import clock, state
from backoffice.kernel import quantity as quantities
from backoffice.kernel.locks import lock, retry_conflict

READY_HOUR = 6
"""When the day's goods should be there, unless somebody plans an order by hand."""


@retry_conflict
@transaction.atomic
def set_quantity(product: Product, *, day: date, quantity: Decimal, revision: int | None = None) -> PlanLine:
    """Plan so much of the product for the day, in all. Raises BadPlan below what work orders make already, NoRecipe."""
    if not Recipe.objects.in_use().filter(product=product, is_phantom=False).exists():
        raise NoRecipe(product)
    unit = product.unit
    if quantity < 0 or quantities.round_down(quantity, unit.step) != quantity:
        raise BadPlan(
            _("%(product)s is made in steps of %(step)s.")
            % {"product": product, "step": quantities.format_quantity(unit.step, unit.code)}
        )
    ordered = _ordered(day, [product.pk]).get(product.pk, Decimal(0))
    if quantity < ordered:
        raise BadPlan(
            _("%(product)s: %(ordered)s are in work orders already. Cancel one to plan less.")
            % {"product": product, "ordered": quantities.format_quantity(ordered, unit.code)}
        )
    line, created = PlanLine.objects.select_for_update().get_or_create(
        product=product, day=day, defaults={"quantity": quantity}
    )
    if not created and line.quantity != quantity:
        line.quantity = quantity
        state.save_revised(line, revision=revision, fields=["quantity"])
    return line


def _ordered(day: date, product_ids: Sequence[int] | None = None) -> dict[int, Decimal]:
    """What work orders of the day make already, by product."""
    rows = WorkOrder.objects.counting().filter(day=day)
    if product_ids is not None:
        rows = rows.filter(product_id__in=product_ids)
    return dict(rows.values("product_id").annotate(total=Sum("quantity")).values_list("product_id", "total"))


@retry_conflict
@transaction.atomic
def release(day: date) -> list[WorkOrder]:
    """Make work orders for what is planned and not ordered yet, and release these and the planned ones of the day.

    What others need comes first, so that the doughs' materials are held before the goods'. Twice does it once.
    """
    lines = list(PlanLine.objects.select_for_update().filter(day=day).select_related("product__unit"))
    ordered = _ordered(day)
    products = {line.product_id: line.product for line in lines}
    order_of = {pk: place for place, pk in enumerate(reversed(explosion.load(products).order()))}
    found = []
    for line in sorted(lines, key=lambda line: order_of.get(line.product_id, 0)):
        rest = line.quantity - ordered.get(line.product_id, Decimal(0))
        if rest > 0:
            found.append(
                work_orders.plan(line.product, quantity=rest, due_at=ready_at(day), origin_kind=WorkOrder.Origin.PLAN)
            )
    waiting = (
        WorkOrder.objects.filter(day=day, status=WorkOrder.Status.PLANNED).select_related("product").order_by("pk")
    )
    in_turn = sorted(waiting, key=lambda order: (order_of.get(order.product_id, 0), order.pk))
    return [work_orders.release(lock(order)) for order in in_turn]


def ready_at(day: date) -> datetime:
    """When goods planned for the day are due: at opening, or soon when that has passed."""
    return max(clock.at(day, READY_HOUR), clock.now().replace(second=0, microsecond=0))
