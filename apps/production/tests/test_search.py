"""The palette finds recipes and work orders by their products' words."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.catalog.tests.factories import make_product
from apps.production import search
from apps.production.models import Recipe
from apps.production.services import recipes, work_orders
from apps.production.services.recipes import LineSpec
from apps.production.tests.build import D, due, ingredient, place, recipe

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(user_with: Callable[..., Any]) -> Any:
    return user_with("production.view_recipe", "production.view_workorder")


@pytest.fixture
def rye() -> Recipe:
    return recipe(make_product("Rye bread", sku="BR-RYE"), "10", [LineSpec(ingredient("Rye flour"), D(1))])


def titles(found: list[Any]) -> list[str]:
    return [str(hit.title) for hit in found]


def test_recipes_are_found_by_the_beginnings_of_all_words(rye: Recipe, owner: Any) -> None:
    assert titles(search.recipes("bre ry", owner)) == [str(rye)]
    assert titles(search.recipes("BR-RYE", owner)) == [str(rye)]
    assert search.recipes("rye cake", owner) == []
    assert search.recipes("´", owner) == []


def test_the_recipe_in_use_stands_for_the_versions_before(rye: Recipe, owner: Any) -> None:
    newer = recipes.activate(recipes.new_version(rye))

    assert titles(search.recipes("rye bread", owner)) == [str(newer)]


def test_work_orders_are_found_by_number_and_by_product(rye: Recipe, owner: Any) -> None:
    place("production")
    older = work_orders.plan(rye.product, quantity=D(10), due_at=due())
    newer = work_orders.plan(rye.product, quantity=D(10), due_at=due())

    assert [hit.url for hit in search.work_orders("rye", owner)] == [
        newer.get_absolute_url(),
        older.get_absolute_url(),
    ]
    assert [hit.url for hit in search.work_orders(older.number[-6:], owner)] == [older.get_absolute_url()]
    assert search.work_orders("spelt", owner) == []


def test_no_names_of_all_products_are_walked_through(rye: Recipe, owner: Any) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert search.recipes("rye", owner)
    plans = []
    if connection.vendor == "sqlite":  # PostgreSQL knows its tables by itself
        with connection.cursor() as cursor:
            for query in asked.captured_queries:
                cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
                plans += [step[-1] for step in cursor.fetchall()]
    assert not [step for step in plans if "product_by_name" in step]
