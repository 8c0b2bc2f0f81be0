from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog import search
from apps.catalog.services import categories, packs, products

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
