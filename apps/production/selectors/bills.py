"""Recipes as far as quantities go, read as the whole numbers that the tables hold. No product is read for it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection

from apps.catalog.models import Product
from apps.production.models import Recipe
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.fields import PriceField, QuantityField
from backoffice.kernel.quantity import NoConversion

NOTHING = Fraction(0)


class Edge(NamedTuple):
    """A line of a recipe, in the component's unit, attrition included: per unit of output, and once an order."""

    component_id: int
    per_output: Fraction
    fixed: Fraction
    is_optional: bool
    note: str


@dataclass(frozen=True, slots=True)
class Bill:
    """A recipe, as far as quantities go."""

    recipe_id: int
    product_id: int
    version: int
    output_quantity: Decimal
    loss: Fraction
    batch_multiple: Decimal | None
    is_phantom: bool
    edges: tuple[Edge, ...]

    def gross(self, good: Fraction) -> Fraction:
        """What must be started so that `good` comes out."""
        return good / (1 - self.loss) if self.loss else good

    def good(self, started: Fraction) -> Fraction:
        return started * (1 - self.loss)


class Products(Mapping[int, Product]):
    """Products by their key. They are read, all at once, when the first is looked at: most are only counted."""

    def __init__(self, keys: Iterable[int] = ()) -> None:
        self._keys = dict.fromkeys(keys)
        self._found: dict[int, Product] | None = None

    def __getitem__(self, product_id: int) -> Product:
        if self._found is None:
            self._found = {product.pk: product for product in _PRODUCTS(self._keys.keys())}
        return self._found[product_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __contains__(self, product_id: object) -> bool:
        return product_id in self._keys

    def __len__(self) -> int:
        return len(self._keys)


class Fact(NamedTuple):
    """What counting needs to know of a product."""

    step: Decimal
    is_stocked: bool


def read(wanted: list[int], using: Recipe | None) -> tuple[dict[int, Bill], dict[int, Fact]]:
    """The recipes of the products and of all that is inside them, and facts of what these name; one query.

    `using` stands in for the recipe in use of its product. Raises NoConversion.
    """
    own, stand_in = (using.product_id, using.pk) if using is not None else (0, 0)
    rows = _below(wanted, own, stand_in)
    measures = _measures(rows[0][UNITS]) if rows else {}
    below: dict[int, Bill] = {}
    facts: dict[int, Fact] = {}
    fact = cache(_fact)
    known: dict[int, dict[Line, tuple[Fraction, Fraction]]] = {}
    for pk, lines in groupby(rows, key=itemgetter(0)):
        edges = []
        alike: dict[Line, tuple[Fraction, Fraction]] | None = None
        for row in lines:
            component_id, optional, note, own_policy = row[LINE:AMOUNT]
            if component_id is None:
                continue
            amount = row[AMOUNT:UNITS]
            if component_id not in facts:
                facts[component_id] = fact(measures[amount[-1]], own_policy)
            if pk is None:
                continue
            if alike is None:
                alike = known.setdefault(row[OUTPUT], {})
            if (amounts := alike.get(amount)) is None:
                quantity, attrition, is_setup, unit_id, own_id = amount
                amounts = alike[amount] = _amounts(
                    row[OUTPUT], quantity, attrition, is_setup, measures[unit_id], measures[own_id]
                )
            edges.append(Edge(component_id, *amounts, bool(optional), note))
        if pk is None:
            continue
        product_id, version, output, loss, multiple, phantom = row[1:LINE]
        below[product_id] = Bill(
            pk,
            product_id,
            version,
            Decimal(output).scaleb(-QUANTITY),
            Fraction(loss, PER_CENT),
            None if multiple is None else Decimal(multiple).scaleb(-QUANTITY),
            bool(phantom),
            tuple(edges),
        )
    return below, facts


def facts_of(product_ids: Iterable[int]) -> dict[int, Fact]:
    """What no recipe named."""
    return {product.pk: Fact(product.unit.step, product.is_stocked) for product in _PRODUCTS(product_ids)}


QUANTITY = QuantityField.places
PER_CENT = 100 * 10**PriceField.places
Line = tuple[Any, ...]


REACHED = """
WITH RECURSIVE reached (recipe_id) AS (
    SELECT recipe.id FROM production_recipe recipe WHERE recipe.product_id IN ({marks}) AND ({used})
    UNION
    SELECT recipe.id
    FROM reached
    JOIN production_recipeline line ON line.recipe_id = reached.recipe_id
    JOIN production_recipe recipe ON recipe.product_id = line.component_id AND ({used})
)
SELECT
    NULL AS recipe_id, NULL AS product_id, NULL AS version, NULL AS output, NULL AS loss, NULL AS multiple,
    NULL AS phantom,
    asked.id AS component_id, NULL AS optional, NULL AS note, asked.sell_policy AS policy,
    NULL AS quantity, NULL AS attrition, NULL AS setup, NULL AS unit_id, asked.unit_id AS own_unit_id,
    (SELECT {joined}(
        id || ' ' || dimension || ' ' || numerator || ' ' || denominator || ' ' || step || ' ' || code, '\n'
    ) FROM catalog_unit) AS units, NULL AS place, NULL AS line_id
FROM catalog_product asked WHERE asked.id IN ({marks})
UNION ALL
SELECT
    recipe.id, recipe.product_id, recipe.version, recipe.output_quantity, recipe.yield_loss_percent,
    recipe.batch_multiple, recipe.is_phantom,
    line.component_id, line.is_optional, line.note, inside.sell_policy,
    line.quantity, line.attrition_percent, line.is_setup, line.unit_id, inside.unit_id,
    NULL, line.position, line.id
FROM reached
JOIN production_recipe recipe ON recipe.id = reached.recipe_id
LEFT JOIN production_recipeline line ON line.recipe_id = reached.recipe_id
LEFT JOIN catalog_product inside ON inside.id = line.component_id
ORDER BY recipe_id NULLS FIRST, place, line_id
"""
"""Recipes of the products asked for and of all that is inside them, a row for each line; one without lines has a row
too, and what is asked for has one without a recipe. A circle is walked once. The amounts are the whole numbers that
are in the tables: making a Decimal of each costs more than reading it. The units, which are few, come with what is
asked for, not with every line. Only recipes are walked along: things that are bought lead nowhere, and are most.
"""
IN_USE = "recipe.status = 'active'"
OR_INSTEAD = "recipe.status = 'active' AND recipe.product_id <> %s OR recipe.id = %s"
OUTPUT, LINE, AMOUNT, UNITS = 3, 7, 11, 16
"""Where the recipe's output is, the line begins, its amount begins and ends."""


class Measure(NamedTuple):
    """A unit, as whole numbers."""

    dimension: str
    numerator: int
    denominator: int
    step: int
    code: str


def _below(wanted: Collection[int], own: int, stand_in: int) -> list[Line]:
    if not wanted:
        return []
    with connection.cursor() as cursor:
        joined = "string_agg" if connection.vendor == "postgresql" else "group_concat"
        instead = [own, stand_in] if stand_in else []
        used = OR_INSTEAD if stand_in else IN_USE
        sql = REACHED.format(marks=", ".join(["%s"] * len(wanted)), used=used, joined=joined)
        cursor.execute(sql, [*wanted, *instead, *instead, *wanted])
        return cursor.fetchall()


def _measures(told: str) -> dict[int, Measure]:
    """The units by their keys, as `REACHED` tells them."""
    found = {}
    for line in told.split("\n"):
        pk, dimension, numerator, denominator, step, code = line.split(" ", 5)
        found[int(pk)] = Measure(dimension, int(numerator), int(denominator), int(step), code)
    return found


_PRODUCTS = Compiled(lambda ids: Product.objects.select_related("unit", "category").filter(pk__in=ids))


def _fact(unit: Measure, policy: str) -> Fact:
    return Fact(Decimal(unit.step).scaleb(-QUANTITY), policy != Product.SellPolicy.ON_DEMAND)


def _amounts(
    output: int, amount: int, attrition: int, is_setup: Any, unit: Measure, own: Measure
) -> tuple[Fraction, Fraction]:
    """What a line takes per unit of output, and once an order. Raises NoConversion."""
    if unit.dimension != own.dimension:
        raise NoConversion(unit.code, own.code)
    taken = Fraction(
        amount * unit.numerator * own.denominator * (PER_CENT + attrition),
        10**QUANTITY * unit.denominator * own.numerator * PER_CENT,
    )
    return (NOTHING, taken) if is_setup else (taken / Fraction(output, 10**QUANTITY), NOTHING)
