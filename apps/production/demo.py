"""The demo bakery's work centres and recipes, three levels deep. Repeatable: a product that has a recipe keeps it."""

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from apps.catalog.demo import pick
from apps.catalog.models import Product, Unit
from apps.catalog.services import products
from apps.production.models import Recipe, WorkCenter
from apps.production.services import recipes, work_centers
from apps.production.services.recipes import LineSpec, StepSpec
from backoffice.kernel import clock

# code: English, Portuguese, icon, jobs at once, cost of an hour
CENTERS = {
    "MIX": ("Mixer", "Masseira", "cooking-pot", 1, "18.00"),
    "BENCH": ("Bench", "Bancada", "hand", 3, "36.00"),
    "OVEN": ("Oven 1", "Forno 1", "flame", 2, "26.00"),
}
FLOURS = ("MA-FL65", "MA-RYE", "MA-STAR")


class Stage(NamedTuple):
    """A step: centre, names, minutes of work and of waiting, instructions, what to check."""

    center: str
    en: str
    pt: str
    minutes: str
    waiting: str = "0"
    how_en: str = ""
    how_pt: str = ""
    check_en: str = ""
    check_pt: str = ""


class Formula(NamedTuple):
    """A recipe: what it makes, its losses, (SKU, quantity, unit, attrition) and its stages."""

    sku: str
    makes: str
    loss: str
    lines: tuple[tuple[str, str, str, str], ...]
    stages: tuple[Stage, ...]
    batch: str = ""


_MIX = Stage(
    "MIX",
    "Mix",
    "Bater",
    "15",
    "0",
    "4 min slow, 6 min fast, dough at 24 °C.",
    "4 min lento, 6 min rápido, massa a 24 °C.",
    "Dough 24–26 °C",
    "Massa 24–26 °C",
)
_SHAPE = Stage(
    "BENCH",
    "Divide and shape",
    "Dividir e modelar",
    "25",
    "0",
    "Same weight, seam down.",
    "Mesmo peso, emenda para baixo.",
    "5 pieces weighed",
    "5 peças pesadas",
)
_PROOF = Stage("BENCH", "Proof", "Fermentar", "5", "120", "27 °C, covered.", "27 °C, coberto.")
_BAKE = Stage(
    "OVEN",
    "Bake and cool",
    "Assar e esfriar",
    "20",
    "20",
    "Steam 10 s, open the last 5 min.",
    "Vapor 10 s, abrir nos últimos 5 min.",
    "Core at least 96 °C",
    "Centro no mínimo 96 °C",
)

FORMULAS = (
    Formula("SM-LEVA", "5", "0", (("MA-FL65", "2.5", "kg", "0"), ("MA-WATE", "2.5", "kg", "0")),
            (Stage("MIX", "Refresh", "Alimentar", "10", "240", "Ripe when it floats.", "Maduro quando boia."),)),
    Formula("SM-DOUG", "10", "1", (("MA-FL65", "5.6", "kg", "0"), ("MA-MILK", "2.8", "l", "0"), ("MA-SUGA", "0.66", "kg", "0"), ("MA-BUTT", "0.56", "kg", "0"),
             ("MA-YEAS", "220", "g", "0"), ("MA-SALT", "110", "g", "0"), ("MA-EGGS", "2", "un", "0")),
            (_MIX, Stage("BENCH", "Rest cold", "Descansar frio", "5", "720", "Fridge, 4 °C.", "Câmara fria, 4 °C.")), "5"),
    Formula("SM-LAMI", "10", "2", (("SM-DOUG", "7.7", "kg", "0"), ("MA-BUTT", "2.3", "kg", "2")),
            (Stage("BENCH", "Laminate, 3 single folds", "Laminar, 3 dobras simples", "40", "90", "Rest 30 min between folds.", "Descansar 30 min entre dobras.", "Butter 12–16 °C", "Manteiga 12–16 °C"),), "5"),
    Formula("VI-CROI", "48", "3", (("SM-LAMI", "4.4", "kg", "0"), ("MA-EGGS", "3", "un", "15"), ("PK-BAGM", "4", "un", "0")),
            (Stage("BENCH", "Cut and shape 92 g", "Cortar e modelar 92 g", "45", "0", "Loses 13 % in the oven, to 80 g.", "Perde 13 % no forno, para 80 g.", "5 samples 88–96 g", "5 amostras 88–96 g"), _PROOF, _BAKE), "12"),
    Formula("VI-PAIN", "24", "3", (("SM-LAMI", "2.1", "kg", "0"), ("MA-CHOC", "0.48", "kg", "1"), ("MA-EGGS", "2", "un", "15")),
            (Stage("BENCH", "Cut and roll", "Cortar e enrolar", "30"), _PROOF, _BAKE), "12"),
    Formula("VI-CINN", "12", "0", (("SM-LAMI", "1.3", "kg", "0"), ("MA-CINN", "40", "g", "0"), ("MA-SUGA", "0.15", "kg", "0")),
            (Stage("BENCH", "Fill and roll", "Rechear e enrolar", "20"), _PROOF, _BAKE), "12"),
    Formula("BR-SOUR", "12", "0", (("MA-FL65", "5.3", "kg", "0"), ("MA-RYE", "0.5", "kg", "0"), ("MA-WATE", "4.2", "kg", "0"), ("SM-LEVA", "1.1", "kg", "0"), ("MA-SALT", "115", "g", "0")),
            (_MIX, Stage("BENCH", "Bulk", "Primeira fermentação", "10", "240", "Folds at 30, 60 and 90 min.", "Dobras aos 30, 60 e 90 min.", "Rise 50 %", "Cresce 50 %"), _SHAPE, _BAKE), "6"),
    Formula("BR-BAGU", "20", "2", (("MA-FL65", "4.6", "kg", "0"), ("MA-WATE", "3.1", "kg", "0"), ("SM-LEVA", "0.7", "kg", "0"), ("MA-SEED", "0.6", "kg", "5"), ("MA-SALT", "95", "g", "0"), ("MA-YEAS", "20", "g", "0")),
            (_MIX, _SHAPE, _PROOF, _BAKE), "10"),
    Formula("BR-RYE", "5", "0", (("MA-RYE", "2.6", "kg", "0"), ("MA-WATE", "2.2", "kg", "0"), ("SM-LEVA", "0.8", "kg", "0"), ("MA-SALT", "55", "g", "0")), (_MIX, _SHAPE, _BAKE)),
    Formula("BR-FOCA", "8", "0", (("MA-FL65", "2.4", "kg", "0"), ("MA-WATE", "1.9", "kg", "0"), ("MA-OIL", "0.2", "l", "0"), ("MA-YEAS", "30", "g", "0"), ("MA-SALT", "50", "g", "0")), (_MIX, _PROOF, _BAKE), "4"),
    Formula("BR-BRIO", "5", "0", (("MA-FL65", "1.6", "kg", "0"), ("MA-BUTT", "0.7", "kg", "0"), ("MA-EGGS", "14", "un", "8"), ("MA-SUGA", "0.2", "kg", "0"), ("MA-YEAS", "60", "g", "0"), ("MA-SALT", "30", "g", "0")), (_MIX, _SHAPE, _PROOF, _BAKE)),
    Formula("SA-PAOQ", "60", "2", (("MA-STAR", "1.5", "kg", "0"), ("MA-CHEE", "0.9", "kg", "3"), ("MA-MILK", "0.8", "l", "0"), ("MA-EGGS", "10", "un", "8"), ("MA-OIL", "0.25", "l", "0"), ("MA-SALT", "30", "g", "0")), (_MIX, _SHAPE, _BAKE), "20"),
    Formula("SA-QUIC", "12", "0", (("MA-FL65", "0.5", "kg", "0"), ("MA-BUTT", "0.3", "kg", "0"), ("MA-EGGS", "10", "un", "8"), ("MA-MILK", "0.6", "l", "0"), ("MA-CHEE", "0.3", "kg", "3")), (_MIX, _BAKE), "12"),
    Formula("CA-CARR", "16", "0", (("MA-FL65", "0.6", "kg", "0"), ("MA-CARR", "0.8", "kg", "18"), ("MA-SUGA", "0.5", "kg", "0"), ("MA-EGGS", "8", "un", "8"), ("MA-OIL", "0.35", "l", "0"), ("MA-CHOC", "0.25", "kg", "0")), (_MIX, _BAKE), "16"),
    Formula("CA-BASQ", "12", "0", (("MA-CREA", "1.2", "kg", "1"), ("MA-SUGA", "0.35", "kg", "0"), ("MA-EGGS", "7", "un", "8"), ("MA-FL65", "40", "g", "0")), (_MIX, _BAKE), "12"),
    Formula("CA-COOK", "40", "2", (("MA-FL65", "1.3", "kg", "0"), ("MA-BUTT", "0.8", "kg", "0"), ("MA-SUGA", "0.9", "kg", "0"), ("MA-CHOC", "0.7", "kg", "0"), ("MA-EGGS", "5", "un", "8"), ("MA-SALT", "15", "g", "0")), (_MIX, _SHAPE, _BAKE), "20"),
)  # fmt: skip


def build() -> None:
    """Work centres and one recipe in use for everything that is baked."""
    centers = {
        code: WorkCenter.objects.filter(code=code).first()
        or work_centers.create(
            code=code, name=pick(en, pt), icon=icon, capacity=jobs, hourly_cost=Decimal(cost), position=position
        )
        for position, (code, (en, pt, icon, jobs, cost)) in enumerate(CENTERS.items())
    }
    goods = {product.sku: product for product in Product.objects.select_related("unit")}
    units = {unit.code: unit for unit in Unit.objects.all()}
    for sku in FLOURS:
        if "flour" not in goods[sku].tags:
            products.update(goods[sku], tags=[*goods[sku].tags, "flour"])
    with clock.fixed(clock.now() - timedelta(days=90)):
        for formula in FORMULAS:
            if Recipe.objects.filter(product=goods[formula.sku]).exists():
                continue
            draft = recipes.create(
                goods[formula.sku],
                output_quantity=Decimal(formula.makes),
                yield_loss_percent=Decimal(formula.loss),
                batch_multiple=Decimal(formula.batch) if formula.batch else None,
                lines=[
                    LineSpec(goods[sku], Decimal(quantity), unit=units[unit], attrition_percent=Decimal(attrition))
                    for sku, quantity, unit, attrition in formula.lines
                ],
                steps=[_step(stage, centers[stage.center]) for stage in formula.stages],
            )
            recipes.activate(draft)


def _step(stage: Stage, center: WorkCenter) -> StepSpec:
    return StepSpec(
        name=pick(stage.en, stage.pt),
        work_center=center,
        run_minutes=Decimal(stage.minutes),
        passive_minutes=Decimal(stage.waiting),
        instructions=pick(stage.how_en, stage.how_pt),
        checkpoint=pick(stage.check_en, stage.check_pt),
    )
