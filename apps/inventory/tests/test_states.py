from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

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
