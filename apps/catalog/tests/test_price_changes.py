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
from apps.catalog.services import price_changes, price_lists
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
    page = keeper.get(reverse("catalog:price_rule", args=[counter.pk]), {"percentage": "10", "rounding": "ninety"})
    assert [(one.before, one.after) for one in page.context["proposals"]] == [
        (Decimal(10), Decimal("10.90")), (Decimal(30), Decimal("32.90")),
    ]  # fmt: skip

    data = {**fields(page), "leave": f"{cake.pk}-{counter.pk}", "valid_from": monday.isoformat()}
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
