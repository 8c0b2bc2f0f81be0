"""Four processes with ten threads each on the same stock: the figures of a busy day, on the database of the suite."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.catalog.models import Product
from apps.inventory.models import Hold, HoldAllocation, Location, StockOperation
from apps.inventory.selectors import availability
from apps.inventory.services import holds
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.accounts.models import User
from backoffice.kernel import clock, numbering
from backoffice.kernel.locks import retry_conflict
from backoffice.kernel.models import NumberSeries
from backoffice.testing.crowd import Crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
D = Decimal
HERE = "apps.inventory.tests.test_races"


def hold_one(origin: int, product: int, shop: int) -> int:
    line = HoldLine(Product.objects.get(pk=product), D(1))
    place = retry_conflict(holds.place)
    [hold] = place(origin=User.objects.get(pk=origin), lines=[line], locations=[Location.objects.get(pk=shop)])
    return hold.pk


def resolve(way: str, origin: int, hold: int, product: int) -> tuple[int, str] | None:
    """End one hold in one of three ways. Returns the hold and the way, when it was this one that ended it."""
    if way == "fulfil":
        ended: Any = retry_conflict(holds.fulfil_for)(User.objects.get(pk=origin))
    elif way == "release":
        ended = retry_conflict(holds.release)(Hold.objects.get(pk=hold))
    else:
        # The sweep of the product, which ends every hold of it that is due.
        ended = retry_conflict(holds._expire)(product)
    return (hold, way) if ended else None


@retry_conflict
@transaction.atomic
def take_number(series: str) -> int:
    return numbering.next_value(series, year=2026)


def test_two_hundred_holds_for_fifty_units_are_exactly_fifty(crowd: Crowd) -> None:
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 30, shop, lot_code="A")
    make_stock(bun, 20, shop, lot_code="B")
    origins = [make_origin() for _ in range(10)]

    outcome = crowd.do(f"{HERE}:hold_one", [(origins[n % 10].pk, bun.pk, shop.pk) for n in range(200)])

    assert outcome.names == {"done": 50, "InsufficientStock": 150}
    assert Hold.objects.count() == HoldAllocation.objects.count() == 50
    assert availability.of_one(bun).available == 0
    assert differences() == []


def test_many_buyers_of_the_last_unit_and_one_gets_it(crowd: Crowd) -> None:
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 1, shop)

    outcome = crowd.do(f"{HERE}:hold_one", [(make_origin().pk, bun.pk, shop.pk) for _ in range(40)])

    assert outcome.names == {"done": 1, "InsufficientStock": 39}
    assert differences() == []


def test_expire_fulfil_and_release_at_once_end_each_of_two_hundred_holds_once(crowd: Crowd) -> None:
    shop, calls = make_location("Shop", kind="sale"), []
    for _ in range(200):
        bun, origin = make_product(), make_origin()
        make_stock(bun, 1, shop)
        [hold] = holds.place(
            origin=origin, lines=[HoldLine(bun, D(1))], locations=[shop], expires_at=clock.now() + timedelta(minutes=1)
        )
        calls += [(way, origin.pk, hold.pk, bun.pk) for way in ("fulfil", "release", "expire")]
    Hold.objects.update(expires_at=clock.now())

    outcome = crowd.do(f"{HERE}:resolve", calls, threads=4)

    assert set(outcome.names) <= {"done", "HoldResolved"}
    ended = Counter(hold for hold, _way in filter(None, outcome.results))
    assert set(ended.values()) == {1}
    assert len(ended) == 200
    ways = Counter(way for _hold, way in filter(None, outcome.results))
    assert not Hold.objects.filter(status=Hold.Status.ACTIVE).exists()
    assert StockOperation.objects.filter(kind="sale").count() == ways["fulfil"]
    assert not HoldAllocation.objects.exists()
    assert differences() == []


def test_five_hundred_numbers_have_no_gap_and_no_double(crowd: Crowd) -> None:
    outcome = crowd.do(f"{HERE}:take_number", [("proof",)] * 500)

    assert outcome.names["done"] == 500, outcome.names
    assert sorted(outcome.results) == list(range(1, 501))
    assert NumberSeries.objects.get(series="proof").last == 500
