"""Numbers for more products than one would name in a query."""

from decimal import Decimal

import pytest

from apps.inventory.selectors import availability
from apps.inventory.services import holds
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock

pytestmark = pytest.mark.django_db
D = Decimal


def test_many_are_counted_like_few_and_what_lies_between_is_left_out(monkeypatch):
    shop, products = make_location("Shop", kind="sale"), [make_product() for _ in range(4)]
    for number, product in enumerate(products, start=1):
        make_stock(product, number, shop)
    holds.place(origin=make_origin(), lines=[HoldLine(product, D(1)) for product in products], locations=[shop])
    asked = [products[3], products[0], make_product()]
    few = [availability.of(asked), availability.of(asked, locations=[shop])]

    monkeypatch.setattr(availability, "MANY", 2)

    assert [availability.of(asked), availability.of(asked, locations=[shop])] == few
    assert list(few[0]) == [product.pk for product in asked]
    assert few[0][products[3].pk].available == 3
