"""Taking a work order in hand: the row is locked first, stock after it."""

from apps.production.models import WorkOrder


def locked(order: WorkOrder) -> WorkOrder:
    """The order as it is now, with what its services read, locked until the transaction ends."""
    return (
        WorkOrder.objects.select_for_update(of=("self",))
        .select_related("product__unit", "product__category", "recipe", "source", "destination")
        .get(pk=order.pk)
    )


def up_to_date(order: WorkOrder, found: WorkOrder) -> WorkOrder:
    """Bring the caller's object to what was saved, and return it."""
    for field in WorkOrder._meta.concrete_fields:
        setattr(order, field.attname, getattr(found, field.attname))
    return order
