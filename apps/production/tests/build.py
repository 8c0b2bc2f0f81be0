"""A small bakery for tests: flour and butter in stock, a dough, a croissant made of it, work centres."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from apps.catalog.models import Product
from apps.catalog.tests.factories import make_product, make_unit
from apps.inventory.models import Location, Lot
from apps.inventory.services import locations, stock
from apps.production.models import Recipe, WorkCenter
from apps.production.services import recipes, work_centers
from apps.production.services.recipes import LineSpec, StepSpec
from backoffice.kernel import clock

_numbers = count(1)
D = Decimal


def place(kind: str = "storage", name: str = "") -> Location:
    number = next(_numbers)
    return locations.create(code=f"L{number}", name=name or f"Place {number}", kind=kind)


def center(name: str = "Bench", hourly_cost: str = "60.00") -> WorkCenter:
    return work_centers.create(code=f"W{next(_numbers)}", name=name, hourly_cost=D(hourly_cost))


def ingredient(name: str, *, unit: str = "kg", **fields: object) -> Product:
    fields.setdefault("is_sellable", False)
    return make_product(name, unit=unit, kind="ingredient", is_purchasable=True, **fields)


def stocked(product: Product, quantity: str, where: Location, *, cost: str = "1.00", days: int = 30) -> Lot:
    """A lot of the product, received now."""
    operation = stock.receive(
        where,
        [
            stock.ReceiptLine(
                product,
                D(quantity),
                unit_cost=D(cost),
                expires_on=clock.today() + timedelta(days=days),
                lot_code=f"LOT-{next(_numbers)}",
            )
        ],
    )
    return operation.moves.get().lot


def recipe(
    product: Product, makes: str, lines: list[LineSpec], steps: list[StepSpec] | None = None, **head: object
) -> Recipe:
    """A recipe in use."""
    draft = recipes.create(product, output_quantity=D(makes), lines=lines, steps=steps or [], **head)
    return recipes.activate(draft)


def due(hours: int = 4) -> datetime:
    return clock.now() + timedelta(hours=hours)


@dataclass
class Bakery:
    storage: Location
    shop: Location
    bench: WorkCenter
    oven: WorkCenter
    flour: Product
    butter: Product
    dough: Product
    croissant: Product
    dough_recipe: Recipe
    croissant_recipe: Recipe


def bakery(*, flour: str = "50", butter: str = "10", loss: str = "0") -> Bakery:
    """10 croissants take 1 kg of dough and 0.2 kg of butter; a kg of dough is 0.6 kg of flour and 0.4 kg of butter."""
    storage, shop = place("storage", "Storage"), place("sale", "Shop")
    bench, oven = center("Bench", "30.00"), center("Oven", "60.00")
    flour_, butter_ = ingredient("Flour", tags=["flour"]), ingredient("Butter", allergens=["milk"])
    dough_ = make_product("Dough", unit="kg", is_sellable=False, shelf_life_days=2)
    croissant_ = make_product("Croissant", unit="un", shelf_life_days=1)
    if D(flour):
        stocked(flour_, flour, storage, cost="4.00")
    if D(butter):
        stocked(butter_, butter, storage, cost="40.00")
    gram = make_unit("g")
    dough_recipe = recipe(
        dough_,
        "10",
        [LineSpec(flour_, D("6")), LineSpec(butter_, D("4000"), unit=gram)],
        [StepSpec("Mix", bench, run_minutes=D(20))],
    )
    croissant_recipe = recipe(
        croissant_,
        "10",
        [LineSpec(dough_, D("1")), LineSpec(butter_, D("0.2"))],
        [
            StepSpec("Shape", bench, basis="unit", run_minutes=D(1)),
            StepSpec("Bake", oven, run_minutes=D(15), passive_minutes=D(30)),
        ],
        yield_loss_percent=D(loss),
    )
    return Bakery(storage, shop, bench, oven, flour_, butter_, dough_, croissant_, dough_recipe, croissant_recipe)
