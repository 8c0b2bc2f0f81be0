"""Who an order was for: what a recall asks."""

from collections.abc import Collection, Mapping

from django.db.models import Model
from django.utils.translation import gettext as _

from apps.inventory.selectors.recall import Key, Party, Told
from apps.orders.models import Order


def of(documents: Mapping[type[Model], Collection[int]]) -> Mapping[Key, Told]:
    """The orders among the documents, with their customers and how to reach them. One query."""
    found: dict[Key, Told] = {}
    keys = documents.get(Order, ())
    for order in Order.objects.filter(pk__in=keys).select_related("customer", "channel") if keys else ():
        found[Order, order.pk] = Told(order, _party(order))
    return found


def _party(order: Order) -> Party:
    customer = order.customer
    if customer is None:
        return Party(_("nobody known, %(channel)s") % {"channel": order.channel.name})
    contact = ", ".join(part for part in (customer.phone_formatted, customer.email) if part)
    return Party(str(customer), contact, customer.get_absolute_url())
