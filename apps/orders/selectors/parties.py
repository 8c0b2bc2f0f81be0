"""Who an order was for: what a recall asks."""

from collections.abc import Mapping, Sequence

from django.db.models import Model
from django.utils.translation import gettext as _

from apps.inventory.selectors.recall import Party
from apps.orders.models import Order


def of(origins: Sequence[Model]) -> Mapping[tuple[type[Model], int], Party]:
    """The customers of those of the documents that are orders, with how to reach them. One query."""
    ids = {origin.pk for origin in origins if isinstance(origin, Order)}
    found: dict[tuple[type[Model], int], Party] = {}
    for order in Order.objects.filter(pk__in=ids).select_related("customer", "channel"):
        customer = order.customer
        if customer is None:
            found[Order, order.pk] = Party(_("nobody known, %(channel)s") % {"channel": order.channel.name})
            continue
        contact = ", ".join(part for part in (customer.phone_formatted, customer.email) if part)
        found[Order, order.pk] = Party(str(customer), contact, customer.get_absolute_url())
    return found
