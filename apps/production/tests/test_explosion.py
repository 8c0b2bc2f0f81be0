"""Counting down the recipes, against the plainest way to count: object by object, fraction by fraction."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from apps.catalog.models import Product
from apps.catalog.tests.factories import make_product
from apps.production.models import Recipe
from apps.production.selectors import explosion
from apps.production.services.recipes import LineSpec
from apps.production.tests.build import recipe

pytestmark = pytest.mark.django_db
D = Decimal


def plant(chance: Random) -> list[Product]:
    """Twelve products, each made of some of those after it; the last four are bought."""
    products = [
        make_product(
            f"Thing {number}",
            unit=chance.choice(["kg", "g", "un"]),
            sell_policy=chance.choice(["stock_only", "stock_only", "on_demand"]),
        )
        for number in range(12)
    ]
    for number in reversed(range(8)):
        inside = chance.sample(products[number + 1 :], k=min(4, 11 - number))
        lines = [
            LineSpec(
                component,
                D(chance.randint(1, 5000)) / 1000,
                attrition_percent=D(chance.choice(["0", "7.5", "33.3333"])),
                is_setup=position == 2,
            )
            for position, component in enumerate([*inside, inside[0]])
        ]
        recipe(
            products[number],
            str(chance.randint(1, 30)),
            lines,
            yield_loss_percent=D(chance.choice(["0", "3", "12.5"])),
            batch_multiple=chance.choice([None, D(6)]),
            is_phantom=number in (4, 6),
        )
    return products


def rounded(value: Fraction, step: Decimal, *, up: bool) -> Decimal:
    units = value / Fraction(step)
    return (-(-units.numerator // units.denominator) if up else units.numerator // units.denominator) * step


def plainly(starts, stock, order):
    """What every product is asked for: (needed, missing, to make, asked by), one row object after the other."""
    need, by, found = defaultdict(Fraction), defaultdict(set), {}
    for pk in order:
        product = Product.objects.get(pk=pk)
        made = Recipe.objects.filter(product=product, status="active").first()
        keep = 1 - Fraction(made.yield_loss_percent) / 100 if made else Fraction(1)
        step = product.unit.step
        needed = rounded(need[pk], step, up=True)
        available, expected = stock.get(pk, (D(0), D(0)))
        started = Fraction(starts.get(pk, 0))
        coming = rounded(started * keep, step, up=False) if made else D(0)
        counted = product.sell_policy != "on_demand" and not (made and made.is_phantom)
        missing = max(needed - available - expected - coming, D(0)) if counted else D(0)
        to_make = D(0)
        if made and missing:
            to_make = rounded(Fraction(missing) / keep, made.batch_multiple or step, up=True)
            started += Fraction(to_make)
        elif made and not counted:
            started += need[pk] / keep
        for line in made.lines.order_by("position", "pk") if made and started else ():
            taken = Fraction(line.quantity) * line.unit.ratio / line.component.unit.ratio
            taken *= 1 + Fraction(line.attrition_percent) / 100
            need[line.component_id] += taken if line.is_setup else taken / Fraction(made.output_quantity) * started
            by[line.component_id].add(pk)
        if needed:
            found[pk] = (needed, missing, to_make, made is not None, tuple(sorted(by[pk])))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_counting_object_by_object_gives_to_the_last_digit(seed):
    chance = Random(seed)
    products = plant(chance)
    starts = {products[0].pk: D(17), products[3].pk: D(5)}
    stock = {product.pk: (D(chance.randint(-3, 40)), D(chance.randint(0, 5))) for product in products[1::2]}
    book = explosion.load(starts)
    for there in ({}, stock):
        found = book.explode(starts, there)
        expected = plainly(starts, there, [product.pk for product in products])
        assert {
            row.product_id: (row.needed, row.missing, row.to_make, row.is_made, row.needed_by) for row in found
        } == expected
        assert len(found) > 3
        assert all(isinstance(row.needed, Decimal) for row in found)


def test_products_are_read_when_one_is_looked_at_and_then_all(django_assert_num_queries):
    products = plant(Random(1))
    with django_assert_num_queries(1):
        found = explosion.load([products[0].pk]).explode({products[0].pk: D(10)})
    with django_assert_num_queries(1):
        names = {row.product.name for row in found}
    assert names <= {product.name for product in products}


def test_what_has_no_recipe_is_asked_for_alone():
    flour = make_product("Flour", unit="kg")
    book = explosion.load([flour.pk])
    assert (book.order(), book.explode({flour.pk: D(3)})) == ([], [])
    assert book.facts[flour.pk] == (flour.unit.step, True)
    assert book.name(flour.pk) == "Flour"
    assert explosion.load([]).explode({}) == []
