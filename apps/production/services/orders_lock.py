"""Taking a work order in hand: the row is locked first, stock after it."""

from apps.production.models import WorkOrder, WorkOrderMaterial
from backoffice.kernel.compiled import Compiled

_LOCKED = Compiled(
    lambda pk: (
        WorkOrder.objects.select_for_update(of=("self",))
        .select_related("product__unit", "product__category", "recipe", "source", "destination")
        .filter(pk=pk)
    )
)

_MATERIALS = Compiled(
    lambda order: (
        WorkOrderMaterial.objects.filter(work_order_id=order).select_related("component__unit").order_by("component_id")
    )
)


def materials_of(order: WorkOrder) -> list[WorkOrderMaterial]:
    """What the order takes, with component and unit, in the order in which products are locked. One query."""
    return _MATERIALS(order.pk)


def locked(order: WorkOrder) -> WorkOrder:
    """The order as it is now, with what its services read, locked until the transaction ends."""
    found = _LOCKED(order.pk)
    if not found:
        raise WorkOrder.DoesNotExist(str(order.pk))
    return found[0]


def up_to_date(order: WorkOrder, found: WorkOrder) -> WorkOrder:
    """Bring the caller's object to what was saved, and return it."""
    for field in WorkOrder._meta.concrete_fields:
        setattr(order, field.attname, getattr(found, field.attname))
    return order
