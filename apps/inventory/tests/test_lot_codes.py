"""Codes that lots get by themselves."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.inventory.errors import BadPattern
from apps.inventory.models import Lot, StockPolicy
from apps.inventory.services import lot_codes, lots, policy
from apps.inventory.tests.factories import make_location, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 23)


def test_the_first_pattern_counts_with_letters_and_goes_on_after_z():
    bun = make_product("Bun", sku="BUN")
    assert lot_codes.next_code(bun, DAY) == "BUN-261123-A"
    for position in range(26):
        Lot.objects.create(product=bun, code=lot_codes.code_of(StockPolicy.LOT_PATTERN, "BUN", DAY, position))
    assert lot_codes.next_code(bun, DAY) == "BUN-261123-AA"
    assert lot_codes.next_code(bun, date(2026, 11, 24)) == "BUN-261124-A"


def test_a_house_has_a_pattern_of_its_own():
    policy.update(count_tolerance=Decimal(50), lot_pattern=" L{year}W{week}/{number} ")
    shop, bun = make_location("Shop", kind="sale"), make_product("Bun", lot_tracked=True)
    assert lot_codes.next_code(bun, DAY) == "L26W48/1"
    first = make_stock(bun, 1, shop, cost="1")
    assert first.code.endswith("/1")
    assert make_stock(bun, 1, shop, cost="2").code.endswith("/2")
    policy.update(count_tolerance=Decimal(40))
    assert StockPolicy.objects.get().lot_pattern == "L{year}W{week}/{number}", "what is not given stays"


def test_a_pattern_without_the_sku_counts_over_all_products():
    """Two lots that came on one day had one code, and a scanner found both."""
    policy.update(count_tolerance=Decimal(50), lot_pattern="{year}{month}{day}/{number}")
    shop = make_location("Shop")
    made = [make_stock(make_product(lot_tracked=True), 1, shop).code.partition("/")[2] for _time in range(3)]
    assert made == ["1", "2", "3"]


@pytest.mark.parametrize("taken", [25, 26, 27, 53, 700, 5000])
def test_codes_go_on_behind_many_of_a_day_in_few_looks(taken, django_assert_max_num_queries):
    policy.update(count_tolerance=Decimal(50), lot_pattern="{number}")
    bun = make_product()
    Lot.objects.bulk_create(Lot(product=bun, code=str(number + 1)) for number in range(taken))
    with django_assert_max_num_queries(6):
        assert lot_codes.next_code(bun, DAY) == str(taken + 1)


def test_a_pattern_that_cuts_the_count_off_is_not_asked_for_ever():
    """The SKU twice was longer than a code: every code was the same, and the search for a free one never ended."""
    bun = make_product(sku="X" * 40)
    policy.update(count_tolerance=Decimal(50), lot_pattern="{sku}-{sku}-{letter}")
    first = lot_codes.next_code(bun, DAY)
    Lot.objects.create(product=bun, code=first)
    assert (len(first), first[-2:], lot_codes.next_code(bun, DAY)[-2:]) == (59, "-A", "-B")


@pytest.mark.parametrize(
    ("day", "code"),
    [(date(2027, 1, 1), "26W53"), (date(2024, 12, 31), "25W01"), (date(2026, 11, 23), "26W48")],
)
def test_a_week_is_named_with_its_own_year(day, code):
    assert lot_codes.code_of("{year}W{week}", "BUN", day, 0) == code
    assert lot_codes.code_of("{year}{month}W{week}", "BUN", day, 0) == f"{day:%y%m}W{code[-2:]}"


@pytest.mark.parametrize(
    ("pattern", "said"), [("{sku}{colour}{letter}", "“colour”"), ("}{letter}", "“}”"), ("{sku-{letter}", "“{”")]
)
def test_a_wrong_pattern_is_told_what_is_wrong_in_it(pattern, said):
    with pytest.raises(BadPattern) as refused:
        lot_codes.check(pattern)
    assert str(refused.value).startswith(f"{said} is not known. There are {{sku}}, {{year}}")


def test_a_lot_typed_in_other_letters_is_the_same_lot():
    shop, bun = make_location("Shop"), make_product(lot_tracked=True)
    lot = make_stock(bun, 1, shop, lot_code="L-881a")
    upper = make_stock(bun, 1, shop, lot_code="B-7")
    assert make_stock(bun, 1, shop, lot_code="b-7") == upper
    assert make_stock(bun, 1, shop, lot_code="L-881a") == lot


@pytest.mark.parametrize("days", [0, 1, 3, 32767])
def test_the_last_good_day_is_counted_from_the_day_it_came_or_was_made(days):
    bun = make_product(lot_tracked=True, shelf_life_days=days)
    assert lots.suggested_expiry(bun, DAY) == DAY + timedelta(days=days)
    lot = make_stock(bun, 1, make_location("Shop"))
    assert lot.expires_on == clock.today() + timedelta(days=days)
    assert lot.is_usable(lot.expires_on)
    assert not lot.is_usable(lot.expires_on + timedelta(days=1))


@pytest.mark.parametrize(
    "pattern", ["{sku}-{day}", "{sku}-{colour}-{letter}", "{sku-{letter}", "", "{0}{letter}", "}{letter}"]
)
def test_a_pattern_that_cannot_be_is_refused(pattern):
    with pytest.raises(BadPattern):
        policy.update(count_tolerance=Decimal(50), lot_pattern=pattern)


def test_a_long_sku_is_cut_so_that_the_count_stays():
    code = lot_codes.code_of("{sku}-{year}{month}{day}-{letter}", "X" * 90, DAY, 0)
    assert len(code) == 60
    assert code.endswith("-261123-A")


def test_the_rules_have_it_with_the_error_beside_the_field(as_user):
    client = as_user("inventory.change_stockpolicy", "inventory.view_stockbalance")
    url = reverse("inventory:policy_edit")
    sent = {"count_tolerance": "50", "expiry_days": 3, "revision": 1}
    answer = client.post(url, {**sent, "lot_pattern": "{sku}"})
    assert answer.status_code == 409
    assert "two lots of one day differ" in answer.content.decode()
    assert client.post(url, {**sent, "lot_pattern": "{sku}.{number}"}).status_code == 302
    assert StockPolicy.objects.get().lot_pattern == "{sku}.{number}"


def test_rules_that_nobody_has_set_yet_can_be_out_of_date_too(as_owner):
    """Whoever had the page open when the database was put back: there is no row that could be shown as theirs."""
    fields = {"count_tolerance": "5", "expiry_days": "3", "lot_pattern": "{sku}.{number}", "revision": "9"}
    answer = as_owner.post(reverse("inventory:policy_edit"), fields)

    assert answer.status_code == 409
    assert "ui/screens/conflict.html" in [template.name for template in answer.templates]
