from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.errors import BadPeriod, ClosedPeriod, ReasonMissing
from apps.inventory.models import Location, StockOperation, StockPolicy
from apps.inventory.selectors import valuation
from apps.inventory.services import periods, policy, stock
from apps.inventory.tests.factories import make_location, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import StaleRevision

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def shop() -> Any:
    return make_location("Shop", kind="sale")


def days_ago(number: int) -> Any:
    return clock.at(clock.today() - timedelta(days=number), 12)


def test_nothing_is_posted_into_a_closed_period_and_the_refusal_says_who(shop, user_with):
    bun = make_product("Bun")
    with acting(user_with(username="olga")):
        periods.close(clock.today() - timedelta(days=5))
    with pytest.raises(ClosedPeriod, match=r"closed through .+ by Olga. Post it today"):
        make_stock(bun, 1, shop, occurred_at=days_ago(5))
    assert not StockOperation.objects.exists()
    make_stock(bun, 1, shop, occurred_at=days_ago(4))
    lot = make_stock(bun, 2, shop)
    assert stock.reverse(lot.moves.get().operation, reason="twice").occurred_at > days_ago(1)


def test_a_period_is_closed_once_and_not_into_today(shop):
    with pytest.raises(BadPeriod, match="yesterday at the latest"):
        periods.close(clock.today())
    yesterday = clock.today() - timedelta(days=1)
    periods.close(yesterday)
    with pytest.raises(BadPeriod, match="already"):
        periods.close(yesterday)
    with pytest.raises(ReasonMissing):
        periods.reopen(after=None, reason=" ")
    periods.reopen(after=yesterday - timedelta(days=3), reason="late invoice")
    make_stock(make_product("Bun"), 1, shop, occurred_at=days_ago(2))
    with pytest.raises(BadPeriod, match="open already"):
        periods.reopen(after=yesterday, reason="late invoice")
    assert "late invoice" in StockPolicy.objects.get().history.first().history_change_reason


def test_the_rules_have_a_revision():
    policy.update(count_tolerance=D(10))
    with pytest.raises(StaleRevision):
        policy.update(count_tolerance=D(20), revision=1)
    assert StockPolicy.objects.count() == 1


def test_posting_now_asks_nothing_more(shop, django_assert_num_queries):
    with django_assert_num_queries(0):
        periods.refuse_closed(clock.now(), now=clock.now())


def story(shop: Location) -> Any:
    """Ten days: flour comes, some is wasted, some moves; each day has a value of its own."""
    bun, cellar = make_product("Bun"), make_location("Cellar")
    lot = make_stock(bun, 10, shop, cost="2", occurred_at=days_ago(9))
    waste = stock.locations.virtual("waste")
    for number in (7, 5, 3):
        stock.post(
            "waste",
            [stock.PostLine(bun, lot, shop, waste, D(1))],
            occurred_at=days_ago(number),
            reason="x",
        )
    stock.post("transfer", [stock.PostLine(bun, lot, shop, cellar, D(4))], occurred_at=days_ago(2))
    return bun, cellar


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (10, {}),
        (9, {"Shop": 20}),
        (6, {"Shop": 18}),
        (4, {"Shop": 16}),
        (2, {"Shop": 6, "Cellar": 8}),
        (0, {"Shop": 6, "Cellar": 8}),
    ],
)
def test_the_value_of_a_past_day_from_either_end(shop, ago, expected):
    story(shop)
    found = valuation.at(clock.today() - timedelta(days=ago))
    assert {place.name: total for place, total in zip(found.places, found.totals, strict=True)} == expected
    assert found.total == sum(expected.values())


def test_the_pages(as_user, shop):
    story(shop)
    client = as_user("inventory.view_stockbalance", "inventory.change_stockpolicy", "inventory.close_period")
    url = reverse("inventory:stock_value")
    day = (clock.today() - timedelta(days=6)).isoformat()
    assert "18.00" in client.get(url, {"day": day}).content.decode()
    assert client.get(url, {"day": "0001-99-01"}).status_code == 200
    assert client.get(url, {"day": "1800-01-01"}).status_code == 200
    assert "Bun,18" in b"".join(client.get(url, {"day": day, "export": "csv"})).decode()
    rules = reverse("inventory:policy_edit")
    assert client.get(rules).status_code == 200

    def send(tolerance: str, days: str, revision: str) -> int:
        sent = {
            "count_tolerance": tolerance,
            "expiry_days": days,
            "revision": revision,
            "lot_pattern": "{sku}-{letter}",
        }
        return client.post(rules, sent).status_code

    assert send("80", "5", "1") == 302
    assert (policy.current().count_tolerance, policy.current().expiry_days) == (D(80), 5)
    assert send("90", "5", "1") == 409
    assert send("80", "366", "2") == 409
    assert send("80", "-1", "2") == 422
    close = reverse("inventory:period_close")
    assert client.post(close, {"closed_through": clock.today().isoformat()}).status_code == 409
    assert client.post(close, {"closed_through": day}).status_code == 302
    again = reverse("inventory:period_reopen")
    assert client.post(again, {"closed_through": "", "reason": ""}).status_code == 422
    assert client.post(again, {"closed_through": "", "reason": "late invoice"}).status_code == 302
    assert policy.closed_through() is None


def test_who_closed_and_opened_it_is_read_on_a_page(as_user, user_with):
    """It was kept, and nobody could see it."""
    url = reverse("inventory:policy_history")
    client = as_user("inventory.close_period", "inventory.view_stockbalance")
    assert client.get(url).status_code == 200
    with acting(user_with(username="olga")):
        periods.close(clock.today() - timedelta(days=5), reason="October is done")
        periods.reopen(after=None, reason="An invoice came late")
    page = client.get(url).content.decode()
    assert "Olga" in page
    assert "October is done" in page
    assert "An invoice came late" in page
    assert url in client.get(reverse("inventory:stock_value")).content.decode()
    assert as_user("inventory.view_stockbalance", username="other").get(url).status_code == 403
