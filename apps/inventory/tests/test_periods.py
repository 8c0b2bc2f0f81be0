import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.catalog.services import categories
from apps.inventory.errors import BadPeriod, ClosedPeriod, ReasonMissing
from apps.inventory.models import CostCorrection, Location, Move, StockBalance, StockOperation, StockPolicy
from apps.inventory.selectors import valuation
from apps.inventory.services import cost_corrections, periods, policy, stock
from apps.inventory.tests.factories import make_location, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import StaleRevision
from backoffice.outbox import runner

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
    with pytest.raises(BadPeriod, match=r"nothing would be opened\. Choose an earlier day"):
        periods.reopen(after=yesterday, reason="late invoice")
    assert "late invoice" in StockPolicy.objects.get().history.first().history_change_reason
    periods.reopen(after=None, reason="late invoice")
    with pytest.raises(BadPeriod, match="open already"):
        periods.reopen(after=None, reason="late invoice")


def test_who_closed_it_last_is_who_is_named(shop, user_with):
    """The one who had closed the same day a year before, and opened it again, was."""
    olga, pedro, rita = (user_with(username=name) for name in ("olga", "pedro", "rita"))
    day = clock.today() - timedelta(days=5)
    with acting(olga):
        periods.close(day)
        periods.reopen(after=None, reason="Too early")
    with acting(pedro):
        periods.close(day)
    with acting(rita):
        policy.update(count_tolerance=D(10))
    with pytest.raises(ClosedPeriod, match="by Pedro"):
        make_stock(make_product("Bun"), 1, shop, occurred_at=days_ago(5))


def test_nobody_opens_more_than_they_were_shown(as_user, user_with):
    """October was closed when the form was opened; when it was sent November was as well, and was opened too."""
    october, november = (clock.today() - timedelta(days=ago) for ago in (40, 9))
    periods.close(october)
    client, again = as_user("inventory.close_period", "inventory.view_stockbalance"), reverse("inventory:period_reopen")
    form = client.get(again).text
    assert f'value="{october.isoformat()}"' in form
    with acting(user_with(username="pedro")):
        periods.close(november)
    late = client.post(again, {"closed_through": "", "reason": "An invoice came", "seen": october.isoformat()})
    assert late.status_code == 409
    assert "by Pedro, not" in late.text
    assert policy.closed_through() == november
    assert f'value="{november.isoformat()}"' in late.text  # told of it, who sends the form again means it
    assert "by Pedro." in client.get(again).text
    now = {"closed_through": october.isoformat(), "reason": "An invoice came", "seen": november.isoformat()}
    assert client.post(again, now).status_code == 302
    assert policy.closed_through() == october


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


class Days:
    """A house from day to day: what it is worth in the evening, by category and place, is written down by hand."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)
        self.places = [make_location(name) for name in ("Store", "Shop", "Cellar")]
        kinds = [categories.create(name=name) for name in ("Bread", "Drinks")]
        self.goods = [make_product(category=kind) for kind in (*kinds, None)]
        self.evenings: dict[date, dict[tuple[str, str], Decimal]] = {}

    def live(self, day: date) -> None:
        """Four things happen: at the first and the last moment of the day, and between them."""
        first, end = clock.day_bounds(day)
        for moment in (first, first + timedelta(hours=9), first + timedelta(hours=15), end - timedelta(microseconds=1)):
            with clock.fixed(moment):
                verb = self.pick.choice((self.receive, self.late, self.move, self.lose, self.correct))
                verb()
        self.evenings[day] = {}
        for row in StockBalance.objects.select_related("product__category", "location"):
            assert row.quantity > 0
            self.add(day, row.product, row.location, row.value)

    def add(self, day: date, product: Any, place: Location, value: Decimal) -> None:
        key = (product.category.name if product.category else "no category", place.name)
        self.evenings[day][key] = self.evenings[day].get(key, D(0)) + value

    def receive(self, at: datetime | None = None) -> tuple[Any, Location, Decimal]:
        product, place = self.pick.choice(self.goods), self.pick.choice(self.places)
        cost = D(self.pick.randint(0, 999)) / 100
        lot = make_stock(product, self.pick.randint(1, 9), place, cost=str(cost), occurred_at=at)
        return product, place, Move.objects.filter(lot=lot).latest("pk").value

    def late(self) -> None:
        """What came some days ago is typed in today: it was there on the evenings since."""
        day = clock.today() - timedelta(days=self.pick.randint(1, 3))
        product, place, value = self.receive(clock.at(day, 12))
        for evening in self.evenings:
            if evening >= day:
                self.add(evening, product, place, value)

    def some(self) -> StockBalance | None:
        rows = list(StockBalance.objects.select_related("lot", "location").order_by("pk"))
        return self.pick.choice(rows) if rows else None

    def move(self) -> None:
        if row := self.some():
            there = self.pick.choice([place for place in self.places if place != row.location])
            stock.transfer(lot=row.lot, quantity=self.part(row), source=row.location, destination=there)

    def lose(self) -> None:
        if row := self.some():
            stock.waste(lot=row.lot, location=row.location, quantity=self.part(row), reason="Fell")

    def part(self, row: StockBalance) -> Decimal:
        return D(self.pick.randint(1, int(row.quantity)))

    def correct(self) -> None:
        receipts = list(StockOperation.objects.filter(kind="receipt").order_by("pk"))
        if receipts:
            receipt = self.pick.choice(receipts)
            [(move, was)] = cost_corrections.values_now(receipt).items()
            value = was + D(self.pick.randint(1, 999)) / 100 if self.pick.random() < 0.7 or not was else D(0)
            cost_corrections.apply(cost_corrections.draft(receipt, values={move: value}, reason="Invoice"))
            runner.drain()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_every_past_day_it_is_worth_what_it_was_worth_that_evening(seed):
    """Whatever was corrected since; from the first moment of a day to its last."""
    house = Days(seed)
    days = [clock.today() - timedelta(days=ago) for ago in range(8, 0, -1)]
    for day in days:
        house.live(day)
    assert CostCorrection.objects.filter(status="applied").exists()
    for day in days:
        found = valuation.at(day)
        shown = {
            (row.name, place.name): value
            for row in found.rows
            for place, value in zip(found.places, row.cells, strict=True)
            if value
        }
        assert shown == {key: value for key, value in house.evenings[day].items() if value}, day
        assert found.total == sum(house.evenings[day].values())
        by_product = valuation.values(day)
        assert sum(by_product.values()) == found.total
        assert valuation.at(days[0] - timedelta(days=4)).total == 0
        there: dict[tuple[int, int], list[Decimal]] = {}
        for move in Move.objects.filter(operation__occurred_at__lt=clock.day_bounds(day)[1]):
            for place, sign in ((move.source_id, -1), (move.destination_id, 1)):
                cell = there.setdefault((move.lot_id, place), [D(0), D(0)])
                cell[0] += sign * move.quantity
                cell[1] += sign * move.value
        mine = {place.pk for place in house.places}
        assert all(value == 0 for (_lot, place), (left, value) in there.items() if place in mine and not left)


def test_what_is_posted_while_a_past_day_is_read_does_not_change_it(shop):
    """What is there now was read first and what came later after it, so that a sale between the two was in one only."""
    story(shop)
    with CaptureQueriesContext(connection) as asked:
        valuation.at(clock.today() - timedelta(days=2))
    of_moves = [query["sql"] for query in asked if Move._meta.db_table in query["sql"]]
    assert len(of_moves) == 1
    assert StockBalance._meta.db_table in of_moves[0]


def test_a_day_that_is_still_to_come_says_so(as_user, shop):
    make_stock(make_product("Bun"), 3, shop, cost="2")
    client, url = as_user("inventory.view_stockbalance"), reverse("inventory:stock_value")
    tomorrow = clock.today() + timedelta(days=1)
    page = client.get(url, {"day": tomorrow.isoformat()}).text
    assert "is still to come" in page
    assert "6.00" in page
    assert "is still to come" not in client.get(url, {"day": clock.today().isoformat()}).text
    assert "is still to come" not in client.get(url).text


def test_the_pages(as_user, shop):
    story(shop)
    client = as_user("inventory.view_stockbalance", "inventory.change_stockpolicy", "inventory.close_period")
    url = reverse("inventory:stock_value")
    day = (clock.today() - timedelta(days=6)).isoformat()
    assert "18.00" in client.get(url, {"day": day}).content.decode()
    assert client.get(url, {"day": "0001-99-01"}).status_code == 200
    assert client.get(url, {"day": "1800-01-01"}).status_code == 200
    assert "Bun,18" in b"".join(client.get(url, {"day": day, "export": "csv"})).decode()
    table = client.get(url, {"day": day}).text.partition("<thead>")[2]
    assert "hide-s" not in table  # on paper and on a tablet the total stood below the first place
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
