"""The running balance of the stock card, from page to page."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.inventory.models import Move
from apps.inventory.selectors import ledger
from apps.inventory.services import stock
from apps.inventory.tests.factories import make_product, make_stock

pytestmark = pytest.mark.django_db
D = Decimal


def walked(client, product):
    """Changes and balances of all pages, newest first, by the links that the pages write."""
    url, found = reverse("inventory:product_moves", args=[product.pk]), []
    query = ""
    while True:
        answer = client.get(url + query)
        card = answer.context["card"]
        found += [(line.move.pk, line.change, line.balance) for line in card.lines]
        if not card.before:
            return found
        query = "?" + re.search(r'href="[^"?]*\?(before=[^"]+)"', answer.content.decode())[1]


def assert_sums(lines):
    left = D(0)
    for _pk, change, balance in reversed(lines):
        left += change
        assert balance == left


def test_the_balance_is_the_sum_at_every_page_of_a_walk(sign_in, shop, monkeypatch):
    monkeypatch.setattr(ledger.card, "__kwdefaults__", {**ledger.card.__kwdefaults__, "size": 3})
    product = make_product()
    lot = make_stock(product, 100, shop)
    for number in range(9):
        stock.waste(lot=lot, location=shop, quantity=D(number + 1), reason="x")
    lines = walked(sign_in("view_stockbalance"), product)
    assert [pk for pk, _change, _balance in lines] == list(
        Move.objects.filter(product=product).order_by("-pk").values_list("pk", flat=True)
    )
    assert len(lines) == 10
    assert_sums(lines)


def test_what_one_cost_on_average_stands_on_the_card_and_nothing_is_worth_nothing(sign_in, shop):
    product = make_product(unit="kg")
    url = reverse("inventory:product_card", args=[product.pk])
    lots = [make_stock(product, quantity, shop, cost=cost) for quantity, cost in ((2, "4.00"), (1, "3.00"))]
    client = sign_in("view_stockbalance")
    assert "3.6667 a kg on average" in client.get(url).text.replace("\N{NO-BREAK SPACE}", " ")
    stock.waste(lot=lots[1], location=shop, quantity=D(1), reason="x")
    assert "4.00 a kg on average" in client.get(url).text.replace("\N{NO-BREAK SPACE}", " ")
    stock.waste(lot=lots[0], location=shop, quantity=D(2), reason="x")
    page = client.get(url).text
    assert "on average" not in page
    assert "0.00" in page


def test_a_page_further_down_stays_right_when_stock_moved_in_between(shop):
    product = make_product()
    lot = make_stock(product, 100, shop)
    for _ in range(5):
        stock.waste(lot=lot, location=shop, quantity=D(3), reason="x")
    first = ledger.card(product, size=2)
    stock.waste(lot=lot, location=shop, quantity=D(40), reason="x")
    make_stock(product, 7, shop)
    before, carried = ledger.carried_on(product, first.older)
    assert (before, carried) == (first.before, D(91))
    second = ledger.card(product, before=before, carried=carried, size=10)
    assert [line.balance for line in second.lines] == [91, 94, 97, 100]
    assert [line.balance for line in ledger.card(product, before=before, size=10).lines] == [91, 94, 97, 100]


def test_a_page_further_down_sums_nothing(shop):
    product = make_product()
    lot = make_stock(product, 100, shop)
    for _ in range(5):
        stock.waste(lot=lot, location=shop, quantity=D(3), reason="x")
    before, carried = ledger.carried_on(product, ledger.card(product, size=2).older)
    with CaptureQueriesContext(connection) as asked:
        ledger.card(product, before=before, carried=carried, size=2)
    assert not [query["sql"] for query in asked if "SUM(" in query["sql"]]


def test_a_forged_link_shows_no_other_balance(sign_in, shop):
    product, other = make_product(), make_product("Other")
    for one, quantity in ((product, 100), (other, 55)):
        lot = make_stock(one, quantity, shop)
        for _ in range(3):
            stock.waste(lot=lot, location=shop, quantity=D(3), reason="x")
    client = sign_in("view_stockbalance")
    url = reverse("inventory:product_moves", args=[product.pk])
    card = ledger.card(product, size=2)
    signature = card.older.partition(":")[2]
    elsewhere = ledger.card(other, size=2).older.partition("_")[2]
    for forged in (
        f"{card.before}",
        f"{card.before}_999:{signature}",
        f"{card.before}_999",
        f"{card.before}_",
        f"{card.before}_NaN:x",
        f"{card.before}_{elsewhere}",
    ):
        shown = client.get(url, {"before": forged}).context["card"].lines
        assert [line.balance for line in shown] == [97, 100], forged
    for nothing in ("", "x", "-1", "1" * 40, "²", "_5:x"):
        shown = client.get(url, {"before": nothing}).context["card"].lines
        assert [line.balance for line in shown] == [91, 94, 97, 100], nothing
