"""What happens to an order by itself when nobody acts in time."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.orders.models import Order
from apps.orders.services import orders
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive


def auto_confirm(directive: Directive) -> None:
    """Accept the order when it is still new."""
    order = _order(directive)
    if order.status == Order.Status.NEW:
        orders.advance(order, Order.Status.ACCEPTED, revision=order.revision, reason=_("accepted by itself in time"))


def auto_cancel(directive: Directive) -> None:
    """Cancel the order when nobody accepted it."""
    order = _order(directive)
    if order.status == Order.Status.NEW:
        orders.cancel(order, revision=order.revision, reason=_("nobody accepted it in time"))


def _order(directive: Directive) -> Order:
    order = Order.objects.filter(pk=directive.payload.get("order")).first()
    if order is None:
        raise Permanent("The order is gone.")
    return order
