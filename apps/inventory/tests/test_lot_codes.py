"""Codes that lots get by themselves."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.inventory.errors import BadPattern
from apps.inventory.models import Lot, StockPolicy
from apps.inventory.services import lot_codes, policy
from apps.inventory.tests.factories import make_location, make_product, make_stock

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
