"""Channels, with sensible rules for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.inventory.models import Location
from apps.orders.models import Channel, ChannelLocation
from backoffice.kernel import state
from backoffice.kernel.audit import noting
from backoffice.kernel.errors import DomainError

PRESETS: dict[str, dict[str, Any]] = {
    Channel.Kind.COUNTER: {"acceptance": Channel.Acceptance.IMMEDIATE, "hold_minutes": 30, "warn_minutes": 5},
    Channel.Kind.WEB: {"acceptance": Channel.Acceptance.MANUAL, "hold_minutes": 15, "warn_minutes": 15},
    Channel.Kind.MARKETPLACE: {
        "acceptance": Channel.Acceptance.AUTO_CANCEL,
        "acceptance_minutes": 10,
        "hold_minutes": 15,
        "warn_minutes": 25,
        "preorder": False,
    },
    Channel.Kind.WHOLESALE: {
        "acceptance": Channel.Acceptance.MANUAL,
        "hold_minutes": 240,
        "warn_minutes": 120,
        "expiry_margin_days": 1,
        "payment_terms": Channel.Terms.ACCOUNT,
    },
}


@transaction.atomic
def create(*, code: str, name: str, kind: str, price_list: Any, locations: Sequence[Location], **rules: Any) -> Channel:
    """A channel with the preset of its kind; `rules` name what differs. Raises DomainError without a place."""
    channel = Channel(code=code, name=name, kind=kind, price_list=price_list, **{**PRESETS.get(kind, {}), **rules})
    channel.full_clean(exclude=["locations"])
    channel.save()
    set_locations(channel, locations)
    return channel


@transaction.atomic
def update(channel: Channel, *, revision: int, locations: Sequence[Location] | None = None, **rules: Any) -> Channel:
    """Other rules from now on; orders keep what was agreed. Raises StaleRevision, DomainError without a place."""
    for name, value in rules.items():
        setattr(channel, name, value)
    channel.full_clean(exclude=["locations"])
    with noting(channel, "" if locations is None else _moved(channel, locations)):
        state.save_revised(channel, revision=revision)
    if locations is not None:
        set_locations(channel, locations)
    return channel


def _moved(channel: Channel, locations: Sequence[Location]) -> str:
    """What the history says of other places, or of another order of them; they are no column of the channel."""
    places = channel.places.select_related("location").order_by("position")
    before, after = ([str(one) for one in some] for some in ((place.location for place in places), locations))
    if before == after:
        return ""
    return _("Places: %(before)s → %(after)s") % {"before": ", ".join(before), "after": ", ".join(after)}


def set_locations(channel: Channel, locations: Sequence[Location]) -> None:
    """These places, in this order."""
    if not locations:
        raise DomainError(_("Say which places the channel sells from."), field="locations")
    channel.places.all().delete()
    ChannelLocation.objects.bulk_create(
        ChannelLocation(channel=channel, location=place, position=position) for position, place in enumerate(locations)
    )
