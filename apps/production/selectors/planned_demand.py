"""What planned work will take of the stock, before it is released and holds its materials."""

from collections.abc import Collection
from decimal import Decimal

from django.db.models import Sum

from apps.production.models import WorkOrder, WorkOrderMaterial


def of(product_ids: Collection[int]) -> dict[int, Decimal]:
    """Per product, the materials of work orders that are planned and not released. One query."""
    rows = (
        WorkOrderMaterial.objects.filter(work_order__status=WorkOrder.Status.PLANNED, component_id__in=product_ids)
        .order_by()
        .values("component_id")
        .annotate(total=Sum("planned"))
    )
    return dict(rows.values_list("component_id", "total"))
