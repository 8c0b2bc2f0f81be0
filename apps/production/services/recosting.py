"""The figures of work follow a late correction of what its materials cost."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal

from apps.inventory.selectors.replay import MoveChange
from apps.production.models import WorkOrder, WorkOrderMaterial
from apps.production.selectors import recosting
from backoffice.kernel import audit, bulk

ZERO = Decimal(0)
AT_ONCE = 400


def lock(orders: Collection[int]) -> None:
    """Lock the orders until the transaction ends, in ascending order, as who reports on one does before its stock."""
    wanted = sorted(orders)
    for start in range(0, len(wanted), AT_ONCE):
        rows = WorkOrder.objects.select_for_update(of=("self",)).filter(pk__in=wanted[start : start + AT_ONCE])
        list(rows.order_by("pk").values_list("pk", flat=True))


def apply(changes: Sequence[MoveChange]) -> None:
    """Write what went in and came out of the orders, which are locked. Inputs + operations = outputs + variance."""
    taken, made = recosting.differences(changes)
    by_order: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for (order, product), difference in taken.items():
        by_order[order][product] = difference
    wanted = sorted(set(by_order) | set(made))
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        found = list(WorkOrder.objects.filter(pk__in=part).order_by("pk"))
        for row in found:
            row.material_cost += sum(by_order[row.pk].values(), ZERO)
            row.output_value += made.get(row.pk, ZERO)
            row.variance = row.material_cost + row.operation_cost - row.output_value
        audit.bulk_update(found, ["material_cost", "output_value", "variance"])
        materials = [
            material
            for material in WorkOrderMaterial.objects.filter(work_order_id__in=part)
            if by_order[material.work_order_id].get(material.component_id)
        ]
        for material in materials:
            material.value += by_order[material.work_order_id][material.component_id]
        bulk.update(materials, ["value"])
