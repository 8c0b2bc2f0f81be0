from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.services import attributes, bulk_edit, categories, schema

from .factories import make_product

pytestmark = pytest.mark.django_db


def test_only_what_is_given_changes() -> None:
    product = make_product("Loaf", shelf_life_days=3, tax_rate=Decimal(5))

    same = bulk_edit.set_fields(product, sell_policy="", shelf_life_days=None, is_sellable=None)
    changed = bulk_edit.set_fields(product, tax_rate=Decimal(0), is_sellable=False, shelf_life_days=0)

    assert same.revision == product.revision
    assert (changed.tax_rate, changed.is_sellable, changed.shelf_life_days) == (0, False, 0)
    assert changed.sell_policy == "stock_only"


def test_tags_are_added_once_and_taken_away_whatever_their_case() -> None:
    product = make_product("Loaf", tags=["New", "Summer"])

    product = bulk_edit.retag(product, add=["summer", "Bread"], remove=["new"])

    assert product.tags == ["Summer", "Bread"]


def test_all_that_match_are_changed_and_refusals_are_said(as_user: Any) -> None:
    loaves = [make_product(f"Loaf {number}") for number in range(3)]
    other, cake = make_product("Roll"), make_product("Loaf cake", kind="configurable")
    client = as_user("catalog.view_product", "catalog.change_product")
    url = f"{reverse('catalog:product_list')}?q=loaf"

    shown = client.post(url, {"action": "fields", "scope": "all"})
    assert shown.status_code == 200, "it asks first"
    assert not Product.objects.filter(tax_rate=7).exists()
    empty = client.post(url, {"action": "fields", "scope": "all", "confirm": "1"})
    assert empty.status_code == 422
    client.post(url, {"action": "fields", "scope": "all", "confirm": "1", "tax_rate": "7", "is_sellable": "1"})

    assert set(Product.objects.filter(tax_rate=7)) == {*loaves, cake}
    cake.refresh_from_db()
    assert not cake.is_sellable, "what stands for its variants is not sold itself"
    client.post(
        reverse("catalog:product_list"), {"action": "tags", "ids": [other.pk], "confirm": "1", "add": "warm, round"}
    )
    other.refresh_from_db()
    assert other.tags == ["warm", "round"]


def test_attributes_of_many_products_change_at_once_and_who_cannot_have_one_is_named(as_user: Any) -> None:
    breads, shop = categories.create(name="Breads"), categories.create(name="Shop")
    for attribute in (
        attributes.create(name="Origin", type="text"), attributes.create(name="Organic", type="boolean"),
        attributes.create(name="Crust", type="select", options=["Thin", "Thick"]),
    ):  # fmt: skip
        schema.add(breads, attribute)
    loaf = make_product("Loaf", category=breads, attributes={"origin": "Minas", "organic": True})
    rye = make_product("Rye", category=breads)
    mug = make_product("Mug", category=shop)
    client = as_user("catalog.view_product", "catalog.change_product")
    url = reverse("catalog:product_list")
    data = {"action": "attributes", "ids": [loaf.pk, rye.pk, mug.pk]}

    assert "Crust" in client.post(url, data).content.decode()
    assert client.post(url, data | {"confirm": "1"}).status_code == 422, "nothing chosen"
    both = client.post(url, data | {"confirm": "1", "attr_origin": "Bahia", "clear": ["origin"]})
    assert both.status_code == 422
    done = client.post(url, data | {"confirm": "1", "attr_crust": "thick", "attr_organic": "no", "clear": ["origin"]})

    assert done.status_code == 200
    assert "Mug" in done.content.decode(), "refused, with its reason"
    for product in (loaf, rye, mug):
        product.refresh_from_db()
    assert loaf.attributes == rye.attributes == {"crust": "thick", "organic": False}
    assert mug.attributes == {}
    assert loaf.history.count() == 2
