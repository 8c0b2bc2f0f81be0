"""What a page of the stock list reads at once is what the numbers of its products are one by one."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.tests.factories import make_product
from apps.inventory.models import Hold, Location, Lot, ReorderRule
from apps.inventory.selectors import availability, nearness, urgent
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import expected, holds, reorder
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_stock
from apps.inventory.views import products
from backoffice.kernel import clock
from backoffice.ui.parts import Kept

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


def _said(product):
    """How bad it is, told from the product's own numbers, one product at a time."""
    found = stock_reads.facts([product.pk])[product.pk]
    rule = ReorderRule.objects.filter(product=product, location=None).first()
    if found.numbers.promised > 0 and product.is_active:
        return 0
    if rule and found.numbers.available < rule.minimum and product.is_active:
        return 1
    if found.numbers.unusable > 0:
        return 2
    soon = clock.today() + timedelta(days=nearness.days())
    return 3 if found.soonest is not None and found.soonest <= soon else 4


def _lives(shop):
    """Products with every reason to be said something of, and with several at once; names in no order of their keys."""
    far, shut = make_location("Cellar"), make_location("Cage", kind=Location.Kind.QUARANTINE)
    chance = Random(7)
    for number in range(40):
        product = make_product(f"{chance.randrange(6)} of {number}")
        for part in range(chance.randrange(4)):
            lot = make_stock(product, 3, chance.choice((shop, shop, far, shut)), lot_code=f"L{part}")
            make_stock(product, 2, far, lot_code=f"far {part}")
            day = clock.today() + timedelta(days=chance.choice((-500, -3, -1, 0, 3, 4, 30)))
            status = chance.choice((*[Lot.Status.OK] * 5, Lot.Status.BLOCKED, Lot.Status.QUARANTINE))
            dated = {"received_on": day - timedelta(days=9), "expires_on": day} if chance.random() < 0.5 else {}
            if chance.random() < 0.4:  # promised while it was good
                origin, locations = make_origin(), [shop, far]
                holds.place(origin=origin, lines=[HoldLine(product, D(4))], locations=locations, partial=True)
            Lot.objects.filter(pk=lot.pk).update(status=status, **dated)
        if chance.random() < 0.5:
            reorder.set_minimum(product, minimum=D(chance.choice((1, 6))), target=D(9))
        changed = {"is_active": chance.random() < 0.8}
        if chance.random() < 0.1:
            changed["sell_policy"] = Product.SellPolicy.ON_DEMAND
        Product.objects.filter(pk=product.pk).update(**changed)
    Hold.objects.filter(pk__in=list(Hold.objects.order_by("pk").values_list("pk", flat=True)[:3])).update(
        expires_at=clock.now() - timedelta(minutes=1)
    )


def test_the_worst_are_those_whose_own_numbers_say_so(shop):
    _lives(shop)
    old = clock.today() - timedelta(days=urgent.SEEN_DAYS)
    goods = Product.objects.stocked().exclude(lots__expires_on__lt=old)
    ranked = [(_said(product), product.name, product.pk) for product in goods]
    seen = {pk for _rank, _name, pk in ranked}
    expected_order = [pk for rank, _name, pk in sorted(ranked) if rank < 4]
    assert {rank for rank, _name, _pk in ranked} == {0, 1, 2, 3, 4}
    for _again in range(4):  # PostgreSQL keeps the plan from the second time on
        assert [pk for pk in urgent.worst_first() if pk in seen] == expected_order
    whole = urgent.worst_first()
    for enough in range(len(whole) + 2):
        first = urgent.worst_first(enough)
        assert first == whole[: len(first)]
        assert len(first) >= min(enough, len(whole))


def test_pages_of_the_worst_follow_each_other(as_user, shop):
    _lives(shop)
    client = as_user("inventory.view_stockbalance")

    def keys(**headers):
        pages = []
        for number in (1, 2, 3):
            answer = client.get(reverse("inventory:stock_list"), {"size": 25, "page": number}, headers=headers)
            pages.append([row.pk for row in answer.context["page"].rows])
        assert pages[2] == pages[1]  # the last page, when one behind it is asked for
        return pages[0] + pages[1]

    whole = urgent.worst_first()
    by_name = stock_reads.listable().exclude(pk__in=whole).order_by("name", "pk").values_list("pk", flat=True)
    assert keys() == keys(**{"HX-Request": "true", "HX-Target": "table"}) == [*whole, *by_name]


def test_far_pages_ask_once_a_minute_what_comes_first(as_user, shop, monkeypatch):
    monkeypatch.setattr(products, "DEEP", 25)
    monkeypatch.setattr(urgent, "_lately", Kept())
    for number in range(30):
        make_stock(make_product(f"P {number:02}"), 1, shop)
    going = [make_product(f"Z {number}") for number in range(3)]
    client, soon = as_user("inventory.view_stockbalance"), clock.today() + timedelta(days=1)

    def names(number):
        answer = client.get(reverse("inventory:stock_list"), {"size": 25, "page": number})
        return [row.name for row in answer.context["page"].rows]

    make_stock(going[0], 1, shop, expires_on=soon)
    assert names(1)[:2] == ["Z 0", "P 00"]
    assert names(2)[:2] == ["P 24", "P 25"]
    make_stock(going[1], 1, shop, expires_on=soon)
    assert names(1)[:3] == ["Z 0", "Z 1", "P 00"], "near pages are those of now"
    assert names(2)[:2] == ["P 24", "P 25"], "a far one is that of the minute"
    with clock.fixed(clock.now() + timedelta(minutes=1)):
        assert names(2)[:2] == ["P 23", "P 24"]


def test_one_row_costs_as_many_queries_as_fifty(as_user, shop):
    client = as_user("inventory.view_stockbalance")
    asked = reverse("inventory:stock_list"), {"size": 50}, {"HX-Request": "true", "HX-Target": "table"}

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(asked[0], asked[1], headers=asked[2])
        return len(captured)

    make_stock(make_product(), 1, shop, expires_on=clock.today())
    queries()  # warm: the company, content types
    one = queries()
    for _number in range(49):
        make_stock(make_product(), 1, shop, expires_on=clock.today())
    assert queries() == one <= 12
