"""Recipes as far as quantities go, read as the whole numbers that the tables hold. No product is read for it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from django.db.models import ExpressionWrapper, F, Field, Q, QuerySet
from django.db.models.expressions import RawSQL

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
    lines: dict[int, list[Line]] = defaultdict(list)
    heads: dict[int, Line] = {}
    facts: dict[int, Fact] = {}
    fact = cache(_fact)
    for row in _BELOW(wanted, own, stand_in) if wanted else ():
        pk, component_id = row[0], row[LINE]
        if pk not in heads:
            heads[pk] = row
        if component_id is not None:
            lines[pk].append(row)
    known: dict[Line, tuple[Fraction, Fraction]] = {}
    for pk, head in heads.items():
        _pk, product_id, version, output, loss, multiple, phantom, step, policy, *_line = head
        facts[product_id] = fact(step, policy)
        edges = []
        for row in lines[pk]:
            component_id, optional, note, own_policy, amount = row[LINE], *row[LINE + 1 : LINE + 4], row[LINE + 4 :]
            if (amounts := known.get((output, amount))) is None:
                amounts = known[output, amount] = _amounts(output, *amount)
            if component_id not in facts:
                facts[component_id] = fact(amount[-1], own_policy)
            edges.append(Edge(component_id, *amounts, bool(optional), note))
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


def _stored(name: str) -> ExpressionWrapper:
    """The column as the whole number that it is in the table: making a Decimal of each costs more than reading it."""
    return ExpressionWrapper(F(name), output_field=Field())


HEAD = (
    "pk",
    "product_id",
    "version",
    _stored("output_quantity"),
    _stored("yield_loss_percent"),
    _stored("batch_multiple"),
    _stored("is_phantom"),
    _stored("product__unit__step"),
    "product__sell_policy",
)
LINE = len(HEAD)

REACHED = """
WITH RECURSIVE reached(product_id) AS (
    SELECT id FROM catalog_product WHERE id IN ({marks})
    UNION
    SELECT line.component_id
    FROM reached
    JOIN production_recipe recipe ON recipe.product_id = reached.product_id
    JOIN production_recipeline line ON line.recipe_id = recipe.id
    WHERE (recipe.status = 'active' AND recipe.product_id <> %s) OR recipe.id = %s
)
SELECT product_id FROM reached
"""
"""The products asked for and all that is inside them; a circle is walked once."""


def _below(wanted: Collection[int], own: int, stand_in: int) -> QuerySet[Recipe, Line]:
    """Recipes of what is reached, a row for each line; one without lines has a row too."""
    reached = RawSQL(REACHED.format(marks=", ".join(["%s"] * len(wanted))), [*wanted, own, stand_in])  # noqa: S611
    return (
        Recipe.objects.filter(Q(status=Recipe.Status.ACTIVE) & ~Q(product_id=own) | Q(pk=stand_in))
        .filter(product_id__in=reached)
        .order_by("pk", "lines__position", "lines__pk")
        .values_list(
            *HEAD,
            "lines__component_id",
            _stored("lines__is_optional"),
            "lines__note",
            "lines__component__sell_policy",
            _stored("lines__quantity"),
            _stored("lines__attrition_percent"),
            _stored("lines__is_setup"),
            "lines__unit__code",
            "lines__unit__dimension",
            "lines__unit__numerator",
            "lines__unit__denominator",
            "lines__component__unit__code",
            "lines__component__unit__dimension",
            "lines__component__unit__numerator",
            "lines__component__unit__denominator",
            _stored("lines__component__unit__step"),
        )
    )


_BELOW = Compiled(_below)
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
