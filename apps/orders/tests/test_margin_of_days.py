"""A channel that sells nothing about to expire does not show it as there either."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.inventory.tests.factories import make_stock
from apps.orders.selectors import counter as till
from apps.orders.tests.build import counter, croissant, shelf
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db


def test_a_tile_shows_what_lasts_as_long_as_the_channel_wants():
    bun = croissant(0)
    make_stock(bun, 4, shelf(), lot_code="A", expires_on=clock.today())
    make_stock(bun, 3, shelf(), lot_code="B", expires_on=clock.today() + timedelta(days=1))
    channel = counter()
    [tile] = till.tiles([bun], channel=channel, in_cart={})
    assert tile.left == Decimal(7)

    channel.expiry_margin_days = 1

    [tile] = till.tiles([bun], channel=channel, in_cart={})
    assert tile.left == Decimal(3)
