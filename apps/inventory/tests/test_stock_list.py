"""What a page of the stock list reads at once is what the numbers of its products are one by one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.tests.factories import make_product
from apps.inventory.models import Location, Lot
from apps.inventory.selectors import availability
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import expected, holds
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_stock
from backoffice.kernel import clock

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make_location("Shop", kind=Location.Kind.SALE)


def test_a_page_says_what_availability_says(shop):
    today, now = clock.today(), clock.now()
    far, shut = make_location("Cellar"), make_location("Cage", kind=Location.Kind.QUARANTINE)
    plain, odd, none, due = (make_product(name, unit="kg") for name in ("Plain", "Odd", "None", "Due"))
    make_stock(plain, "2.5", shop, expires_on=today + timedelta(days=2))
    make_stock(plain, "1.25", far, expires_on=today + timedelta(days=2))
    make_stock(plain, 4, far, expires_on=today + timedelta(days=9))
    gone = make_stock(odd, 3, shop)
    Lot.objects.filter(pk=gone.pk).update(received_on=today - timedelta(days=9), expires_on=today - timedelta(days=1))
    make_stock(odd, 2, shut, lot_code="A")
    Lot.objects.filter(pk=make_stock(odd, 1, shop, lot_code="B").pk).update(status=Lot.Status.BLOCKED)
    lines = [HoldLine(plain, D(3)), HoldLine(none, D(2))]
    holds.place(origin=make_origin(), lines=lines, locations=[shop, far], partial=True)
    later, sooner = now + timedelta(days=2), now + timedelta(days=1, microseconds=5)
    for quantity, at in ((D(7), later), (D("0.000001"), sooner)):
        expected.record(make_origin(), product=due, quantity=quantity, location=shop, due_at=at)

    for _again in range(4):  # PostgreSQL keeps the plan from the second time on
        found = stock_reads.facts([plain.pk, odd.pk, none.pk, due.pk])
        assert {pk: facts.numbers for pk, facts in found.items()} == availability.of([plain, odd, none, due])
    assert (found[plain.pk].soonest, found[plain.pk].soonest_quantity) == (today + timedelta(days=2), D("3.75"))
    assert found[plain.pk].places == ["Cellar", "Shop"]
    assert found[due.pk].due == (sooner, D("0.000001"))
    assert found[none.pk].due is None
    assert stock_reads.facts([]) == {}


def test_deep_pages_and_orders_show_each_product_once(as_user, shop):
    for number in range(60):
        make_stock(make_product(f"P {number:02}"), 1, shop)
    make_stock(make_product("Z soon"), 1, shop, expires_on=clock.today() + timedelta(days=1))
    client = as_user("inventory.view_stockbalance")

    def names(query):
        page = client.get(reverse("inventory:stock_list") + query, headers={"HX-Request": "true", "HX-Target": "table"})
        return [row.name for row in page.context["page"].rows]

    first, second = names("?size=50"), names("?size=50&page=2")
    assert first[0] == "Z soon"
    assert sorted(first + second) == sorted(Product.objects.values_list("name", flat=True))
    assert names("?size=50&page=99") == second
    assert names("?sort=-name&size=25")[:2] == ["Z soon", "P 59"]


def test_what_is_counted_is_there_now(as_user, shop):
    client = as_user("inventory.view_stockbalance")

    def number(query=""):
        page = client.get(reverse("inventory:stock_list") + query, headers={"HX-Request": "true", "HX-Target": "table"})
        return page.context["page"].count.number

    for expected_number, name in enumerate(["First", "P 2", "P 3", "P 4"], start=1):
        make_stock(make_product(name), 1, shop)
        assert number() == expected_number
        assert number("?q=first") == 1
    Product.objects.filter(name="P 2").update(is_active=False)
    assert number() == 4  # it still has stock
    Product.objects.filter(name="P 2").update(sell_policy=Product.SellPolicy.ON_DEMAND)
    assert number() == 3
