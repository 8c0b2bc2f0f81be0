"""Where a channel sells from is no column of it; its history says it all the same."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from apps.inventory.models import Location
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
