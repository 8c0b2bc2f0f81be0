"""Points follow a complete order a moment later."""

from __future__ import annotations

from apps.crm.services import loyalty
from apps.orders.models import Order
from apps.orders.services import points
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive


def earn(directive: Directive) -> None:
    """Give the customer the points of what was paid in money. Again, it gives none: once a key and once an order."""
    order = Order.objects.select_related("customer").filter(pk=directive.payload.get("order")).first()
    if order is None:
        raise Permanent("The order is gone.")
    if order.customer is None or order.status != Order.Status.COMPLETED:
        return
    loyalty.earn(order.customer, amount=order.total - points.paid_with(order), origin=order, key=f"order-{order.pk}")
