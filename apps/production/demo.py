"""The demo bakery's work centres and recipes, in three levels: dough, laminated dough, croissant. Repeatable."""

from decimal import Decimal
from typing import NamedTuple

from apps.catalog.demo import pick
from apps.catalog.models import Product
from apps.production.models import Recipe, WorkCenter
from apps.production.services import recipes, work_centers
from apps.production.services.recipes import LineSpec, StepSpec


class Step(NamedTuple):
    """A step of the demo: work centre, name, minutes of work and of waiting, what to look at."""

    center: str
    en: str
    pt: str
    run: str
    passive: str = "0"
    check: tuple[str, str] = ("", "")


class Formula(NamedTuple):
    """A recipe of the demo: what one batch makes and what goes in (component, quantity, attrition %)."""

    makes: str
    loss: str
    lines: tuple[tuple[str, str, str], ...]
    steps: tuple[Step, ...]
    batch: str = ""


CENTERS = (
    ("MIX", "Mixer", "Amassadeira", "cooking-pot", 1, "28.00"),
    ("BENCH", "Bench", "Bancada", "hand", 2, "32.00"),
    ("SHEET", "Sheeter", "Laminadora", "layers", 1, "36.00"),
    ("OVEN", "Oven 1", "Forno 1", "flame", 2, "45.00"),
)
MIX = Step("MIX", "Mix", "Bater a massa", "12", "40", ("Dough 24–26 °C", "Massa a 24–26 °C"))
SHAPE = Step("BENCH", "Divide and shape", "Dividir e modelar", "25", "60")
BAKE = Step("OVEN", "Bake", "Assar", "38", "60", ("Core at least 96 °C", "Miolo acima de 96 °C"))
BAKE_SHORT = Step("OVEN", "Bake", "Assar", "18", "20", ("Golden all over", "Dourado por igual"))

FORMULAS = {
    "SM-LEVA": Formula("5", "0", (("MA-FL65", "2.5", "0"), ("MA-WATE", "2.5", "0")), (Step("MIX", "Refresh", "Refrescar", "8", "240"),)),
    "SM-DOUG": Formula(
        "10", "1",
        (("MA-FL65", "5.6", "0"), ("MA-WATE", "1.2", "0"), ("MA-MILK", "1.4", "0"), ("MA-SUGA", "0.62", "0"),
         ("MA-BUTT", "0.5", "0"), ("SM-LEVA", "0.4", "0"), ("MA-YEAS", "0.22", "0"), ("MA-SALT", "0.11", "0")),
        (MIX, Step("BENCH", "Rest in the cold", "Descansar no frio", "5", "480", ("3–5 °C", "3–5 °C"))),
    ),
    "SM-LAMI": Formula(
        "10", "0.5", (("SM-DOUG", "7.8", "0"), ("MA-BUTT", "2.2", "0")),
        (Step("SHEET", "Laminate, three folds", "Laminar, três dobras", "35", "90", ("Butter 12–16 °C", "Manteiga a 12–16 °C")),),
    ),
    "VI-CROI": Formula(
        "24", "3", (("SM-LAMI", "1.98", "0"), ("MA-EGGS", "1", "0")),
        (Step("BENCH", "Cut and shape", "Cortar e modelar", "20", "105", ("75–82 g each", "75–82 g cada")), BAKE_SHORT), "12",
    ),
    "VI-PAIN": Formula(
        "24", "3", (("SM-LAMI", "1.92", "0"), ("MA-CHOC", "0.384", "0"), ("MA-EGGS", "1", "0")),
        (Step("BENCH", "Fill and roll", "Rechear e enrolar", "22", "105"), BAKE_SHORT), "12",
    ),
    "VI-CINN": Formula(
        "12", "2", (("SM-DOUG", "1.2", "0"), ("MA-BUTT", "0.15", "0"), ("MA-SUGA", "0.18", "0"), ("MA-CINN", "0.02", "0")),
        (Step("BENCH", "Fill, roll, cut", "Rechear, enrolar, cortar", "18", "90"), BAKE_SHORT), "12",
    ),
    "BR-SOUR": Formula(
        "12", "1",
        (("MA-FL65", "6.2", "0"), ("MA-RYE", "0.5", "0"), ("MA-WATE", "4.4", "0"), ("SM-LEVA", "1.5", "0"), ("MA-SALT", "0.14", "0")),
        (MIX, SHAPE, BAKE), "6",
    ),
    "BR-BAGU": Formula(
        "20", "2",
        (("MA-FL65", "5", "0"), ("MA-WATE", "3.4", "0"), ("SM-LEVA", "0.5", "0"), ("MA-SEED", "0.4", "0"), ("MA-SALT", "0.1", "0"), ("MA-YEAS", "0.02", "0")),
        (MIX, SHAPE, BAKE_SHORT), "10",
    ),
    "BR-RYE": Formula(
        "10", "1", (("MA-RYE", "4", "0"), ("MA-WATE", "3.4", "0"), ("SM-LEVA", "1.5", "0"), ("MA-SALT", "0.09", "0")), (MIX, BAKE), "5"
    ),
    "BR-FOCA": Formula(
        "8", "0",
        (("MA-FL65", "3.2", "0"), ("MA-WATE", "2.3", "0"), ("MA-OIL", "0.25", "0"), ("MA-SALT", "0.07", "0"), ("MA-YEAS", "0.03", "0")),
        (MIX, BAKE_SHORT), "4",
    ),
    "BR-BRIO": Formula(
        "10", "1",
        (("MA-FL65", "3", "0"), ("MA-BUTT", "1.5", "0"), ("MA-EGGS", "25", "0"), ("MA-SUGA", "0.45", "0"), ("MA-YEAS", "0.1", "0"), ("MA-SALT", "0.06", "0")),
        (MIX, SHAPE, BAKE), "5",
    ),
    "CA-CARR": Formula(
        "16", "0",
        (("MA-FL65", "0.9", "0"), ("MA-CARR", "1.2", "12"), ("MA-EGGS", "8", "0"), ("MA-SUGA", "0.9", "0"), ("MA-OIL", "0.5", "0")),
        (Step("MIX", "Mix", "Bater", "8"), BAKE), "16",
    ),
    "CA-BASQ": Formula(
        "12", "0", (("MA-CREA", "1.8", "0"), ("MA-EGGS", "10", "0"), ("MA-SUGA", "0.5", "0"), ("MA-FL65", "0.06", "0")),
        (Step("MIX", "Mix", "Bater", "8"), BAKE), "12",
    ),
    "CA-COOK": Formula(
        "40", "2",
        (("MA-FL65", "1.2", "0"), ("MA-BUTT", "0.8", "0"), ("MA-SUGA", "0.8", "0"), ("MA-CHOC", "0.9", "0"), ("MA-EGGS", "6", "0")),
        (Step("MIX", "Mix", "Bater", "6"), BAKE_SHORT), "20",
    ),
    "SA-PAOQ": Formula(
        "60", "2",
        (("MA-STAR", "1.5", "0"), ("MA-CHEE", "1.1", "3"), ("MA-EGGS", "10", "0"), ("MA-MILK", "0.75", "0"), ("MA-OIL", "0.2", "0")),
        (Step("MIX", "Scald and mix", "Escaldar e sovar", "15"), Step("BENCH", "Roll", "Enrolar", "25"), BAKE_SHORT), "30",
    ),
    "SA-QUIC": Formula(
        "12", "0",
        (("MA-FL65", "0.5", "0"), ("MA-BUTT", "0.25", "0"), ("MA-EGGS", "12", "0"), ("MA-MILK", "0.6", "0"), ("MA-CHEE", "0.2", "0")),
        (Step("MIX", "Mix", "Bater", "10"), BAKE), "12",
    ),
}  # fmt: skip


def build() -> None:
    """Work centres, and one recipe in use for everything that is made here."""
    centers: dict[str, WorkCenter] = {}
    for position, (code, en, pt, icon, capacity, hourly) in enumerate(CENTERS):
        centers[code] = WorkCenter.objects.filter(code=code).first() or work_centers.create(
            code=code, name=pick(en, pt), icon=icon, capacity=capacity, hourly_cost=Decimal(hourly), position=position
        )
    goods = {product.sku: product for product in Product.objects.select_related("unit")}
    for sku, formula in FORMULAS.items():
        if Recipe.objects.filter(product=goods[sku]).exists():
            continue
        recipe = recipes.create(
            goods[sku],
            output_quantity=Decimal(formula.makes),
            yield_loss_percent=Decimal(formula.loss),
            batch_multiple=Decimal(formula.batch) if formula.batch else None,
            lines=[
                LineSpec(goods[component], Decimal(quantity), attrition_percent=Decimal(attrition))
                for component, quantity, attrition in formula.lines
            ],
            steps=[
                StepSpec(
                    pick(step.en, step.pt),
                    centers[step.center],
                    run_minutes=Decimal(step.run),
                    passive_minutes=Decimal(step.passive),
                    checkpoint=pick(*step.check),
                )
                for step in formula.steps
            ],
        )
        recipes.activate(recipe)
