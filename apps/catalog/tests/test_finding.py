"""What is found where a word is mistyped; on both databases the same, whatever extensions there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.catalog import search
from apps.catalog.models import Product, vocabulary, words
from apps.catalog.selectors import finding
from apps.catalog.services import bulk, products
from backoffice.kernel import clock
from backoffice.kernel.text import fold
from backoffice.observability.backup import postgres, sqlite

from .factories import make_product

pytestmark = pytest.mark.django_db

SHELF = ("Butter croissant", "Brioche", "Farinha de trigo", "Rye bread", "Spelt bread", "Pão de queijo", "Fig jam")


@pytest.fixture
def shelf() -> list[Product]:
    return [make_product(name, sku=f"S-{place:04}") for place, name in enumerate(SHELF)]


def names(text: str) -> list[str]:
    condition = finding.find(text).condition
    return list(Product.objects.filter(condition).order_by("name").values_list("name", flat=True))


@pytest.mark.parametrize(
    ("typed", "shown", "found"),
    [
        ("croisant", "croissant", ["Butter croissant"]),  # one too few
        ("crroissant", "croissant", ["Butter croissant"]),  # one too many
        ("crossiant", "croissant", ["Butter croissant"]),  # two at the wrong place
        ("rcoissant", "croissant", ["Butter croissant"]),  # at the very beginning
        ("criosa", "croissant", ["Butter croissant"]),  # a beginning
        ("oissant", "croissant", ["Butter croissant"]),  # an end
        ("CROISANT", "croissant", ["Butter croissant"]),
        ("brioch", "brioch", ["Brioche"]),  # nothing to forgive
        ("briohce", "brioche", ["Brioche"]),
        ("farnha", "farinha", ["Farinha de trigo"]),
        ("FARÍNA", "farinha", ["Farinha de trigo"]),
        ("quejo", "queijo", ["Pão de queijo"]),
        ("brad", "bread", ["Rye bread", "Spelt bread"]),
        ("spelt braed", "spelt bread", ["Spelt bread"]),
        ("spellt braed", "spelt bread", ["Spelt bread"]),
        ("queijo pao", "queijo pao", ["Pão de queijo"]),
    ],
)
def test_a_slip_is_forgiven(shelf: list[Product], typed: str, shown: str, found: list[str]) -> None:
    understood = finding.find(typed)

    assert understood.shown == shown
    assert understood.instead is (typed != shown)
    assert names(typed) == found


@pytest.mark.parametrize(
    "typed",
    [
        "croissant trigo",  # both are words, only nothing has both
        "fgi",  # too short to say what was meant
        "s-9999",  # a code
        "xyzzyx",
        "xyzzyx bread",
        "bread xyzzyx 12",
        '"croisant"',
        "“croisant”",
        "b r i o c h",
        "a a a a a a a a croisant",
        "%%%%",
        "____",
        "'; --",
        "croissant' | 'bread",
        "\\",
        "zz\x00zz",
    ],
)
def test_what_nobody_can_mean_finds_nothing(shelf: list[Product], typed: str) -> None:
    assert finding.find(typed).shown == typed
    assert names(typed) == []


def test_in_quotation_marks_a_word_is_taken_as_it_is(shelf: list[Product]) -> None:
    assert names('"croissant"') == names('"crois') == ["Butter croissant"]
    assert names('"') == sorted(SHELF)


def test_the_last_signs_of_a_code_find_it_where_no_word_begins_so() -> None:
    one = make_product("Bun", sku="BU-1", barcode="7891234500021")
    make_product("Loaf", sku="LO-7")

    assert names("0021") == names("bun 500021") == ["Bun"]
    assert names("021") == names("loaf 0021") == []
    make_product("Box 0021", sku="BX")
    assert names("0021") == ["Box 0021"], "what begins so goes before"
    assert names("91234") == [one.name]


def test_a_word_is_known_as_soon_as_it_is_written() -> None:
    one, two = make_product("Alpha"), make_product("Betula")
    products.update(one, name="Gammas")
    two.name = "Deltoid"
    two.refresh_search_text()
    bulk.save_products([two], ["name", "search_text"])

    assert names("gamas") == ["Gammas"]
    assert names("deltiod") == ["Deltoid"]
    assert names("betla") == [], "no product has it any more"
    vocabulary.relearn()
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT term FROM catalog_word ORDER BY term")
        assert {"gammas", "deltoid"} <= {term for (term,) in cursor.fetchall()}
        cursor.execute("SELECT COUNT(*) FROM catalog_word WHERE term IN ('alpha', 'betula')")
        assert cursor.fetchone() == (0,)
    assert names("gamas") == ["Gammas"]


@pytest.mark.parametrize(
    ("word", "term", "slips"),
    [
        ("bread", "bread", 0),
        ("brea", "breadbasket", 0),
        ("braed", "bread", 1),
        ("bred", "bread", 1),
        ("breead", "bread", 1),
        ("breat", "bread", 1),
        ("berad", "bread", 1),
        ("baerd", "bread", 2),
        ("xxxxx", "bread", 3),
        ("bread", "b", 3),
    ],
)
def test_slips_are_counted_up_to_a_limit(word: str, term: str, slips: int) -> None:
    assert vocabulary.slips_between(word, term, 2) == slips


@pytest.mark.parametrize(
    "text",
    ["bread", "br", "e", "ead", "s-0003", "s 0003", "s-000", "0003", "spelt bread", "bread spelt", "de", "PÃO queijo"],
)
def test_of_few_and_of_many_the_same_are_found(shelf: list[Product], text: str) -> None:
    """Beyond so many PostgreSQL walks along the list; SQLite knows only one way."""
    of_few = names(text)
    condition = finding.find(text, few=0).condition

    assert list(Product.objects.filter(condition).order_by("name").values_list("name", flat=True)) == of_few
    plainly = words.conditions(fold(text).split(), few=0)
    assert list(Product.objects.filter(plainly).order_by("name").values_list("name", flat=True)) == of_few


def test_what_many_have_is_asked_once_a_minute(
    shelf: list[Product], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(words, "FIRST", 0)
    monkeypatch.setattr(words, "common", words.Common())
    asked = 1 if connection.vendor == "postgresql" else 0
    now = clock.now()

    with clock.fixed(now):
        with django_assert_num_queries(asked):
            words.conditions(["bread"], few=0)
        with django_assert_num_queries(0):
            condition = words.conditions(["bread"], few=0)
        assert Product.objects.filter(condition).count() == 2
        Product.objects.filter(condition).delete()
        assert Product.objects.filter(words.conditions(["bread"], few=0)).count() == 0, "and it does no harm"
        with django_assert_num_queries(asked):
            words.conditions(["brioche"], few=0)
    with clock.fixed(now + timedelta(seconds=61)), django_assert_num_queries(asked):
        words.conditions(["bread"], few=0)


def test_signs_between_words_are_no_part_of_them() -> None:
    make_product("Cake (carrot/nut), 20% “light”", sku="CA-0012.B")

    for text in ("carrot", "nut", "20%", "light", "ca-0012", "0012.b", "ca-0012.b", "(carrot", "carrot/nut", "nut 20"):
        assert len(names(text)) == 1, text
    for text in ("arrot", "ca-12", "0012-ca", "nut/carrot"):
        assert words.look(text.split()).found is False, text


def test_the_list_says_what_it_took_and_leads_back(shelf: list[Product], as_user: Callable[..., Client]) -> None:
    client = as_user("catalog.view_product")
    address = reverse("catalog:product_list")

    page = client.get(address, {"q": "croisant", "kind": "simple", "page": "1"})
    assert [row.name for row in page.context["table"].shown] == ["Butter croissant"]
    text = page.content.decode()
    assert "Nothing has “croisant”. These have “croissant”." in text
    assert 'href="?q=%22croisant%22&amp;kind=simple"' in text

    literal = client.get(address, {"q": '"croisant"', "kind": "simple"}).content.decode()
    assert "Nothing matches" in literal
    assert "These have" not in literal
    found = client.get(address, {"q": "croissant"}).content.decode()
    assert "These have" not in found


def test_what_is_typed_is_text_on_the_page(shelf: list[Product], as_user: Callable[..., Client]) -> None:
    page = as_user("catalog.view_product").get(reverse("catalog:product_list"), {"q": "<b>croisant</b>"})

    assert "<b>croisant" not in page.content.decode()


def test_facets_count_what_the_list_shows(shelf: list[Product], as_user: Callable[..., Client]) -> None:
    client = as_user("catalog.view_product")
    headers = {"HX-Request": "true", "HX-Target": "facet-list"}

    def asked(text: str) -> bytes:
        return bytes(client.get(reverse("catalog:product_list"), {"q": text}, headers=headers).content)

    assert asked("brad") == asked("bread") != asked("rye")


def test_a_slip_costs_few_queries(
    shelf: list[Product], as_user: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    client = as_user("catalog.view_product")
    address, headers = reverse("catalog:product_list"), {"HX-Request": "true", "HX-Target": "table"}
    client.get(address, {"q": "rye"}, headers=headers)
    with django_assert_max_num_queries(12):
        client.get(address, {"q": "croisant"}, headers=headers)


def test_no_backup_has_the_words_they_are_made_from_the_products() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            tables = postgres.tables(cursor)
        else:
            tables = sqlite.tables(connection.connection)

    assert "catalog_product" in tables
    assert "catalog_word" not in tables


def test_the_palette_says_it_too(shelf: list[Product], as_user: Callable[..., Client]) -> None:
    client = as_user("catalog.view_product")

    text = client.get(reverse("ui:palette"), {"q": "croisant"}).content.decode()
    assert "Nothing has “croisant”. These have “croissant”." in text
    assert "<mark>croissant</mark>" in text
    assert f'href="{reverse("ui:palette")}?q=%22croisant%22"' in text

    literal = client.get(reverse("ui:palette"), {"q": '"croisant"'}).content.decode()
    assert "Butter croissant" not in literal
    quoted = client.get(reverse("ui:palette"), {"q": '"croissant"'}).content.decode()
    assert "<mark>croissant</mark>" in quoted


def test_the_palette_asks_little_for_a_slip(
    shelf: list[Product], user_with: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    user = user_with("catalog.view_product")
    user.get_all_permissions()
    with django_assert_max_num_queries(6):
        assert [hit.title for hit in search.products("croisant", user)] == ["Butter croissant"]
