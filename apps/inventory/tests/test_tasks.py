"""What the clock does to the stock room."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.inventory import tasks
from apps.inventory.models import Hold
from apps.inventory.services import holds
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db


def test_the_clock_ends_old_holds_and_leaves_expired_lots():
    shop = make_location("Shop", kind="sale")
    bun = make_product()
    make_stock(bun, 2, shop, expires_on=clock.today())
    holds.place(origin=make_origin(), lines=[HoldLine(bun, Decimal(1))], locations=[shop])
    past = clock.now() + timedelta(seconds=1)
    holds.place(origin=make_origin(), lines=[HoldLine(bun, Decimal(1))], locations=[shop], expires_at=past)
    fresh = make_stock(bun, 2, shop, expires_on=clock.today() + timedelta(days=9))
    with clock.fixed(clock.now() + timedelta(days=1)):
        tasks.expire_holds.call_local()
        tasks.leave_expired_lots.call_local()
    assert [row.lot for row in Hold.objects.get(status="active").allocations.all()] == [fresh]
