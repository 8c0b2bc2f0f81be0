"""The grid of prices, and prices changed by a rule: shown first, then set together or not at all."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.errors import PricesMoved
from apps.catalog.models import Price, Product
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import packs, price_changes, price_lists, prices
from apps.catalog.services.price_changes import Wish
from backoffice.kernel import clock

from .factories import make_price, make_price_list, make_product

pytestmark = pytest.mark.django_db
GRID, CHECK, APPLY = (reverse(f"catalog:{name}") for name in ("price_grid", "price_grid_check", "price_apply"))


@pytest.fixture
def keeper(as_user: Any) -> Client:
    client: Client = as_user("catalog.view_price", "catalog.change_price", "catalog.view_pricelist")
    return client


def fields(page: Any) -> dict[str, str]:
    """What the forms of a page would send."""
    found = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.content.decode()))
    found.pop("leave", None)  # a box that nobody ticked
    return found


def price_of(product: Product, code: str = "counter") -> Decimal | None:
    return price_reads.current(make_price_list(code), [product]).get(product.pk)


def cell(product: Product, code: str = "counter") -> str:
    return f"c{product.pk}-{make_price_list(code).pk}"


def test_typed_and_pasted_cells_are_shown_and_then_set_together(keeper: Client) -> None:
    bread, cake, tart = make_product("Bread", price="9.50"), make_product("Cake", price="30"), make_product("Tart")
    make_price_list("wholesale")
    sent = fields(keeper.get(GRID))
    assert (sent[cell(bread)], sent[cell(tart)]) == ("9.50", "")

    typed = {cell(bread): "R$ 10.25", cell(cake): "much", cell(tart, "wholesale"): "4"}
    page = keeper.post(CHECK, {**sent, **typed})

    assert page.context["good"] == 2
    assert "is not a number" in page.content.decode()
    assert price_of(bread) == Decimal("9.50")
    assert keeper.post(APPLY, {**fields(page), "reason": "autumn"}).status_code == 302
    assert [price_of(bread), price_of(cake), price_of(tart, "wholesale")] == [Decimal("10.25"), Decimal(30), Decimal(4)]
    assert Price.history.first().history_change_reason == "autumn"  # type: ignore[attr-defined]


def test_what_nobody_touched_is_no_change_even_when_it_moved_meanwhile(keeper: Client) -> None:
    bread, cake = make_product("Bread", price="9.50"), make_product("Cake", price="30")
    sent = fields(keeper.get(GRID))
    make_price(bread, "11")

    page = keeper.post(CHECK, {**sent, cell(cake): "31"})

    assert [one.product for one in page.context["proposals"]] == [cake]
    stale = keeper.post(CHECK, {**sent, cell(bread): "12"})
    assert "meanwhile" in stale.content.decode()
    assert keeper.post(CHECK, sent).status_code == 302


def test_a_price_that_moved_since_the_preview_stops_all_of_them(keeper: Client) -> None:
    bread, cake = make_product("Bread", price="9.50"), make_product("Cake", price="30")
    sent = fields(keeper.get(GRID))
    page = keeper.post(CHECK, {**sent, cell(bread): "10", cell(cake): "31"})
    make_price(bread, "11")

    refused = keeper.post(APPLY, fields(page))

    assert refused.status_code == 409
    assert "Bread" in refused.content.decode()
    assert [price_of(bread), price_of(cake)] == [Decimal(11), Decimal(30)]


def test_sending_it_twice_sets_it_once(keeper: Client) -> None:
    bread = make_product("Bread", price="9.50")
    page = keeper.post(CHECK, {**fields(keeper.get(GRID)), cell(bread): "10"})

    answers = [keeper.post(APPLY, fields(page)).status_code for _n in range(2)]

    assert answers == [302, 409]
    assert Price.objects.filter(product=bread).count() == 2


def test_an_empty_cell_takes_the_price_away_unless_it_follows(keeper: Client) -> None:
    bread = make_product("Bread", price="10")
    market = price_lists.create(name="Market", base=make_price_list(), percentage=Decimal(10))
    wishes = [Wish(bread.pk, market.pk, " ", Decimal(11)), Wish(bread.pk, make_price_list().pk, "-", Decimal(10))]

    plain, follows = price_changes.read_wishes(wishes)

    assert "follows" in follows.refused
    assert price_changes.apply([plain, follows]) == 1
    assert [price_of(bread), price_of(bread, "market")] == [None, None]


def test_left_out_rows_stay_and_the_rest_may_begin_later(keeper: Client) -> None:
    bread, cake = make_product("Bread", price="10"), make_product("Cake", price="30")
    counter = make_price_list()
    monday = clock.today() + timedelta(days=3)
    asked = {"percentage": "10", "rounding": "ninety", "valid_from": monday.isoformat()}
    page = keeper.get(reverse("catalog:price_rule", args=[counter.pk]), asked)
    assert [(one.before, one.after) for one in page.context["proposals"]] == [
        (Decimal(10), Decimal("10.90")), (Decimal(30), Decimal("32.90")),
    ]  # fmt: skip

    boxes = re.findall(r'name="leave" value="([^"]+)"', page.content.decode())
    data = {**fields(page), "leave": boxes[1]}
    assert keeper.post(APPLY, data).status_code == 302

    assert [price_of(bread), price_of(cake)] == [Decimal(10), Decimal(30)]
    later = price_reads.current(counter, [bread, cake], clock.at(monday, 12))
    assert later == {bread.pk: Decimal("10.90"), cake.pk: Decimal(30)}


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"percentage": "5", "amount": "1"}, 422), ({"rounding": "cent"}, 422), ({"percentage": "-100"}, 422),
     ({"amount": "-4"}, 200), ({"percentage": "1e5"}, 422), ({"q": "\x00"}, 422)],
)  # fmt: skip
def test_a_rule_says_what_is_wrong_with_it(keeper: Client, asked: dict[str, str], status: int) -> None:
    make_product("Bread", price="3")

    page = keeper.get(reverse("catalog:price_rule", args=[make_price_list().pk]), asked)

    assert page.status_code == status
    if status == 200:
        assert "not negative" in page.content.decode()


def test_nonsense_from_outside_changes_nothing(keeper: Client) -> None:
    bread = make_product("Bread", price="3")
    for changes in ("x", "1-2=3/4", f"{bread.pk}-{make_price_list().pk}=NaN/Infinity", "=" * 50):
        answer = keeper.post(APPLY, {"changes": changes, "back": "https://elsewhere.example/"})
        assert answer.status_code == 409 or answer["Location"] == GRID
    assert price_of(bread) == Decimal(3)


def test_who_may_not_change_prices_sees_them_without_fields(as_user: Any) -> None:
    bread = make_product("Bread", price="3")
    client = as_user("catalog.view_price")

    page = client.get(GRID).content.decode()

    assert "3.00" in page
    assert cell(bread) not in page
    assert [client.post(url).status_code for url in (CHECK, APPLY)] == [403, 403]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_grid_asks_the_same_few_questions(keeper: Client, rows: int, django_assert_max_num_queries: Any) -> None:
    for _n in range(rows):
        make_product(price="3")
    for code in ("a", "b", "c", "d"):
        make_price_list(code)
    keeper.get(GRID)  # the first page of a session writes that session down
    with django_assert_max_num_queries(11):
        keeper.get(GRID)


def test_apply_refuses_when_it_moved() -> None:
    bread = make_product("Bread", price="10")
    (proposal,) = price_changes.rule(make_price_list(), Product.objects.all(), percentage=Decimal(10))
    make_price(bread, "12")

    with pytest.raises(PricesMoved, match="Bread"):
        price_changes.apply([proposal])


def rule_page(client: Client, code: str = "counter", **asked: str) -> Any:
    return client.get(reverse("catalog:price_rule", args=[make_price_list(code).pk]), asked)


def shown(page: Any) -> list[tuple[str, str, str, str]]:
    return [(one.price_list.code, one.which, one.was, one.becomes) for one, _key, _left in page.context["rows"]]


def test_prices_of_larger_amounts_and_packs_change_along(keeper: Client) -> None:
    water = make_product("Water", price="6")
    crate = packs.add(water, name="crate", quantity=Decimal(12))
    make_price(water, "5", min_quantity=Decimal(24))
    make_price(water, "60", unit=crate, min_quantity=Decimal(1))

    page = rule_page(keeper, percentage="-30")
    assert shown(page) == [
        ("counter", "", "6.00", "4.20"), ("counter", "from 24 un", "5.00", "3.50"),
        ("counter", "for one crate, from 1", "60.00", "42.00"),
    ]  # fmt: skip
    assert keeper.post(APPLY, fields(page)).status_code == 302

    rows = Price.objects.at(clock.now()).filter(product=water).order_by("amount")
    assert [row.amount for row in rows] == [Decimal("3.5"), Decimal("4.2"), Decimal(42)]
    by_amount = price_changes.rule(make_price_list(), Product.objects.all(), amount=Decimal("0.10"))
    assert [one.after for one in by_amount] == [Decimal("4.30"), Decimal("3.60"), Decimal("43.20")]


def test_a_product_with_a_price_for_many_only_keeps_having_just_that(keeper: Client) -> None:
    bread = make_product("Bread")
    make_price(bread, "8", min_quantity=Decimal(10))

    assert keeper.post(APPLY, fields(rule_page(keeper, percentage="50"))).status_code == 302

    assert [(row.min_quantity, row.amount) for row in Price.objects.at(clock.now())] == [(Decimal(10), Decimal(12))]


def test_what_is_scheduled_is_told_and_a_change_for_that_day_starts_from_it(keeper: Client) -> None:
    bread, monday = make_product("Bread", price="10"), clock.today() + timedelta(days=3)
    make_price(bread, "20", valid_from=clock.at(monday))

    now = rule_page(keeper, percentage="10")
    then = rule_page(keeper, percentage="10", valid_from=(monday + timedelta(days=1)).isoformat())

    assert shown(now) == [("counter", "", "10.00", "11.00")]
    assert "20.00 from" in now.content.decode()
    assert shown(then) == [("counter", "", "20.00", "22.00")]
    assert keeper.post(APPLY, fields(then)).status_code == 302
    days = [clock.at(monday + timedelta(days=n), 12) for n in (-1, 0, 1)]
    assert [price_reads.current(make_price_list(), [bread], day)[bread.pk] for day in days] == [10, 20, 22]


def test_lists_that_follow_are_shown_with_what_they_will_cost(keeper: Client) -> None:
    counter, bread, cake = make_price_list(), make_product("Bread", price="10"), make_product("Cake", price="30")
    market = price_lists.create(name="Market", base=counter, percentage=Decimal(20), is_default=False)
    price_lists.create(name="Partner", base=market, percentage=Decimal(10), rounding="ninety", is_default=False)
    make_price(cake, "31", price_list=market)

    page = rule_page(keeper, amount="1")

    expected = [
        ("counter", "", "10.00", "11.00"), ("market", "", "12.00", "13.20"), ("partner", "", "12.90", "14.90"),
        ("counter", "", "30.00", "31.00"),
    ]  # fmt: skip
    assert shown(page) == expected, "the cake has a price of its own there"
    assert "change along: Market, Partner" in page.content.decode()
    assert keeper.post(APPLY, fields(page)).status_code == 302
    assert [price_of(bread, code) for code in ("market", "partner")] == [Decimal("13.2"), Decimal("14.9")]

    own = rule_page(keeper, code="market", percentage="5")
    assert "no longer follows counter" in own.content.decode().lower()


def test_typing_below_a_price_for_many_is_told(keeper: Client) -> None:
    bread = make_product("Bread", price="10")
    make_price(bread, "8", min_quantity=Decimal(24))

    page = keeper.post(CHECK, {**fields(keeper.get(GRID)), cell(bread): "7"})

    assert "dearer from 24 on: 8.00" in page.content.decode()


def test_taking_away_what_begins_on_that_day_takes_it_away() -> None:
    bread, day = make_product("Bread", price="10"), clock.at(clock.today() + timedelta(days=3))
    make_price(bread, "12", valid_from=day)

    assert prices.set_many(make_price_list(), [prices.Change(bread.pk, None)], valid_from=day) == 1

    assert price_reads.current(make_price_list(), [bread], day + timedelta(days=1)) == {}
    assert price_of(bread) == Decimal(10)


@pytest.mark.parametrize(
    "back", ["0001-01-01T00:00", "nowhere", "//elsewhere.example", "http://elsewhere.example/", ""]
)
def test_nobody_is_led_to_where_no_page_of_ours_is(keeper: Client, back: str) -> None:
    answer = keeper.post(CHECK, {"back": back})

    assert (answer.status_code, answer["Location"]) == (302, GRID)
