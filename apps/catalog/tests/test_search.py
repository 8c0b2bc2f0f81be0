from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.catalog import search
from apps.catalog.models import Attribute, Product
from apps.catalog.services import attributes, bulk, categories, packs, products, schema, search_words
from backoffice.outbox.models import Directive

from .factories import make_product

pytestmark = pytest.mark.django_db


def test_the_palette_finds_products_an_exact_code_first(user_with: Callable[..., Any]) -> None:
    bread = categories.create(name="Bread", icon="wheat", hue="bread")
    make_product("Aveia 12", sku="Z")
    make_product("Pão de forma", sku="12", category=bread)
    user = user_with("catalog.view_product")

    assert [(hit.title, hit.meta, hit.icon) for hit in search.products("12", user)] == [
        ("Pão de forma", "12", "wheat"),
        ("Aveia 12", "Z", "package"),
    ]
    assert [hit.title for hit in search.products("PAO forma", user)] == ["Pão de forma"]
    assert search.products("12", user_with(username="stranger")) == []


def test_what_is_retired_comes_last(user_with: Callable[..., Any]) -> None:
    products.retire(make_product("A bun"))
    make_product("B bun")

    assert [hit.title for hit in search.products("bun", user_with("catalog.view_product"))] == ["B bun", "A bun"]


def test_of_many_those_in_use_come_first_however_many_are_retired(user_with: Callable[..., Any]) -> None:
    user = user_with("catalog.view_product")
    retired = [make_product(f"A bun {number:02}") for number in range(search.CHOICE)]
    for product in retired:
        products.retire(product)
    make_product("Z bun")

    assert [hit.title for hit in search.products("bun", user)][:2] == ["Z bun", "A bun 00"]

    for number in range(search.CHOICE):
        make_product(f"M bun {number:02}")
    assert [hit.title for hit in search.products("bun", user)] == [
        f"M bun {number:02}" for number in range(search.MOST)
    ]


def test_words_are_looked_up_and_not_looked_for() -> None:
    """Each database has an index of words, and PostgreSQL the words in the index by name, for what thousands have."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'catalog_product_words'")
            assert "fts5" in cursor.fetchone()[0]
            return
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'catalog_product'")
        made = dict(cursor.fetchall())
    assert made["product_by_name_and_stock"].endswith("(name, id, sell_policy, is_active) INCLUDE (search_text)")
    assert "gin (catalog_words((search_text)::text))" in made["product_by_words"]
    assert "product_by_trigrams" not in made, "nothing depends on an extension"


def test_the_longest_words_fit_in_the_index() -> None:
    product = make_product("🥐" * 120)
    crumbs = "".join(chr(0x1F400 + number) for number in range(500))
    Product.objects.filter(pk=product.pk).update(search_text=crumbs)

    assert list(Product.objects.filter(search_text__contains=crumbs[480:])) == [product]


def test_a_reader_is_offered_nothing_to_change(as_user: Callable[..., Client]) -> None:
    product = make_product("Bread", price="5")
    packs.add(product, name="box", quantity=product.tax_rate + 6)
    client = as_user("catalog.view_product", "catalog.view_category")
    change = [
        reverse("catalog:product_edit", args=[product.pk]),
        reverse("catalog:price_set", args=[product.pk]),
        reverse("catalog:pack_create", args=[product.pk]),
        reverse("catalog:product_name", args=[product.pk]),
        reverse("catalog:product_create"),
        reverse("catalog:category_create"),
    ]

    for name, args in [("product_list", []), ("product_detail", [product.pk]), ("category_list", [])]:
        shown = client.get(reverse(f"catalog:{name}", args=args)).content.decode()
        assert [url for url in change if f'"{url}"' in shown] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("carrot", True),
        ("CARR", True),
        ("cake choc", True),
        ("ca-0012", True),
        ("0012", True),
        ("789123", True),
        ("wholemeal", True),
        ("serra", True),
        ("bolo", False),
        ("carrot bread", False),
        ('"', False),
        ("* OR carrot", False),
        ("NEAR(carrot)", False),
        ("", True),
        ("  ", True),
    ],
)
def test_products_are_found_by_words_and_their_beginnings(text: str, found: bool) -> None:
    cakes = categories.create(name="Cakes")
    for name, kind, options in (("Flour", "select", ["Wholemeal"]), ("Origin", "text", [])):
        schema.add(cakes, attributes.create(name=name, type=kind, options=options))
    cake = make_product(
        "Carrot cake, chocolate", sku="CA-0012", barcode="7891234500021", category=cakes,
        attributes={"flour": "wholemeal", "origin": "Serra Negra"},
    )  # fmt: skip
    make_product("Rye bread", sku="BR-1")

    assert (cake in Product.objects.search(text)) is found


def test_the_index_follows_every_way_of_writing() -> None:
    one, two = make_product("Alpha"), make_product("Beta")
    products.update(one, name="Gamma")
    two.name = "Delta"
    two.refresh_search_text()
    bulk.save_products([two], ["name", "search_text"])

    assert not Product.objects.search("alpha").exists()
    assert not Product.objects.search("beta").exists()
    assert list(Product.objects.search("gamma")) == [one]
    assert list(Product.objects.search("delta")) == [two]
    Product.objects.filter(pk=one.pk).delete()
    assert not Product.objects.search("gamma").exists()


def test_the_list_the_palette_and_fields_search_alike(as_user: Callable[..., Client]) -> None:
    make_product("Butter croissant")
    make_product("Rye bread")
    client = as_user("catalog.view_product")

    page = client.get(reverse("catalog:product_list"), {"q": "crois BUTT"})

    assert [row.name for row in page.context["table"].shown] == ["Butter croissant"]


@pytest.fixture
def filled() -> Product:
    """A cake with a filling, one of several, and what it suits."""
    cakes = categories.create(name="Cakes")
    schema.add(cakes, attributes.create(name="Filling", type="select", options=["Doce de leite", "Chocolate"]))
    schema.add(cakes, attributes.create(name="Suits", type="multiselect", options=["Weddings", "Crianças"]))
    values = {"filling": "doce-de-leite", "suits": ["weddings", "criancas"]}
    return make_product("Torta", category=cakes, attributes=values)


def found(text: str) -> list[str]:
    return [row.name for row in Product.objects.search(text)]


def test_a_choice_is_found_by_its_name_not_by_its_code(filled: Product) -> None:
    attribute = Attribute.objects.get(code="filling")

    assert found("leite") == found("doce torta") == found("CRIANÇAS") == found("wedding") == ["Torta"]
    assert "doce-de-leite" not in filled.search_text

    attributes.update(
        attribute, name="Filling", type="select", renamed={"doce-de-leite": "Caramel", "chocolate": "Chocolate"}
    )

    assert (found("caramel"), found("leite"), found("wedding")) == (["Torta"], [], ["Torta"])
    assert filled.history.count() == 1, "no news of the product"


def test_choices_of_many_products_get_their_new_name_in_the_background(
    filled: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_words, "AT_ONCE", 0)
    monkeypatch.setattr(search_words, "BATCH", 1)
    make_product("Bolo", category=filled.category, attributes={"filling": "doce-de-leite"})
    attribute = Attribute.objects.get(code="filling")

    attributes.update(attribute, name="Filling", type="select", renamed={"doce-de-leite": "Caramel"})

    directive = Directive.objects.get(topic=search_words.TOPIC)
    assert found("caramel") == []
    monkeypatch.setattr(search_words.directives, "heartbeat", lambda directive: None)
    search_words.recompute(directive)
    assert sorted(found("caramel")) == ["Bolo", "Torta"]


def test_saving_what_nobody_searches_by_asks_for_no_choices(filled: Product, django_assert_num_queries: Any) -> None:
    filled.tax_rate = filled.tax_rate + 1
    with django_assert_num_queries(2):  # the row and its history
        filled.save(update_fields=["tax_rate"])
