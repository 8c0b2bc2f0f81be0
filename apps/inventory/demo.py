"""The demo bakery's places, minimums and first deliveries. Repeatable."""

from datetime import datetime, timedelta
from decimal import Decimal

from apps.catalog.demo import pick
from apps.catalog.models import Product
from apps.inventory.models import Location, ReorderRule
from apps.inventory.services import locations, stock
from apps.inventory.services.stock import ReceiptLine
from backoffice.kernel import clock
from backoffice.kernel.audit import acting

# code: English, Portuguese, kind, inside
PLACES = {
    "BAK": ("Bakery", "Produção", Location.Kind.STORAGE, ""),
    "FRIDGE": ("Fridge", "Câmara fria", Location.Kind.STORAGE, "BAK"),
    "DRY": ("Dry store", "Estoque seco", Location.Kind.STORAGE, "BAK"),
    "OVEN": ("Oven 1", "Forno 1", Location.Kind.PRODUCTION, "BAK"),
    "SHOP": ("Shop", "Loja", Location.Kind.SALE, ""),
}
MINIMUMS = {
    "MA-FL65": ("100", "250"), "MA-BUTT": ("15", "40"), "MA-MILK": ("12", "36"), "MA-EGGS": ("90", "240"),
    "MA-YEAS": ("1", "3"), "MA-CHOC": ("5", "15"), "MA-CHEE": ("4", "10"), "MA-STAR": ("10", "50"),
    "CD-WATE": ("24", "72"), "SH-JAM": ("6", "18"), "PK-BAGM": ("300", "1500"), "MA-CREA": ("3", "9"),
}  # fmt: skip
COLD = {"CD-WATE": ("6", "24")}  # of what lies in the shop, so many are in the fridge
KEPT = {
    "FRIDGE": ("MA-BUTT", "MA-MILK", "MA-EGGS", "MA-YEAS", "MA-CREA", "MA-CHEE"),
    "DRY": ("MA-FL65", "MA-RYE", "MA-SUGA", "MA-SALT", "MA-CHOC"),
}
# SKU: packs, cost of a pack, place, days that are left of its life (None: the whole shelf life)
DELIVERIES = (
    (12, (("MA-FL65", "16", "97.50", "DRY", None), ("MA-RYE", "4", "62.00", "DRY", None), ("MA-SUGA", "2", "98.00", "DRY", None),
          ("MA-SALT", "10", "2.70", "DRY", None), ("MA-STAR", "2", "212.00", "DRY", None), ("MA-SEED", "3", "88.00", "DRY", None),
          ("MA-CHOC", "3", "240.00", "DRY", None), ("MA-CINN", "2", "31.00", "DRY", None), ("MA-OIL", "4", "189.00", "DRY", None),
          ("PK-BAGM", "2", "145.00", "DRY", None), ("CD-WATE", "6", "21.60", "SHOP", None))),
    (9, (("MA-BUTT", "8", "192.00", "FRIDGE", None), ("MA-EGGS", "12", "21.00", "FRIDGE", None), ("MA-YEAS", "8", "9.80", "FRIDGE", None),
         ("MA-CREA", "6", "58.00", "FRIDGE", None), ("MA-MILK", "2", "57.60", "FRIDGE", 8), ("MA-CHEE", "12", "46.00", "FRIDGE", None), ("MA-CARR", "1", "79.00", "FRIDGE", 11))),
    (4, (("MA-MILK", "1", "57.60", "FRIDGE", 6), ("MA-BUTT", "5", "205.00", "FRIDGE", None), ("MA-EGGS", "8", "22.50", "FRIDGE", None))),
    (1, (("MA-MILK", "4", "58.80", "FRIDGE", 7), ("MA-YEAS", "4", "9.80", "FRIDGE", None), ("MA-FL65", "4", "99.00", "DRY", None))),
)  # fmt: skip
SHOP_GOODS = (
    ("CD-KOMB", "40", "7.20"),
    ("SH-JAM", "24", "13.50"),
    ("SH-GRAN", "20", "15.00"),
    ("SH-BEAN", "18", "21.00"),
)


def places() -> None:
    """Two places with what is in them, what is kept where, and the least that should be there of what matters."""
    made: dict[str, Location] = {}
    for code, (en, pt, kind, inside) in PLACES.items():
        made[code] = Location.objects.filter(code=code).first() or locations.create(
            code=code, name=pick(en, pt), kind=kind, parent=made.get(inside)
        )
    by_sku = {product.sku: product for product in Product.objects.filter(sku__in=MINIMUMS)}
    for sku, (minimum, target) in MINIMUMS.items():
        ReorderRule.objects.get_or_create(
            product=by_sku[sku], location=None, defaults={"minimum": Decimal(minimum), "target": Decimal(target)}
        )
    for sku, (minimum, target) in COLD.items():
        ReorderRule.objects.get_or_create(
            product=by_sku[sku],
            location=made["FRIDGE"],
            defaults={"minimum": Decimal(minimum), "target": Decimal(target)},
        )
    for code, kept in KEPT.items():
        for product in Product.objects.filter(sku__in=kept).order_by("pk"):
            locations.keep_at(product, made[code])


def deliveries() -> None:
    """What suppliers brought over the last two weeks, each delivery once."""
    today = clock.today()
    by_code = {place.code: place for place in Location.objects.filter(code__in=PLACES)}
    goods = {product.sku: product for product in Product.objects.select_related("unit").prefetch_related("packs")}
    suppliers = (pick("Serra Mill", "Moinho Serra"), pick("Valley Dairy", "Laticínios do Vale"))
    for number, (days_ago, lines) in enumerate(DELIVERIES):
        when = clock.at(today - timedelta(days=days_ago), 9, 40)
        for code in sorted({line[3] for line in lines}):
            _receive(by_code[code], goods, [line for line in lines if line[3] == code], when, suppliers[number % 2])
    when = clock.at(today - timedelta(days=8), 11, 5)
    with clock.fixed(when), acting(reason=pick("Delivery", "Entrega")):
        stock.receive(
            by_code["SHOP"],
            [ReceiptLine(goods[sku], Decimal(quantity), unit_cost=Decimal(cost)) for sku, quantity, cost in SHOP_GOODS],
            reference="NF 8790",
            supplier_name=pick("Artisan Distributor", "Distribuidora Artesã"),
            key="demo-shop-goods",
        )


def _receive(
    place: Location,
    goods: dict[str, Product],
    lines: list[tuple[str, str, str, str, int | None]],
    when: datetime,
    supplier: str,
) -> None:
    day = clock.local(when).date()
    with clock.fixed(when), acting(reason=pick("Delivery", "Entrega")):
        stock.receive(
            place,
            [
                ReceiptLine(
                    goods[sku],
                    Decimal(packs),
                    pack=goods[sku].packs.all()[0],
                    pack_cost=Decimal(cost),
                    expires_on=day + timedelta(days=life) if life else None,
                )
                for sku, packs, cost, _code, life in lines
            ],
            reference=f"NF {8600 + day.toordinal() % 400}",
            supplier_name=supplier,
            key=f"demo-{day}-{place.code}",
        )
