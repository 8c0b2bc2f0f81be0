from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.catalog.models import Price, Product
from apps.catalog.selectors import facet_counts
from apps.catalog.services import categories, completeness
from backoffice.kernel import clock
from backoffice.ui.pagination import Count

from .factories import make_price, make_product

pytestmark = pytest.mark.django_db
AsUser = Callable[..., Client]
FACETS = {"HX-Request": "true", "HX-Target": "facet-list"}


@pytest.fixture
def shelves() -> dict[str, Any]:
    bakery = categories.create(name="Bakery")
    bread = categories.create(name="Bread", parent=bakery)
    drinks = categories.create(name="Drinks")
    for name, where, more in (
        ("Rye", bread, {}), ("Spelt", bread, {"is_sellable": False}), ("Scone", bakery, {}),
        ("Flour", None, {"kind": "ingredient"}), ("Tea", drinks, {}),
    ):  # fmt: skip
        product = make_product(name, category=where, **more)
        if name != "Tea":
            make_price(product, "3")
    return {"bakery": bakery, "bread": bread, "drinks": drinks}


def facets(client: Client, **query: Any) -> dict[str, dict[str, str]]:
    """The counts that the boxes show, by the words of facet and box."""
    answer = client.get(reverse("catalog:product_list"), query, headers=FACETS)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "<html" not in text
    found = {}
    for facet in re.findall(r"<fieldset.*?</fieldset>", text, re.DOTALL):
        label = re.search(r"<legend[^>]*>(.*?)<", facet)
        boxes = re.findall(r"<input[^>]*>([^<]*)(?:<span>([^<]*)</span>)?</label>", facet)
        found[label[1] if label else ""] = {words.strip(): count for words, count in boxes}
    return found


def test_every_box_says_what_it_would_leave(as_user: AsUser, shelves: Any) -> None:
    client = as_user("catalog.view_product")

    found = facets(client)

    assert found["Category"] == {"All categories": "", "Bakery": "3", "Drinks": "1"}
    assert found["Kind"]["product"] == "4"
    assert found["Kind"]["ingredient"] == "1"
    assert found["Completeness"]["Without a price"] == "1"
    assert found["Completeness"]["Without a picture"] == "5"
    assert found["For sale"] == {"For sale or not": "", "Can be sold": "4", "Not for sale": "1"}
    # What a box promises is what the list then has.
    for name, value, words in (
        ("kind", "simple", ("Kind", "product")),
        ("lacks", "price", ("Completeness", "Without a price")),
    ):
        page = client.get(reverse("catalog:product_list"), {name: value})
        assert str(page.context["page"].count_text) == found[words[0]][words[1]]


def test_a_facet_counts_beside_the_others_and_opens_the_tree(as_user: AsUser, shelves: Any) -> None:
    client = as_user("catalog.view_product")

    found = facets(client, category=shelves["bakery"].pk, sold="yes")

    assert found["Category"] == {"All categories": "", "Bakery": "2", "Bread": "1", "Drinks": "1"}
    assert found["For sale"] == {"For sale or not": "", "Can be sold": "2", "Not for sale": "1"}
    assert found["Kind"]["ingredient"] == "0"
    assert facets(client, q="rye")["Category"] == {"All categories": "", "Bakery": "1", "Drinks": "0"}
    assert facets(client, view="sold")["For sale"]["Not for sale"] == "0"


def test_what_is_searched_for_is_counted_up_to_a_limit(shelves: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facet_counts, "CAP", 2)

    found = facet_counts.counted(Product.objects.all(), narrowed=True)

    assert found.capped
    assert sum(group.number for group in found.groups) == 3
    assert all(count == Count(0, False) or count.capped for count in found.facets({}, {})["kind"].values())
    assert not facet_counts.counted(Product.objects.all(), narrowed=False).capped
    assert facet_counts.counted(Product.objects.none(), narrowed=False).groups == []


def test_groups_that_are_stepped_through_are_those_that_all_products_make(
    shelves: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = Product.Kind.SIMPLE, Product.Kind.INGREDIENT
    many = itertools.product([None, shelves["bread"], shelves["drinks"]], kinds, [True, False], [0, 3, 12])
    for number, (category, kind, sold, missing) in enumerate(many):
        product = make_product(f"P{number}", category=category, kind=kind, is_sellable=sold)
        Product.objects.filter(pk=product.pk).update(missing=missing)
    alike = Counter(Product.objects.values_list(*facet_counts.COLUMNS))

    def groups() -> dict[Any, int]:
        found = facet_counts.counted(Product.objects.all(), narrowed=False).groups
        return {(group.category, group.kind, group.sold, group.missing): group.number for group in found}

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert groups() == alike
        return len(queries)

    assert asked() == 1
    monkeypatch.setattr(facet_counts, "STEPS", len([group for group in alike if group[0]]) - 1)
    assert asked() == 2, "too many to step through"
    Product.objects.update(category=None)
    alike = Counter(Product.objects.values_list(*facet_counts.COLUMNS))
    assert groups() == alike
    Price.objects.all().delete()
    Product.objects.all().delete()
    assert groups() == {}


def test_the_bar_says_how_many_of_those_shown_are_complete(as_user: AsUser, shelves: Any) -> None:
    Product.objects.filter(name="Rye").update(missing=0, completeness=100)
    client = as_user("catalog.view_product")

    def share(**query: Any) -> Any:
        text = client.get(reverse("catalog:product_list"), query, headers=FACETS).content.decode()
        bar = re.search(r'<progress[^>]*value="([0-9]+)"', text)
        return int(bar[1]) if bar else None

    assert (share(), share(category=shelves["bread"].pk), share(lacks="price")) == (20, 50, 20)
    assert share(q="nothing like that") is None


def test_the_counts_ask_the_same_however_many_categories_and_products(as_user: AsUser, shelves: Any) -> None:
    client = as_user("catalog.view_product", "inventory.view_stockbalance")

    def asked() -> int:
        facets(client)
        with CaptureQueriesContext(connection) as queries:
            facets(client)
        return len(queries)

    before = asked()
    for number in range(4):
        make_product(category=categories.create(name=f"C{number}", parent=shelves["drinks"]))
    assert asked() == before
    assert before <= 6


def test_the_rows_are_shown_as_photos_as_long_as_one_wants(as_user: AsUser, shelves: Any) -> None:
    client = as_user("catalog.view_product")
    page = reverse("catalog:product_list")

    table = client.get(page, {"kind": "simple"}).content.decode()
    photos = client.get(page, {"kind": "simple", "look": "photos"}).content.decode()

    assert "?kind=simple&amp;look=photos" in table
    assert " photos" not in table.partition("<tbody")[0].rpartition("<table")[2]
    assert " photos" in photos.partition("<tbody")[0].rpartition("<table")[2]
    assert 'name="look" value="photos"' in photos, "another filter keeps the look"
    assert 'href="?kind=simple"' in photos
    assert client.get(page, {"look": "\x00"}).status_code == 200


def test_a_price_that_runs_out_by_itself_is_missed_within_the_hour(as_user: AsUser) -> None:
    ended, goes_on, long_ago = (make_product(name) for name in ("Ended", "Goes on", "Long ago"))
    for product in (ended, goes_on, long_ago):
        make_price(product, "3")
    now = clock.now()
    Price.objects.filter(product=ended).update(valid_from=now - timedelta(days=9), valid_to=now - timedelta(hours=1))
    Price.objects.filter(product=long_ago).update(
        valid_from=now - timedelta(days=90), valid_to=now - timedelta(days=80)
    )
    revision = ended.revision

    assert completeness.ended() == 1
    assert completeness.ended() == 1, "a second time nothing is written"

    ended.refresh_from_db()
    assert (ended.missing & 1, ended.revision) == (1, revision)
    client = as_user("catalog.view_product")
    shown = client.get(reverse("catalog:product_list"), {"view": "unpriced"}).context["table"].shown
    assert [row.name for row in shown] == ["Ended"]


def test_tabs_count_without_looking_at_prices(as_user: AsUser, shelves: dict[str, Any]) -> None:
    client = as_user("catalog.view_product")
    client.get(reverse("catalog:product_list"))

    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        page = client.get(reverse("catalog:product_list")).content.decode()

    counted = next(sql for sql in asked if "counted_1" in sql)
    assert "catalog_price" not in counted
    assert re.search(r"Without a price\s*<span>1</span>", page)
    assert re.search(r"Retired\s*<span>0</span>", page)
