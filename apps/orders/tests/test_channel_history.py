"""Where a channel sells from is no column of it; its history says it all the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.inventory.errors import LocationInUse
from apps.inventory.models import Location
from apps.inventory.services import locations
from apps.orders.models import Channel
from apps.orders.services import channels
from apps.orders.tests.build import counter

pytestmark = pytest.mark.django_db


def test_the_history_says_from_which_places_it_sold_before(as_owner: Client):
    channel = counter()
    shop = channel.places.get().location
    fridge = Location.objects.create(code="FR", name="Fridge", kind=shop.kind)

    channel = channels.update(channel, revision=channel.revision, locations=[shop, fridge])
    channels.update(channel, revision=channel.revision, locations=[shop, fridge], name="Till")

    assert [entry.history_change_reason or "" for entry in channel.history.order_by("history_id")][1:] == [
        f"Places: {shop} → {shop}, {fridge}",
        "",
    ]
    page = as_owner.get(reverse("orders:channel_history", args=[channel.pk])).content.decode()
    assert f"Places: {shop} → {shop}, {fridge}" in page


def test_the_only_place_of_a_channel_is_not_closed_and_one_of_several_stays_with_it(as_owner: Client):
    channel = counter()
    shop = channel.places.get().location
    close = reverse("inventory:location_close", args=[shop.pk])
    assert "Sold from there and from nowhere else: Counter." in as_owner.get(close).content.decode()
    assert as_owner.post(close).status_code == 409
    with pytest.raises(LocationInUse, match="nowhere else: Counter"):
        locations.close(shop)

    attic = Location.objects.create(code="AT", name="Attic", kind=shop.kind)
    channels.update(channel, revision=channel.revision, locations=[shop, attic])
    assert "Sold from there, and from other places: Counter." in as_owner.get(close).content.decode()
    assert as_owner.post(close).status_code == 302
    assert "Shop (closed), Attic" in as_owner.get(channel.get_absolute_url()).content.decode()

    edit = reverse("orders:channel_edit", args=[channel.pk])
    page = as_owner.get(edit).content.decode()
    assert "Shop (closed)" in page
    form = channel_form(channel, locations=[attic.pk, shop.pk])
    assert as_owner.post(edit, form).status_code == 302
    assert [str(row) for row in channel.places.order_by("position").values_list("location__name", flat=True)] == [
        "Shop",
        "Attic",
    ], "another rule is saved: the places keep their order"
    channel.refresh_from_db()
    refused = as_owner.post(edit, channel_form(channel, locations=[shop.pk]))
    assert refused.status_code == 422
    assert "Choose at least one open place." in refused.content.decode()


def channel_form(channel: Channel, **more: Any) -> dict[str, Any]:
    names = (
        "code", "name", "kind", "acceptance", "acceptance_minutes", "hold_minutes", "warn_minutes",
        "expiry_margin_days", "payment_terms", "position", "revision",
    )  # fmt: skip
    sent = {name: getattr(channel, name) for name in names}
    return {**sent, "price_list": channel.price_list_id, "preorder": "on", "is_active": "on", **more}
