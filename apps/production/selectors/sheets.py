"""What stands on paper: batch sheet, weighing list, day sheet, lot label."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from apps.catalog import allergens as allergen_names
from apps.catalog.models import Product, Unit
from apps.inventory.models import Lot
from apps.production.models import Recipe, WorkOrder, WorkOrderMaterial
from apps.production.selectors import explosion
from apps.production.selectors import work_orders as orders_read
from apps.production.selectors.recipe_page import FLOUR
from backoffice.kernel import quantity as quantities

ZERO = Decimal(0)
T = TypeVar("T")
MOST_MIXES, COLUMNS, WEIGHING_ROWS, DAY_ROWS, SHEET_ROWS = 4, 5, 20, 22, 17


def pages(rows: Sequence[T], size: int) -> list[list[T]]:
    """Rows as they fit on pages; at least one page."""
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)] or [[]]


@dataclass(frozen=True)
class BatchLine:
    material: WorkOrderMaterial
    percent: Decimal | None
    per_mix: Decimal
    allergens: str


@dataclass(frozen=True)
class Batch:
    """A work order on paper."""

    order: WorkOrder
    lines: list[BatchLine]
    steps: list[object]
    mixes: range
    allergens: list[str]
    mass: Decimal | None
    flour: Decimal | None

    @property
    def on_two_pages(self) -> bool:
        return len(self.lines) + len(self.steps) > SHEET_ROWS


def batch(order: WorkOrder) -> Batch:
    """The order's materials scaled, with baker's percentages of its own flour, and its steps."""
    materials = list(order.materials.select_related("component__unit").order_by("position"))
    count = max(1, int(-(-order.quantity // order.recipe.output_quantity)))
    mixes = range(1, count + 1) if count <= MOST_MIXES else range(1, 2)
    weights = {
        item.pk: item.planned * item.component.unit.numerator / item.component.unit.denominator / 1000
        for item in materials
        if item.component.unit.dimension == Unit.Dimension.MASS
    }
    flour = sum((weights[item.pk] for item in materials if item.pk in weights and FLOUR in item.component.tags), ZERO)
    lines = [
        BatchLine(
            item,
            (weights[item.pk] * 100 / flour).quantize(Decimal("0.1")) if flour and item.pk in weights else None,
            quantities.round_up(item.planned / len(mixes), item.component.unit.step),
            ", ".join(allergen_names.labels(item.component.allergens)),
        )
        for item in materials
    ]
    book = explosion.load([order.product_id], using=order.recipe)
    return Batch(
        order=order,
        lines=lines,
        steps=list(order.steps.select_related("work_center").order_by("position")),
        mixes=mixes,
        allergens=allergen_names.labels(book.allergens(order.product_id)),
        mass=sum(weights.values(), ZERO) if weights else None,
        flour=flour or None,
    )


@dataclass(frozen=True)
class WeighingRow:
    component: Product
    allergens: str
    amounts: list[Decimal | None]
    total: Decimal
    short: Decimal


@dataclass(frozen=True)
class WeighingPage:
    orders: list[WorkOrder]
    rows: list[WeighingRow]
    number: int


def weighing(day: date) -> list[WeighingPage]:
    """What is weighed for the day's open orders: materials × orders, totals of the whole page's orders."""
    orders = list(
        WorkOrder.objects.open().filter(day=day).select_related("product__unit", "recipe").order_by("starts_at", "pk")
    )
    short = orders_read.missing(orders)
    amounts: dict[tuple[int, int], Decimal] = {}
    components: dict[int, Product] = {}
    for item in WorkOrderMaterial.objects.filter(work_order__in=orders).select_related("component__unit"):
        amounts[item.component_id, item.work_order_id] = item.planned
        components[item.component_id] = item.component
    found: list[WeighingPage] = []
    for columns in pages(orders, COLUMNS):
        rows = []
        for component in sorted(components.values(), key=lambda row: (FLOUR not in row.tags, row.name)):
            cells = [amounts.get((component.pk, order.pk)) for order in columns]
            if not any(cells):
                continue
            rows.append(
                WeighingRow(
                    component,
                    ", ".join(allergen_names.labels(component.allergens)),
                    cells,
                    sum((cell for cell in cells if cell), ZERO),
                    sum((short.get(order.pk, {}).get(component.pk, ZERO) for order in columns), ZERO),
                )
            )
        found += [WeighingPage(columns, part, len(found) + 1) for part in pages(rows, WEIGHING_ROWS)]
    for number, page in enumerate(found, 1):
        object.__setattr__(page, "number", number)
    return found


def day_orders(day: date) -> list[WorkOrder]:
    """The day's work, in the order in which it starts."""
    return list(
        WorkOrder.objects.counting()
        .filter(day=day)
        .select_related("product__unit", "recipe", "destination")
        .prefetch_related("steps__work_center")
        .order_by("starts_at", "due_at", "pk")
    )


@dataclass(frozen=True)
class Ingredient:
    """A name on a label; `inside` are the ingredients of one that was made here."""

    name: str
    is_allergen: bool
    inside: tuple["Ingredient", ...] = ()


@dataclass(frozen=True)
class Label:
    lot: Lot
    ingredients: list[Ingredient]
    allergens: list[str]


def label(lot: Lot) -> Label:
    """The lot's label: ingredients by weight, heaviest first, as the version says that it was made from."""
    output = lot.production_outputs.select_related("work_order__recipe").first()
    recipe: Recipe | None = output.work_order.recipe if output else None
    book = explosion.load([lot.product_id], using=recipe)
    return Label(
        lot=lot,
        ingredients=list(_inside(book, lot.product_id)),
        allergens=allergen_names.labels(book.allergens(lot.product_id)),
    )


def _inside(book: explosion.Book, product_id: int) -> tuple[Ingredient, ...]:
    bill = book.bills.get(product_id)
    if bill is None:
        return ()
    weighed = []
    for edge in bill.edges:
        component = book.products[edge.component_id]
        if (
            component.unit.dimension == Unit.Dimension.COUNT
            and not component.allergens
            and edge.component_id not in book.bills
        ):
            continue  # packaging
        weight = edge.per_output * component.unit.numerator / component.unit.denominator
        if component.unit.dimension == Unit.Dimension.COUNT:
            weight *= 50  # a piece, roughly: an egg
        weighed.append((weight, component))
    weighed.sort(key=lambda row: (-row[0], row[1].name))
    return tuple(
        Ingredient(component.name.lower(), bool(component.allergens), _inside(book, component.pk))
        for _weight, component in weighed
    )
