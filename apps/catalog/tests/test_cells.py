"""What is edited in the cells of the product list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.services import products
from apps.catalog.tests.factories import make_product

AsUser = Callable[..., Client]
pytestmark = pytest.mark.django_db
CELL = "inline-3"
INTO = {"HX-Request": "true", "HX-Target": CELL}


def address(product: Product) -> str:
    return reverse("catalog:product_active", args=[product.pk])


def test_the_table_says_once_which_cells_are_edited_and_only_to_whom_may(as_user: AsUser) -> None:
    make_product("Bread")
    url = reverse("catalog:product_list")

    may_not = as_user("catalog.view_product", "catalog.change_price").get(url).content.decode()
    may = as_user("catalog.view_product", "catalog.change_product").get(url).content.decode()
    fewer = as_user("catalog.view_product", "catalog.change_product").get(url, {"hide": "category"}).content.decode()

    assert 'data-edit="2name/ 5active/"' in may
    assert 'id="pencil"' in may
    assert 'data-edit="2name/ 4active/"' in fewer
    assert "data-edit" not in may_not
    assert 'id="pencil"' not in may_not


def test_what_the_table_says_leads_to_the_cells(as_user: AsUser) -> None:
    product = make_product("Bread")
    client = as_user("catalog.view_product", "catalog.change_product")
    home = reverse("catalog:product_detail", args=[product.pk])

    for path, name in (("name/", "product_name"), ("active/", "product_active")):
        assert f"{home}{path}" == reverse(f"catalog:{name}", args=[product.pk])
        answer = client.get(f"{home}{path}", headers=INTO)
        assert f'<form id="{CELL}"' in answer.content.decode()


def test_a_product_is_retired_and_restored_in_its_cell(as_user: AsUser) -> None:
    product = make_product("Bread")
    client = as_user("catalog.view_product", "catalog.change_product")

    gone = client.post(address(product), {"is_active": "False", "revision": 1}, headers=INTO)
    product.refresh_from_db()
    assert (product.is_active, product.revision) == (False, 2)
    assert "<span class=badge>Retired</span>" in gone.content.decode()
    assert "Bread is retired." in gone.content.decode()
    assert "changed:catalog-product-counts" in gone["HX-Trigger-After-Settle"]
    assert '"changed:catalog-product"' not in gone["HX-Trigger-After-Settle"], "the rows stay as they are"
    back = client.post(address(product), {"is_active": "True", "revision": 2}, headers=INTO).content.decode()

    product.refresh_from_db()
    assert product.is_active
    assert back.startswith("Active")
    assert product.history.count() == 3


def test_the_same_answer_sent_twice_changes_once(as_user: AsUser) -> None:
    product = make_product("Bread")
    client = as_user("catalog.view_product", "catalog.change_product")

    first = client.post(address(product), {"is_active": "False", "revision": 1}, headers=INTO)
    second = client.post(address(product), {"is_active": "False", "revision": 1}, headers=INTO)

    product.refresh_from_db()
    assert (first.status_code, second.status_code) == (200, 409)
    assert (product.is_active, product.history.count()) == (False, 2)


def test_a_lost_change_says_in_words_what_is_there_now(as_user: AsUser) -> None:
    product = make_product("Bread")
    client = as_user("catalog.view_product", "catalog.change_product")
    products.retire(product)

    answer = client.post(address(product), {"is_active": "True", "revision": 1}, headers=INTO)

    assert answer.status_code == 409
    assert "now it is: Retired" in answer.content.decode()
    product.refresh_from_db()
    assert not product.is_active


def test_neither_a_wrong_value_nor_a_stranger_changes_anything(as_user: AsUser) -> None:
    product = make_product("Bread")

    refused = as_user("catalog.view_product").post(address(product), {"is_active": "False", "revision": 1})
    wrong = as_user("catalog.change_product").post(address(product), {"is_active": "maybe", "revision": 1})

    product.refresh_from_db()
    assert (wrong.status_code, refused.status_code) == (422, 403)
    assert product.is_active


def test_without_scripts_it_is_a_small_page(as_user: AsUser) -> None:
    product = make_product("Bread")
    client = as_user("catalog.view_product", "catalog.change_product")

    page = client.get(address(product)).content.decode()
    answer = client.post(address(product), {"is_active": "False", "revision": 1})

    assert "<h1>Bread</h1>" in page
    assert (answer.status_code, answer.url) == (302, product.get_absolute_url())
