"""What things cost to make, bottom-up: materials at their average cost, work at the work centre's hour."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from django.db.models import OuterRef, Subquery, Sum

from apps.catalog.models import Product
from apps.inventory.models import Lot
from apps.production.models import Recipe, RecipeStep
from apps.production.selectors import explosion
from apps.production.selectors.explosion import Bill, Book
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities
from backoffice.kernel.compiled import Compiled

_LAST_COST = Lot.objects.filter(product_id=OuterRef("pk")).order_by("-pk").values("unit_cost")[:1]
_WORTH = Compiled(
    lambda products: (
        Product.objects.filter(pk__in=products)
        .order_by()
        .values_list("pk", Sum("balances__quantity"), Sum("balances__value"), Subquery(_LAST_COST))
    )
)
_STEPS = Compiled(
    lambda recipes: (
        RecipeStep.objects.filter(recipe_id__in=recipes).select_related("work_center").order_by("recipe_id", "position")
    )
)


def average_costs(product_ids: Iterable[int]) -> dict[int, Decimal]:
    """Value on hand / quantity on hand; of what is not on hand, the last lot's cost. Unknown products are missing."""
    wanted = set(product_ids)
    found: dict[int, Decimal] = {}
    for product_id, quantity, value, last in _WORTH(wanted):
        if quantity:
            found[product_id] = quantities.from_fraction(Fraction(value) / Fraction(quantity))
        elif last is not None:
            found[product_id] = last
    return found


def work_minutes(step: RecipeStep, started: Decimal, batch: Decimal) -> Decimal:
    """Minutes that people and machine are at it, for `started` units in batches of `batch`."""
    times = started if step.basis == RecipeStep.Basis.UNIT else Decimal(-(-started // batch))
    return quantities.round_half_up(step.setup_minutes + step.cleanup_minutes + step.run_minutes * times)


@dataclass(frozen=True, slots=True)
class RecipeCost:
    """What one batch costs, and one good unit of it. `unknown` names components nobody knows the cost of."""

    materials: Decimal
    operations: Decimal
    per_unit: Decimal
    unknown: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        return self.materials + self.operations

    @property
    def materials_share(self) -> Decimal:
        """Per cent of the cost that is material."""
        return money.round_to(self.materials * 100 / self.total, 1) if self.total else Decimal(0)


@dataclass
class Costs:
    """Unit costs of everything below some products, computed once, exactly."""

    book: Book
    average: dict[int, Decimal]
    hours: dict[int, list[RecipeStep]]
    made: dict[int, Fraction] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)

    def unit(self, product_id: int) -> Fraction:
        """What a unit costs: rolled up when it has a recipe, else its average cost."""
        if product_id in self.made:
            return self.made[product_id]
        bill = self.book.bills.get(product_id)
        if bill is None:
            if product_id not in self.average and self.book.facts[product_id].is_stocked:
                self.unknown.add(product_id)
            cost = Fraction(self.average.get(product_id, 0))
        else:
            batch = self.materials(bill, bill.output_quantity) + self.operations(bill, bill.output_quantity)
            cost = batch / bill.good(Fraction(bill.output_quantity))
        self.made[product_id] = cost
        return cost

    def materials(self, bill: Bill, started: Decimal) -> Fraction:
        """Materials of an order of that size, exactly."""
        return sum(
            ((edge.per_output * Fraction(started) + edge.fixed) * self.unit(edge.component_id) for edge in bill.edges),
            Fraction(0),
        )

    def operations(self, bill: Bill, started: Decimal) -> Fraction:
        """Work of an order of that size, exactly."""
        return sum(
            (
                Fraction(work_minutes(step, started, bill.output_quantity))
                / 60
                * Fraction(step.work_center.hourly_cost)
                for step in self.hours.get(bill.recipe_id, [])
            ),
            Fraction(0),
        )

    def of_bill(self, bill: Bill, started: Decimal | None = None) -> RecipeCost:
        """The cost of starting that much (one batch when not said)."""
        started = bill.output_quantity if started is None else started
        materials, operations = self.materials(bill, started), self.operations(bill, started)
        return RecipeCost(
            materials=money.round_money(quantities.from_fraction(materials)),
            operations=money.round_money(quantities.from_fraction(operations)),
            per_unit=quantities.from_fraction((materials + operations) / bill.good(Fraction(started))),
            unknown=tuple(sorted(self.book.name(pk) for pk in self.unknown)),
        )

    def unit_cost(self, product_id: int) -> Decimal:
        return quantities.from_fraction(self.unit(product_id))


def load(book: Book) -> Costs:
    """The costs of everything in the book, in two queries. Raises RecipeCycle."""
    book.order()
    bought = [pk for pk in book.products if pk not in book.bills]
    hours: dict[int, list[RecipeStep]] = {}
    for step in _STEPS([bill.recipe_id for bill in book.bills.values()]):
        hours.setdefault(step.recipe_id, []).append(step)
    return Costs(book, average_costs(bought), hours)


def cost(recipe: Recipe) -> RecipeCost:
    """What one batch of the recipe costs today."""
    book = explosion.load([recipe.product_id], using=recipe)
    return load(book).of_bill(book.bills[recipe.product_id])
