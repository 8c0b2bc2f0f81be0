"""Where a channel takes its stock from."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.inventory.models import Location
from apps.inventory.selectors.place_uses import Use, first_of
from apps.orders.models import Channel, ChannelLocation
from backoffice.kernel.compiled import Compiled

_PLACES = Compiled(
    lambda channel: (
        ChannelLocation.objects.filter(channel_id=channel, location__is_active=True)
        .select_related("location")
        .order_by("position", "pk")
    )
)


def of_channel(channel: Channel) -> list[Location]:
    """The channel's active places, in the order in which they give. One query."""
    return [row.location for row in _PLACES(channel.pk)]


def channel_choices() -> list[tuple[str, str, int]]:
    """Code, name and price list of every active channel, as people arranged them; what the catalogue asks for."""
    return list(Channel.objects.active().in_order().values_list("code", "name", "price_list_id"))


def uses(location: Location) -> list[Use]:
    """The channels that sell from the place. One that has no other open place needs it."""
    elsewhere = ChannelLocation.objects.filter(location__is_active=True).exclude(location=location)
    selling = Channel.objects.active().in_order().filter(places__location=location)
    alone = list(selling.exclude(pk__in=elsewhere.values("channel")).values_list("name", flat=True))
    others = list(selling.filter(pk__in=elsewhere.values("channel")).values_list("name", flat=True))
    found = []
    if alone:
        text = _("Sold from there and from nowhere else: %(names)s. Choose another place for it first.")
        found.append(Use(text % {"names": first_of(alone)}, is_needed=True))
    if others:
        found.append(Use(_("Sold from there, and from other places: %(names)s.") % {"names": first_of(others)}))
    return found
