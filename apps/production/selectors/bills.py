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
    below: dict[int, Bill] = {}
    facts: dict[int, Fact] = {}
    fact = cache(_fact)
    known: dict[Line, tuple[Fraction, Fraction]] = {}
    for head, lines in groupby(_below(wanted, own, stand_in), key=_HEAD):
        pk, product_id, version, output, loss, multiple, phantom = head
        edges = []
        for row in lines:
            component_id, optional, note, own_policy = row[LINE:AMOUNT]
            if component_id is None:
                continue
            amount = row[AMOUNT:]
            if component_id not in facts:
                facts[component_id] = fact(amount[-1], own_policy)
            if pk is None:
                continue
            if (amounts := known.get((output, amount))) is None:
                amounts = known[output, amount] = _amounts(output, *amount)
            edges.append(Edge(component_id, *amounts, bool(optional), note))
        if pk is None:
            continue
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
WITH RECURSIVE reached (recipe_id, line_id, product_id) AS (
    SELECT CAST(NULL AS bigint), CAST(NULL AS bigint), id FROM catalog_product WHERE id IN ({marks})
    UNION
    SELECT recipe.id, line.id, line.component_id
    FROM reached
    JOIN production_recipe recipe ON recipe.product_id = reached.product_id
    LEFT JOIN production_recipeline line ON line.recipe_id = recipe.id
    WHERE (recipe.status = 'active' AND recipe.product_id <> %s) OR recipe.id = %s
)
SELECT
    recipe.id, recipe.product_id, recipe.version, recipe.output_quantity, recipe.yield_loss_percent,
    recipe.batch_multiple, recipe.is_phantom,
    reached.product_id, line.is_optional, line.note, inside.sell_policy,
    line.quantity, line.attrition_percent, line.is_setup,
    unit.code, unit.dimension, unit.numerator, unit.denominator,
    own.code, own.dimension, own.numerator, own.denominator, own.step
FROM reached
LEFT JOIN production_recipe recipe ON recipe.id = reached.recipe_id
LEFT JOIN production_recipeline line ON line.id = reached.line_id
LEFT JOIN catalog_product inside ON inside.id = reached.product_id
LEFT JOIN catalog_unit unit ON unit.id = line.unit_id
LEFT JOIN catalog_unit own ON own.id = inside.unit_id
ORDER BY recipe.id, line.position, line.id
"""
"""Recipes of the products asked for and of all that is inside them, a row for each line; one without lines has a row
too, and what is asked for has one without a recipe. A circle is walked once. The amounts are the whole numbers that
are in the tables: making a Decimal of each costs more than reading it.
"""
LINE, AMOUNT = 7, 11
"""Where the line begins, and its amount."""
_HEAD = itemgetter(slice(LINE))


def _below(wanted: Collection[int], own: int, stand_in: int) -> list[Line]:
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(REACHED.format(marks=", ".join(["%s"] * len(wanted))), [*wanted, own, stand_in])
        return cursor.fetchall()


_PRODUCTS = Compiled(lambda ids: Product.objects.select_related("unit", "category").filter(pk__in=ids))


def _fact(step: int, policy: str) -> Fact:
    return Fact(Decimal(step).scaleb(-QUANTITY), policy != Product.SellPolicy.ON_DEMAND)


def _amounts(output: int, amount: int, attrition: int, is_setup: Any, *units: Any) -> tuple[Fraction, Fraction]:
    """What a line takes per unit of output, and once an order. Raises NoConversion."""
    code, dimension, top, bottom, own_code, own_dimension, own_top, own_bottom, _step = units
    if dimension != own_dimension:
        raise NoConversion(code, own_code)
    taken = Fraction(amount * top * own_bottom * (PER_CENT + attrition), 10**QUANTITY * bottom * own_top * PER_CENT)
    return (NOTHING, taken) if is_setup else (taken / Fraction(output, 10**QUANTITY), NOTHING)
