"""Recipes of recipes: trees of products, each made of `width` others, down to things that are bought."""

from decimal import Decimal
from typing import Any

from apps.catalog.models import Product, Unit
from apps.production.models import Recipe, RecipeLine
from apps.production.selectors import explosion
from benchmarks.load import load
from benchmarks.meter import Reading, measure

QUANTITY = 1_000_000


def plant(name: str, *, width: int, depth: int) -> int:
    """A tree of recipes in use; returns the product at its root. `depth` levels of recipes, width ** depth leaves."""
    kilo = Unit.objects.get(code="kg")
    levels = [width**level for level in range(depth + 1)]
    first = (Product.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    last = first + sum(levels)
    made = sum(levels[:-1])
    load(
        Product,
        ("id", "sku", "name", "search_text"),
        ((pk, f"{name}-{pk}", f"{name} {pk}", f"{name} {pk}".lower()) for pk in range(first, last)),
        unit=kilo,
        is_sellable=False,
    )
    recipe = (Recipe.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    load(
        Recipe,
        ("id", "product_id"),
        ((recipe + node, first + node) for node in range(made)),
        output_quantity=Decimal(10),
        version=1,
        status=Recipe.Status.ACTIVE,
    )
    line = (RecipeLine.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    load(
        RecipeLine,
        ("id", "recipe_id", "component_id", "position"),
        (
            (line + node * width + branch, recipe + node, first + 1 + node * width + branch, branch + 1)
            for node in range(made)
            for branch in range(width)
        ),
        quantity=Decimal(2),
        unit=kilo,
    )
    return first


def explode(roots: list[int], *, net: bool, nodes: int) -> Reading:
    """Everything that making ten of each takes, at every level; `net` of stock and of what is in work."""

    def work(number: int) -> int:
        found: Any = explosion.explode(dict.fromkeys(roots, Decimal(10 + number)), net=net)
        assert len(found) == nodes, len(found)
        return 0

    return measure(work, rounds=8, warm_up=1)
