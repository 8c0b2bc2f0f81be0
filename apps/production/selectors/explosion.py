"""What it takes to make something, down through recipes of recipes.

A `Book` holds the recipes in use that are reachable from some products, read in two queries,
and answers in memory with exact fractions. Two percentages are never confused: *yield loss* shrinks what comes out,
*attrition* grows what goes in. Inputs round up, outputs down, to the step of the component's own unit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from apps.catalog.models import Product
from apps.inventory.selectors import availability
from apps.production.errors import RecipeCycle
from apps.production.models import Recipe
from backoffice.kernel import quantity as quantities
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.quantity import NoConversion

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Edge:
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
        return good / (1 - self.loss)

    def good(self, started: Fraction) -> Fraction:
        return started * (1 - self.loss)


@dataclass(frozen=True, slots=True)
class Need:
    """What one order takes of a component."""

    component_id: int
    planned: Decimal
    fixed: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """What all orders together take of a product, and how far the stock goes."""

    product: Product
    needed: Decimal
    available: Decimal
    expected: Decimal
    missing: Decimal
    to_make: Decimal
    is_made: bool
    needed_by: tuple[int, ...] = ()


@dataclass
class Book:
    """The recipes reachable from some products. Build it with `load`."""

    bills: dict[int, Bill] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)

    def name(self, product_id: int) -> str:
        product = self.products.get(product_id)
        return product.name if product else str(product_id)

    def order(self) -> list[int]:
        """Products with what they are made of after them. Raises RecipeCycle with the path."""
        done: list[int] = []
        state: dict[int, int] = {}
        for start in self.bills:
            stack: list[tuple[int, int]] = [(start, 0)]
            while stack:
                product_id, position = stack.pop()
                if state.get(product_id) == 2:
                    continue
                bill = self.bills.get(product_id)
                edges = bill.edges if bill else ()
                state[product_id] = 1
                while position < len(edges) and state.get(edges[position].component_id) == 2:
                    position += 1
                if position == len(edges):
                    state[product_id] = 2
                    done.append(product_id)
                    continue
                stack.append((product_id, position))
                child = edges[position].component_id
                if state.get(child) == 1:
                    path = [pk for pk, _position in stack]
                    loop = [*path[path.index(child) :], child]
                    raise RecipeCycle([self.name(pk) for pk in loop])
                stack.append((child, 0))
        return done[::-1]

    def needs(self, bill: Bill, started: Decimal) -> list[Need]:
        """What an order of `started` takes, one row a component; recipes made within the order are opened."""
        scaled: dict[int, Fraction] = {}
        fixed: dict[int, Fraction] = {}
        notes: dict[int, str] = {}
        self._gather(bill, Fraction(started), scaled, fixed, notes)
        found = []
        for component_id in scaled:
            step = self.products[component_id].unit.step
            once = _up(fixed[component_id], step)
            found.append(
                Need(component_id, _up(scaled[component_id] + fixed[component_id], step), once, notes[component_id])
            )
        return [need for need in found if need.planned > 0]

    def _gather(
        self,
        bill: Bill,
        started: Fraction,
        scaled: dict[int, Fraction],
        fixed: dict[int, Fraction],
        notes: dict[int, str],
        *,
        once: bool = False,
    ) -> None:
        for edge in bill.edges:
            inner = self.bills.get(edge.component_id)
            grows = edge.per_output * started
            if inner is not None and inner.is_phantom:
                if grows:
                    self._gather(inner, inner.gross(grows), scaled, fixed, notes, once=once)
                if edge.fixed:
                    self._gather(inner, inner.gross(edge.fixed), scaled, fixed, notes, once=True)
                continue
            scaled.setdefault(edge.component_id, Fraction(0))
            fixed.setdefault(edge.component_id, Fraction(0))
            (fixed if once else scaled)[edge.component_id] += grows
            fixed[edge.component_id] += edge.fixed
            if not notes.get(edge.component_id):
                notes[edge.component_id] = edge.note

    def explode(
        self, starts: Mapping[int, Decimal], stock: Mapping[int, tuple[Decimal, Decimal]] | None = None
    ) -> list[Requirement]:
        """What starting these quantities takes at every level.

        `stock` is (available, expected) by product; it is used up first, and only what is missing of a product with a
        recipe is made, rounded up to its batches, and asks for its own ingredients. Without `stock` nothing is netted.
        """
        need: dict[int, Fraction] = defaultdict(Fraction)
        asked_by: dict[int, set[int]] = defaultdict(set)
        found = []
        for product_id in self.order():
            product, bill = self.products[product_id], self.bills.get(product_id)
            needed = _up(need[product_id], product.unit.step)
            available, expected = (stock or {}).get(product_id, (ZERO, ZERO))
            planned = Fraction(starts.get(product_id, ZERO))
            coming = down(bill.good(planned), product.unit.step) if bill is not None else ZERO
            is_stocked = product.is_stocked and not (bill is not None and bill.is_phantom)
            missing = max(needed - available - expected - coming, ZERO) if is_stocked else ZERO
            to_make, started = ZERO, planned
            if bill is not None and missing:
                to_make = _up(bill.gross(Fraction(missing)), bill.batch_multiple or product.unit.step)
                started += Fraction(to_make)
            elif bill is not None and not is_stocked:
                started += bill.gross(need[product_id])
            if bill is not None and started:
                for edge in bill.edges:
                    need[edge.component_id] += edge.per_output * started + edge.fixed
                    asked_by[edge.component_id].add(product_id)
            if needed:
                found.append(
                    Requirement(
                        product=product,
                        needed=needed,
                        available=available,
                        expected=expected,
                        missing=missing,
                        to_make=to_make,
                        is_made=bill is not None,
                        needed_by=tuple(sorted(asked_by[product_id])),
                    )
                )
        return found

    def allergens(self, product_id: int) -> list[str]:
        """Allergens of the product and of everything inside it."""
        seen: set[int] = set()
        found: dict[str, None] = {}
        queue = [product_id]
        while queue:
            pk = queue.pop(0)
            if pk in seen:
                continue
            seen.add(pk)
            for allergen in self.products[pk].allergens or []:
                found[allergen] = None
            if pk in self.bills:
                queue += [edge.component_id for edge in self.bills[pk].edges]
        return list(found)


def _up(value: Fraction, step: Decimal) -> Decimal:
    """The next multiple of `step` at or above the exact value."""
    units = value / Fraction(step)
    return -(-units.numerator // units.denominator) * step


def down(value: Fraction, step: Decimal) -> Decimal:
    """The last multiple of `step` at or below the exact value."""
    units = value / Fraction(step)
    return units.numerator // units.denominator * step


def load(product_ids: Iterable[int], *, using: Recipe | None = None) -> Book:
    """The recipes in use below these products, in two queries however deep they go. `using` stands in for the recipe
    in use of its product.
    """
    wanted = list(dict.fromkeys(product_ids))
    own, stand_in = (using.product_id, using.pk) if using is not None else (0, 0)
    below: dict[int, Bill] = {}
    lines: dict[int, list[Line]] = defaultdict(list)
    heads: dict[int, Line] = {}
    for row in _BELOW(wanted, own, stand_in):
        heads[row[0]] = row[: len(HEAD)]
        if row[len(HEAD)] is not None:
            lines[row[0]].append(row[len(HEAD) :])
    for pk, (_pk, product_id, version, output, loss, multiple, phantom) in heads.items():
        edges = tuple(_edge(line, output) for line in lines[pk])
        below[product_id] = Bill(
            pk, product_id, version, output, Fraction(loss) / 100, multiple, phantom, edges
        )  # fmt: skip
    book, frontier, seen = Book(), set(wanted), set(wanted)
    while frontier:  # level by level, so that what was asked for comes first
        level = [bill for product_id, bill in below.items() if product_id in frontier]
        book.bills |= {bill.product_id: bill for bill in level}
        frontier = {edge.component_id for bill in level for edge in bill.edges} - seen
        seen |= frontier
    book.products = {product.pk: product for product in _PRODUCTS(seen)}
    return book


HEAD = ("pk", "product_id", "version", "output_quantity", "yield_loss_percent", "batch_multiple", "is_phantom")
Line = tuple[Any, ...]

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
            "lines__quantity",
            "lines__attrition_percent",
            "lines__is_setup",
            "lines__is_optional",
            "lines__note",
            "lines__unit__code",
            "lines__unit__dimension",
            "lines__unit__numerator",
            "lines__unit__denominator",
            "lines__component__unit__code",
            "lines__component__unit__dimension",
            "lines__component__unit__numerator",
            "lines__component__unit__denominator",
        )
    )


_BELOW = Compiled(_below)
_PRODUCTS = Compiled(lambda ids: Product.objects.select_related("unit", "category").filter(pk__in=ids))


def _edge(line: Line, output: Decimal) -> Edge:
    component_id, amount, attrition, is_setup, is_optional, note, code, dimension, top, bottom, *target = line
    to_code, to_dimension, to_top, to_bottom = target
    if dimension != to_dimension:
        raise NoConversion(code, str(to_code))
    taken = Fraction(amount) * Fraction(top, bottom) / Fraction(int(to_top), int(to_bottom))
    taken *= 1 + Fraction(attrition) / 100
    once = taken if is_setup else Fraction(0)
    return Edge(component_id, Fraction(0) if is_setup else taken / Fraction(output), once, is_optional, note)


def draft_bill(
    product: Product, *, output: Decimal, loss: Decimal, lines: Iterable[tuple[Product, Decimal, Any, Decimal, bool]]
) -> Bill:
    """A recipe that is not saved: (component, quantity, unit, attrition, is_setup) a line. Raises NoConversion."""
    edges = []
    for component, amount, unit, attrition, is_setup in lines:
        taken = quantities.convert_exact(amount, unit, component.unit) * (1 + Fraction(attrition) / 100)
        once = taken if is_setup else Fraction(0)
        growing = Fraction(0) if is_setup else taken / Fraction(output)
        edges.append(Edge(component.pk, growing, once, False, ""))
    return Bill(0, product.pk, 0, output, Fraction(loss) / 100, None, False, tuple(edges))


def explode(starts: Mapping[int, Decimal], *, net: bool = True) -> list[Requirement]:
    """What starting these quantities takes at every level, net of stock and open work orders unless told not to.

    What others wait for is not available either, so an order that was released short keeps asking.
    """
    book = load(starts)
    stock: dict[int, tuple[Decimal, Decimal]] = {}
    if net and book.products:
        stock = {
            pk: (found.available - found.promised, found.expected)
            for pk, found in availability.of([*book.products.values()]).items()
        }
    return book.explode(starts, stock)


def in_unit(amount: Fraction) -> Decimal:
    """The exact amount to six decimals."""
    return quantities.from_fraction(amount)
