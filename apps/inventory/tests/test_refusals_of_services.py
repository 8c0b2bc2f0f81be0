"""Refusals that a service gives to whoever calls it, where no screen leads to them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.catalog.models import ProductUnit
from apps.inventory.errors import BadQuantity, ClosedPeriod, PlaceClosed
from apps.inventory.services import locations, periods, rearranging, stock
from apps.inventory.services.stock import ConsumeLine, ReceiptLine
from apps.inventory.tests.factories import make_origin, make_product, make_stock
from apps.inventory.tests.test_refusals import House, house
from backoffice.kernel import clock
from backoffice.kernel.audit import acting

__all__ = ["House", "house"]
pytestmark = pytest.mark.django_db
D = Decimal


def text_of(error: Any) -> str:
    return str(error.value.message).replace("\N{NO-BREAK SPACE}", " ")


def test_a_closed_period_says_what_where_how_much_and_by_whom(house):
    day = clock.now() - timedelta(days=5)
    with acting(house.olga):
        periods.close(clock.local(day).date())
    with pytest.raises(ClosedPeriod) as refused:
        stock.receive(house.shop, [ReceiptLine(house.bun, D(12), unit_cost=D(1))], occurred_at=day)
    said = text_of(refused)
    for part in ("12 un of Bun", "Suppliers → Shop", "by Olga", "Post it today, and say why"):
        assert part in said


def test_a_closed_place_says_which_since_when_by_whom_and_what_should_have_come(house):
    with acting(house.olga):
        locations.close(house.cellar)
    with pytest.raises(PlaceClosed) as refused:
        stock.transfer(lot=house.lot, quantity=D(3), source=house.shop, destination=house.cellar)
    said = text_of(refused)
    for part in ("Cellar is closed since", "by Olga", "3 un of Bun", "Choose another place, or open it again"):
        assert part in said
    assert refused.value.remedies[0].url == house.cellar.get_absolute_url()


def test_a_wrong_unit_says_which_there_are(house):
    bag = ProductUnit.objects.create(product=make_product("Flour"), name="Bag", numerator=25, denominator=1)
    ProductUnit.objects.create(product=house.bun, name="Tray", numerator=12, denominator=1)
    with pytest.raises(BadQuantity) as refused:
        stock.receive(house.shop, [ReceiptLine(house.bun, D(2), pack=bag)])
    said = text_of(refused)
    for part in ("2 Bag", "no pack of Bun", "un, Tray", "choose one"):
        assert part in said


def test_what_is_used_up_and_rounds_to_nothing_says_the_step(house):
    with pytest.raises(BadQuantity) as refused:
        stock.consume(origin=make_origin(), lines=[ConsumeLine(house.bun, D("0.2"), house.shop)])
    for part in ("Bun: 0.2 un rounds to nothing", "at least 1 un", "another unit"):
        assert part in text_of(refused)


def test_a_merge_of_lots_that_do_not_belong_together_says_why(house):
    other = make_stock(house.bun, 2, house.shop, lot_code="C1", expires_on=clock.today() + timedelta(days=3))
    with pytest.raises(Exception, match="C1 lasts longer than A1"):
        rearranging.merge(lot=house.lot, into=other, location=house.shop, reason="tidy")
