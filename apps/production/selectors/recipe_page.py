"""What the page and the form of a recipe say: lines with cost and baker's percentages, opened one level, and scaled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, QuerySet, Value

from apps.catalog.models import Product, Unit
from apps.catalog.selectors import prices
from apps.production.models import Recipe, RecipeLine, RecipeStep
from apps.production.selectors import costing, explosion
from apps.production.selectors.costing import Costs, RecipeCost
from apps.production.selectors.explosion import Bill
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities
from backoffice.kernel.fields import UnitCostField

FLOUR = "flour"
"""The tag of the products that make 100 % of a baker's formula."""


def listed() -> QuerySet[Recipe]:
    """Recipes with what a row shows."""
    return Recipe.objects.select_related("product__category", "product__unit").annotate(
        line_count=Count("lines"), unit_cost=Value(None, output_field=UnitCostField(null=True))
    )


def with_costs(recipes: Sequence[Recipe]) -> None:
    """Give recipes in use their `unit_cost`, in a constant number of queries; other versions get none."""
    in_use = [recipe for recipe in recipes if recipe.status == Recipe.Status.ACTIVE]
    costs = costing.load(explosion.load(recipe.product_id for recipe in in_use)) if in_use else None
    for recipe in recipes:
        shown = costs is not None and recipe.status == Recipe.Status.ACTIVE
        recipe.unit_cost = costs.unit_cost(recipe.product_id) if shown and costs else None  # type: ignore[attr-defined]


@dataclass
class LineRow:
    """A line as it is shown, at the scale that was asked for."""

    component: Product
    quantity: Decimal
    unit: str
    attrition: Decimal = Decimal(0)
    rate: Decimal | None = None
    cost: Decimal = Decimal(0)
    per_unit: Decimal = Decimal(0)
    percent: Decimal | None = None
    is_setup: bool = False
    is_optional: bool = False
    note: str = ""
    version: int | None = None
    children: list["LineRow"] = field(default_factory=list)


@dataclass(frozen=True)
class StepRow:
    step: RecipeStep
    minutes: Decimal
    cost: Decimal


@dataclass(frozen=True)
class Margin:
    """What one price list leaves above the cost."""

    name: str
    price: Decimal
    percent: Decimal


@dataclass(frozen=True)
class View:
    """A recipe at a scale: `started` units."""

    started: Decimal
    good: Decimal
    factor: Decimal
    lines: list[LineRow]
    steps: list[StepRow]
    cost: RecipeCost
    flour: Decimal | None
    hands: Decimal
    passive: Decimal
    allergens: list[str]

    @property
    def material_width(self) -> int:
        """Of a thousand, how much of the cost is material; for the bar."""
        return int(self.cost.materials * 1000 / self.cost.total) if self.cost.total else 0

    @property
    def per_started(self) -> Decimal:
        return self.cost.total / self.started


def view(recipe: Recipe, *, started: Decimal | None = None, flour: Decimal | None = None) -> View:
    """The recipe for `started` units, or as much as `flour` (in kg) makes, or one batch."""
    book = explosion.load([recipe.product_id], using=recipe)
    costs = costing.load(book)
    bill = book.bills[recipe.product_id]
    lines = list(
        recipe.lines.select_related("component__unit", "component__category", "unit").order_by("position", "pk")
    )
    of_batch = _flour(costs, bill, recipe.output_quantity)
    if flour and of_batch:
        exact = Fraction(recipe.output_quantity) * Fraction(flour) / of_batch
        started = explosion.down(exact, recipe.product.unit.step) or recipe.product.unit.step
    started = started or recipe.output_quantity
    factor = Fraction(started) / Fraction(recipe.output_quantity)
    total = _flour(costs, bill, started)
    good = bill.good(Fraction(started))
    rows = [_row(line, bill, costs, factor, total, good) for line in lines]
    steps = [
        StepRow(
            step,
            minutes := costing.work_minutes(step, started, recipe.output_quantity),
            money.round_money(minutes * step.work_center.hourly_cost / 60),
        )
        for step in costs.hours.get(recipe.pk, [])
    ]
    return View(
        started=started,
        good=explosion.down(good, recipe.product.unit.step),
        factor=quantities.from_fraction(factor),
        lines=rows,
        steps=steps,
        cost=costs.of_bill(bill, started),
        flour=quantities.from_fraction(total) if total else None,
        hands=sum((row.minutes for row in steps), Decimal(0)),
        passive=sum((row.step.passive_minutes for row in steps), Decimal(0)),
        allergens=book.allergens(recipe.product_id),
    )


def _row(line: RecipeLine, bill: Bill, costs: Costs, factor: Fraction, flour: Fraction, good: Fraction) -> LineRow:
    component = line.component
    amount = Fraction(line.quantity) * (1 if line.is_setup else factor)
    in_own = amount * quantities.ratio(line.unit) / quantities.ratio(component.unit)
    taken = in_own * (1 + Fraction(line.attrition_percent) / 100)
    unit_cost = costs.unit(component.pk)
    cost = taken * unit_cost
    inner = costs.book.bills.get(component.pk)
    row = LineRow(
        component=component,
        quantity=quantities.from_fraction(amount),
        unit=line.unit.code,
        attrition=line.attrition_percent,
        rate=quantities.from_fraction(unit_cost * quantities.ratio(line.unit) / quantities.ratio(component.unit)),
        cost=money.round_money(quantities.from_fraction(cost)),
        per_unit=quantities.from_fraction(cost / good),
        percent=_percent(in_own, component, flour),
        is_setup=line.is_setup,
        is_optional=line.is_optional,
        note=line.note,
        version=inner.version if inner else None,
    )
    if inner is not None:
        started = inner.gross(taken)
        for edge in inner.edges:
            inside = edge.per_output * started + edge.fixed
            child = costs.book.products[edge.component_id]
            price = costs.unit(child.pk)
            row.children.append(
                LineRow(
                    component=child,
                    quantity=quantities.from_fraction(inside),
                    unit=child.unit.code,
                    rate=quantities.from_fraction(price),
                    cost=money.round_money(quantities.from_fraction(inside * price)),
                    per_unit=quantities.from_fraction(inside * price / good),
                    percent=_percent(inside, child, flour),
                )
            )
    return row


def _percent(in_own: Fraction, component: Product, flour: Fraction) -> Decimal | None:
    """The baker's percentage: of the flour's weight. Only what is weighed has one."""
    if not flour or component.unit.dimension != Unit.Dimension.MASS:
        return None
    kilos = in_own * quantities.ratio(component.unit) / 1000
    return quantities.from_fraction(kilos * 100 / flour).quantize(Decimal("0.1"))


def _flour(costs: Costs, bill: Bill, started: Decimal) -> Fraction:
    """Kilograms of flour in an order of that size, at every level."""

    def inside(inner: Bill, amount: Fraction) -> Fraction:
        total = Fraction(0)
        for edge in inner.edges:
            taken = edge.per_output * amount + edge.fixed
            component = costs.book.products[edge.component_id]
            deeper = costs.book.bills.get(component.pk)
            if deeper is not None:
                total += inside(deeper, deeper.gross(taken))
            elif FLOUR in (component.tags or []) and component.unit.dimension == Unit.Dimension.MASS:
                total += taken * quantities.ratio(component.unit) / 1000
        return total

    return inside(bill, Fraction(started))


def margins(product: Product, unit_cost: Decimal) -> list[Margin]:
    """What each price list leaves. Margin = price − cost, of the price."""
    return [
        Margin(
            price.price_list.name,
            price.amount,
            money.round_to((price.amount - unit_cost) * 100 / price.amount, 1),
        )
        for price in prices.current_by_list(product)
        if price.amount
    ]


def preview(
    product: Product,
    *,
    output: Decimal,
    loss: Decimal,
    lines: Iterable[tuple[Product, Decimal, Unit, Decimal, bool]],
    steps: Iterable[RecipeStep],
) -> RecipeCost:
    """What a recipe that is still being written costs. Raises NoConversion, RecipeCycle."""
    given = list(lines)
    book = explosion.load([product.pk, *(line[0].pk for line in given)])
    bill = explosion.draft_bill(product, output=output, loss=loss, lines=given)
    book.bills[product.pk] = bill
    costs = costing.load(book)
    costs.hours[0] = list(steps)
    return costs.of_bill(bill)
