from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.services import bulk_edit

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
