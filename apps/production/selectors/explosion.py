"""What it takes to make something, down through recipes of recipes.

A `Book` holds the recipes in use that are reachable from some products, read in one query, and
answers in memory with exact fractions. Two percentages are never confused: *yield loss* shrinks what comes out,
*attrition* grows what goes in. Inputs round up, outputs down, to the step of the component's own unit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import gcd
from typing import Any, NamedTuple

from apps.catalog.models import Product
from apps.inventory.selectors import availability
from apps.production.errors import RecipeCycle
from apps.production.models import Recipe
from apps.production.selectors import bills
from apps.production.selectors.bills import NOTHING, Bill, Edge, Fact, Products
from backoffice.kernel import quantity as quantities

ZERO = Decimal(0)
NONE = (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Need:
    """What one order takes of a component."""

    component_id: int
    planned: Decimal
    fixed: Decimal
    note: str


class Requirement(NamedTuple):
    """What all orders together take of a product, and how far the stock goes."""

    products: Mapping[int, Product]
    product_id: int
    needed: Decimal
    available: Decimal
    expected: Decimal
    missing: Decimal
    to_make: Decimal
    is_made: bool
    needed_by: tuple[int, ...] = ()

    @property
    def product(self) -> Product:
        return self.products[self.product_id]


@dataclass
class Book:
    """The recipes reachable from some products. Build it with `load`."""

    bills: dict[int, Bill] = field(default_factory=dict)
    products: Mapping[int, Product] = field(default_factory=Products)
    facts: dict[int, Fact] = field(default_factory=dict)

    def name(self, product_id: int) -> str:
        product = self.products.get(product_id)
        return product.name if product else str(product_id)

    def order(self) -> list[int]:
        """Products with what they are made of after them. Raises RecipeCycle with the path."""
        done: list[int] = []
        finished: dict[int, bool] = {}
        bills = self.bills
        for start, first in bills.items():
            if start in finished:
                continue
            finished[start] = False
            stack = [(start, iter(first.edges))]
            while stack:
                product_id, edges = stack[-1]
                for edge in edges:
                    child = edge[0]
                    ended = finished.get(child)
                    if ended:
                        continue
                    bill = bills.get(child)
                    if bill is None:
                        finished[child] = True
                        done.append(child)
                        continue
                    if ended is False:
                        path = [pk for pk, _edges in stack]
                        loop = [*path[path.index(child) :], child]
                        raise RecipeCycle([self.name(pk) for pk in loop])
                    finished[child] = False
                    stack.append((child, iter(bill.edges)))
                    break
                else:
                    stack.pop()
                    finished[product_id] = True
                    done.append(product_id)
        return done[::-1]

    def needs(self, bill: Bill, started: Decimal) -> list[Need]:
        """What an order of `started` takes, one row a component; recipes made within the order are opened."""
        scaled: dict[int, Fraction] = {}
        fixed: dict[int, Fraction] = {}
        notes: dict[int, str] = {}
        self._gather(bill, Fraction(started), scaled, fixed, notes)
        found = []
        for component_id in scaled:
            step = self.facts[component_id].step
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
        # Numerators and denominators: thousands of things that are bought are only added up, and rounded once.
        need: dict[int, tuple[int, int]] = {}
        asked_by: dict[int, list[int]] = {}
        there = stock or {}
        found = []
        products, facts, bills = self.products, self.facts, self.bills
        for product_id in self.order():
            (step, is_stocked), bill = facts[product_id], bills.get(product_id)
            asked = need.get(product_id)
            needed = _up_ratio(asked[0], asked[1], step) if asked else ZERO
            available, expected = there.get(product_id, NONE) if there else NONE
            to_make = missing = ZERO
            if bill is None:
                if not needed:
                    continue
                if is_stocked and (missing := needed - available - expected if there else needed) < 0:
                    missing = ZERO
            else:
                missing, to_make, started = _made(
                    bill,
                    step,
                    is_stocked=is_stocked,
                    asked=asked,
                    planned=Fraction(starts[product_id]) if product_id in starts else NOTHING,
                    missing=needed - available - expected,
                )
                if started:
                    _take(bill, started, need, asked_by)
            if needed:
                by = asked_by[product_id]
                users = tuple(by) if len(by) == 1 else tuple(sorted(set(by)))
                values = (
                    products, product_id, needed, available, expected, missing, to_make, bill is not None, users
                )  # fmt: skip
                found.append(Requirement._make(values))
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


def _made(
    bill: Bill, step: Decimal, *, is_stocked: bool, asked: tuple[int, int] | None, planned: Fraction, missing: Decimal
) -> tuple[Decimal, Decimal, Fraction | Decimal]:
    """Of something that is made: what is missing, what is to be made of it, and what is started altogether.

    `missing` comes as what is not there; what the planned order brings covers it first.
    """
    if bill.is_phantom or not is_stocked:
        return ZERO, ZERO, planned + bill.gross(Fraction(*asked) if asked else NOTHING)
    if planned:
        missing -= down(bill.good(planned), step)
    if missing <= 0:
        return ZERO, ZERO, planned
    gross = bill.gross(Fraction(missing)) if bill.loss else missing
    to_make = _up(gross, bill.batch_multiple or step)
    return missing, to_make, planned + Fraction(to_make) if planned else to_make


def _take(
    bill: Bill, started: Fraction | Decimal, need: dict[int, tuple[int, int]], asked_by: dict[int, list[int]]
) -> None:
    """Add what an order of `started` takes."""
    times, parts = started.as_integer_ratio()
    product_id = bill.product_id
    for component_id, per_output, fixed, _optional, _note in bill.edges:
        top, bottom = per_output.as_integer_ratio()
        top, bottom = top * times, bottom * parts
        if fixed:
            more, of = fixed.as_integer_ratio()
            top, bottom = top * of + more * bottom, bottom * of
        if component_id in need:
            so_far, of = need[component_id]
            top, bottom = top * of + so_far * bottom, bottom * of
            shared = gcd(top, bottom)
            need[component_id] = top // shared, bottom // shared
            asked_by[component_id].append(product_id)
        else:
            need[component_id] = top, bottom
            asked_by[component_id] = [product_id]


def _up(value: Fraction | Decimal, step: Decimal) -> Decimal:
    """The next multiple of `step` at or above the exact value."""
    return _up_ratio(*value.as_integer_ratio(), step)


def _up_ratio(value: int, of: int, step: Decimal) -> Decimal:
    top, bottom = _ratio(step)
    return -(-value * bottom // (of * top)) * step


@cache
def _ratio(step: Decimal) -> tuple[int, int]:
    """Of the steps of units, which are few."""
    return step.as_integer_ratio()


def down(value: Fraction, step: Decimal) -> Decimal:
    """The last multiple of `step` at or below the exact value."""
    top, bottom = step.as_integer_ratio()
    return value.numerator * bottom // (value.denominator * top) * step


def load(product_ids: Iterable[int], *, using: Recipe | None = None) -> Book:
    """The recipes in use below these products, in one query however deep they go. `using` stands in for the recipe
    in use of its product.
    """
    wanted = list(dict.fromkeys(product_ids))
    below, facts = bills.read(wanted, using)
    book, frontier, seen = Book(), set(wanted), set(wanted)
    while frontier:  # level by level, so that what was asked for comes first
        level = [bill for product_id, bill in below.items() if product_id in frontier]
        book.bills |= {bill.product_id: bill for bill in level}
        frontier = {edge.component_id for bill in level for edge in bill.edges} - seen
        seen |= frontier
    if without := seen - facts.keys():
        facts |= bills.facts_of(without)
    book.facts, book.products = facts, Products(seen)
    return book


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
            for pk, found in availability.of(book.products).items()
        }
    return book.explode(starts, stock)


def in_unit(amount: Fraction) -> Decimal:
    """The exact amount to six decimals."""
    return quantities.from_fraction(amount)
