"""What lists, boards and pages read of work orders."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum

from apps.catalog.models import Product
from apps.inventory.models import Lot
from apps.inventory.selectors import stock
from apps.production.models import WorkOrder, WorkOrderMaterial, WorkOrderOutput
from apps.production.selectors import trace
from apps.production.selectors.trace import Part, Went
from backoffice.kernel import clock

ZERO = Decimal(0)


def listed() -> QuerySet[WorkOrder]:
    """Orders with what a row shows, and what came out good."""
    # One relation only: a second join would count every output once a row of it.
    good = Sum("outputs__quantity", filter=Q(outputs__grade=WorkOrderOutput.Grade.FIRST))
    return WorkOrder.objects.select_related("product__category", "product__unit", "recipe").annotate(good=good)


def late(rows: QuerySet[WorkOrder]) -> QuerySet[WorkOrder]:
    """Open orders whose time has passed."""
    return rows.filter(status__in=WorkOrder.OPEN, due_at__lt=clock.now())


def open_orders() -> QuerySet[WorkOrder]:
    """The orders that wait for work, for the menu."""
    return WorkOrder.objects.filter(status__in=[WorkOrder.Status.RELEASED, *WorkOrder.RUNNING])


def missing(orders: Iterable[WorkOrder]) -> dict[int, dict[int, Decimal]]:
    """Of each order, the products its holds wait for and how much. One query."""
    ids = [order.pk for order in orders]
    if not ids:
        return {}
    found: dict[int, dict[int, Decimal]] = defaultdict(dict)
    rows = stock.waiting_of(WorkOrder, ids).values_list("origin_id", "product_id", "missing")
    for order_id, product_id, missing in rows:
        found[order_id][product_id] = found[order_id].get(product_id, ZERO) + missing
    return dict(found)


def missing_names(orders: Collection[WorkOrder]) -> dict[int, list[tuple[Product, Decimal]]]:
    """`missing` with the products themselves."""
    found = missing(orders)
    products = Product.objects.select_related("unit").in_bulk({pk for row in found.values() for pk in row})
    return {order_id: [(products[pk], amount) for pk, amount in row.items()] for order_id, row in found.items()}


@dataclass(frozen=True)
class MaterialRow:
    """A material of an order, with the lots that were taken and what is short of it."""

    material: WorkOrderMaterial
    lots: list[Part]
    short: Decimal

    @property
    def difference(self) -> Decimal:
        return self.material.consumed - self.material.planned

    @property
    def planned_value(self) -> Decimal:
        return self.material.planned * self.material.planned_unit_cost


@dataclass(frozen=True)
class CostRow:
    """Planned against actual."""

    name: str
    planned: Decimal
    actual: Decimal

    @property
    def difference(self) -> Decimal:
        return self.actual - self.planned


@dataclass(frozen=True)
class Sheet:
    """Everything on the page of an order, in a constant number of queries."""

    materials: list[MaterialRow]
    outputs: list[WorkOrderOutput]
    steps: list[Any]
    went: list[Went]
    good: Decimal
    second: Decimal
    waste: Decimal

    @property
    def reported(self) -> Decimal:
        return self.good + self.second + self.waste

    @property
    def used(self) -> list[Part]:
        return [part for row in self.materials for part in row.lots]

    @property
    def lots(self) -> list[Lot]:
        return [row.lot for row in self.outputs if row.lot is not None]

    @property
    def steps_done(self) -> int:
        return sum(1 for step in self.steps if step.finished_at)


def sheet(order: WorkOrder) -> Sheet:
    """The order's materials, outputs, steps and trace."""
    short = missing([order]).get(order.pk, {})
    lots = trace.taken(order)
    materials = [
        MaterialRow(material, lots.get(material.component_id, []), short.get(material.component_id, ZERO))
        for material in order.materials.select_related("component__unit", "component__category").order_by("position")
    ]
    outputs = list(order.outputs.select_related("lot", "reported_by").order_by("pk"))
    for row in outputs:
        row.work_order = order
    amount = dict.fromkeys(WorkOrderOutput.Grade.values, ZERO)
    for row in outputs:
        amount[row.grade] += row.quantity
    made = [row.lot for row in outputs if row.lot is not None]
    return Sheet(
        materials=materials,
        outputs=outputs,
        steps=list(order.steps.select_related("work_center", "operator").order_by("position")),
        went=trace.went(made),
        good=amount["first"],
        second=amount["second"],
        waste=amount["waste"],
    )
