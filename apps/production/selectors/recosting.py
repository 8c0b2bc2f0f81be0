"""What a late correction of a receipt's cost does to work: how its outputs share it, and the figures that follow."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from fractions import Fraction

from django.contrib.contenttypes.models import ContentType

from apps.inventory.models import StockOperation
from apps.inventory.selectors.recosting import DocumentChange
from apps.inventory.selectors.replay import Batch, MoveChange
from apps.production.models import WorkOrder, WorkOrderOutput

ZERO = Decimal(0)
SECOND_COUNTS = Decimal("0.5")
"""A second-grade piece bears this share of what a good one costs."""
AT_ONCE = 400
Grade = WorkOrderOutput.Grade


def batches(orders: Collection[int]) -> dict[int, list[Batch]]:
    """The reports of each order, oldest first, as `completion` shares the cost between them."""
    reports: dict[tuple[int, str], list[tuple[str, int | None, Decimal]]] = defaultdict(list)
    wanted = sorted(orders)
    for start in range(0, len(wanted), AT_ONCE):
        rows = WorkOrderOutput.objects.filter(work_order_id__in=wanted[start : start + AT_ONCE]).order_by("pk")
        for order, key, grade, lot, quantity in rows.values_list("work_order_id", "key", "grade", "lot_id", "quantity"):
            reports[order, key].append((grade, lot, quantity))
    found: dict[int, list[Batch]] = {order: [] for order in wanted}
    for (order, _key), rows_of in reports.items():
        if batch := _batch(rows_of):
            found[order].append(batch)
    return found


def _batch(rows: Sequence[tuple[str, int | None, Decimal]]) -> Batch | None:
    of_grade = {grade: (lot, quantity) for grade, lot, quantity in rows if lot is not None}
    first, second = of_grade.get(Grade.FIRST), of_grade.get(Grade.SECOND)
    if first is not None:
        parts = [(first[0], first[1])] + ([(second[0], second[1] * SECOND_COUNTS)] if second else [])
        return Batch(tuple(lot for lot, _weight in parts if lot), tuple(weight for _lot, weight in parts))
    if second is None or second[0] is None:
        return None
    everything = sum((quantity for _grade, _lot, quantity in rows), ZERO)
    part = Fraction(second[1]) / Fraction(everything) * Fraction(SECOND_COUNTS)
    return Batch((second[0],), (Decimal(1),), part)


def differences(changes: Sequence[MoveChange]) -> tuple[dict[tuple[int, int], Decimal], dict[int, Decimal]]:
    """How much more went in, by order and material; how much more came out, by order."""
    taken: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    made: dict[int, Decimal] = defaultdict(Decimal)
    for change in changes:
        assert change.step.document is not None
        order = change.step.document[1]
        if change.step.kind == StockOperation.Kind.CONSUMPTION:
            taken[order, change.step.product_id] += change.difference
        elif change.step.kind == StockOperation.Kind.OUTPUT:
            made[order] += change.difference
    return taken, made


def figures(changes: Sequence[MoveChange]) -> list[DocumentChange]:
    """What the orders took and made, before and after."""
    taken, made = differences(changes)
    more: dict[int, Decimal] = defaultdict(Decimal)
    for (order, _product), difference in taken.items():
        more[order] += difference
    kind = ContentType.objects.get_for_model(WorkOrder).pk
    found = []
    wanted = sorted(set(more) | set(made))
    for start in range(0, len(wanted), AT_ONCE):
        for row in WorkOrder.objects.filter(pk__in=wanted[start : start + AT_ONCE]).order_by("pk"):
            cost, worth = row.material_cost + row.operation_cost, row.output_value
            found.append(
                DocumentChange(
                    (kind, row.pk), cost, cost + more.get(row.pk, ZERO), worth, worth + made.get(row.pk, ZERO)
                )
            )
    return found
