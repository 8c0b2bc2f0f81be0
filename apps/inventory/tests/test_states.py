from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.services import attributes, categories, schema, variants

from .factories import make_location, make_product, make_stock

AsUser = Callable[..., Client]


@pytest.mark.django_db
def test_products_are_narrowed_by_their_stock_for_those_who_may_see_it(as_user: AsUser) -> None:
    make_stock(make_product("Rye"), 3, make_location())
    make_product("Tea")
    make_product("Espresso", sell_policy="on_demand")
    stranger = as_user("catalog.view_product", username="a")
    keeper = as_user("catalog.view_product", "inventory.view_stockbalance", username="b")

    def shown(client: Client, stock: str) -> list[str]:
        table = client.get(reverse("catalog:product_list"), {"stock": stock}).context["table"]
        return sorted(row.name for row in table.shown)

    assert shown(keeper, "in") == ["Rye"]
    assert shown(keeper, "out") == ["Tea"]
    assert shown(keeper, "short") == shown(keeper, "low") == shown(keeper, "expiring") == []
    assert shown(stranger, "in") == ["Espresso", "Rye", "Tea"], "not even by the address"
    assert shown(keeper, "nonsense") == ["Espresso", "Rye", "Tea"]
    facets = {"HX-Request": "true", "HX-Target": "facet-list"}
    assert "In stock" in keeper.get(reverse("catalog:product_list"), headers=facets).content.decode()
    assert "In stock" not in stranger.get(reverse("catalog:product_list"), headers=facets).content.decode()


@pytest.mark.django_db
def test_variants_show_what_is_on_hand_to_those_who_may_see_it(as_user: AsUser) -> None:
    category = categories.create(name="Cakes")
    size = attributes.create(name="Size", type="select", options=["Small", "Large"])
    schema.add(category, size, is_variant_axis=True)
    cake = make_product("Cake", kind="configurable", category=category)
    variants.set_axes(cake, ["size"])
    cake.refresh_from_db()
    small, _large = variants.make(cake, [("small",), ("large",)])
    make_stock(small, 7, make_location())
    page = reverse("catalog:product_variants", args=[cake.pk])

    keeper = as_user("catalog.view_product", "inventory.view_stockbalance", username="b").get(page).content.decode()
    stranger = as_user("catalog.view_product", username="a").get(page).content.decode()

    assert "7 on hand" in keeper
    assert "0 on hand" in keeper
    assert "on hand" not in stranger
