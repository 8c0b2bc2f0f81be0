"""The demo bakery's goods: English or Portuguese by setting. Repeatable: what is there already stays as it is."""

from datetime import time, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from apps.catalog.models import Category, PriceList, Product, Promotion, Unit
from apps.catalog.services import categories, packs, price_lists, prices, products, promotions
from apps.catalog.services.prices import Change
from apps.catalog.services.promotions import Scope
from backoffice.kernel import clock


class Good(NamedTuple):
    """One product of the demo. `price` is the counter's; without one it is not sold."""

    sku: str
    en: str
    pt: str
    category: str
    unit: str = "un"
    price: str = ""
    shelf_life: int | None = None
    policy: str = "stock_only"
    allergens: str = ""
    icon: str = ""
    barcode: str = ""
    pack: tuple[str, str, str, str] | None = None  # en, pt, quantity, barcode


CATEGORIES = {
    "bread": ("Breads", "Pães", "wheat", "bread", ""),
    "vien": ("Viennoiserie", "Folhados", "croissant", "vien", ""),
    "cake": ("Cakes", "Bolos e doces", "cake-slice", "cake", ""),
    "savo": ("Savoury", "Salgados", "sandwich", "savo", ""),
    "coff": ("Coffee", "Cafés", "coffee", "coff", ""),
    "cold": ("Cold drinks", "Bebidas frias", "cup-soda", "cold", ""),
    "shop": ("Shop", "Empório", "shopping-bag", "shop", ""),
    "raw": ("Ingredients", "Insumos", "wheat", "bread", ""),
    "flour": ("Flour and grain", "Farinhas e grãos", "wheat", "bread", "raw"),
    "dairy": ("Dairy and eggs", "Laticínios e ovos", "milk", "cold", "raw"),
    "semi": ("Doughs and fillings", "Massas e recheios", "layers", "bread", "raw"),
    "pack": ("Packaging", "Embalagens", "package", "shop", ""),
}

GOODS = (
    Good("BR-SOUR", "Country sourdough 800 g", "Pão de campanha 800 g", "bread", price="28", shelf_life=3, allergens="gluten"),
    Good("BR-BAGU", "Seeded baguette", "Baguete com sementes", "bread", price="12", shelf_life=1, allergens="gluten sesame"),
    Good("BR-RYE", "Rye 100 %", "Centeio 100 %", "bread", price="32", shelf_life=5, allergens="gluten", policy="planned_ok"),
    Good("BR-FOCA", "Focaccia, rosemary", "Focaccia com alecrim", "bread", price="18", shelf_life=1, allergens="gluten", icon="pizza"),
    Good("BR-BRIO", "Brioche loaf", "Brioche", "bread", price="26", shelf_life=3, allergens="gluten milk egg"),
    Good("VI-CROI", "Butter croissant", "Croissant de manteiga", "vien", price="9.50", shelf_life=1, allergens="gluten milk egg", barcode="7891234500014"),
    Good("VI-PAIN", "Pain au chocolat", "Pain au chocolat", "vien", price="11", shelf_life=1, allergens="gluten milk egg soy"),
    Good("VI-CINN", "Cinnamon roll", "Rolinho de canela", "vien", price="13", shelf_life=2, allergens="gluten milk egg", icon="donut"),
    Good("CA-CARR", "Carrot cake, slice", "Bolo de cenoura, fatia", "cake", price="16", shelf_life=4, allergens="gluten egg"),
    Good("CA-BASQ", "Basque cheesecake", "Cheesecake basco", "cake", price="19", shelf_life=4, allergens="milk egg gluten"),
    Good("CA-COOK", "Chocolate cookie", "Cookie de chocolate", "cake", price="8.50", shelf_life=10, allergens="gluten milk egg soy", icon="cookie"),
    Good("SA-PAOQ", "Pão de queijo", "Pão de queijo", "savo", price="6", shelf_life=1, allergens="milk egg", icon="cookie"),
    Good("SA-TOAS", "Ham & cheese toastie", "Misto quente", "savo", price="22", policy="on_demand", allergens="gluten milk"),
    Good("SA-QUIC", "Leek quiche, slice", "Quiche de alho-poró, fatia", "savo", price="21", shelf_life=2, allergens="gluten milk egg", icon="pizza"),
    Good("CO-ESPR", "Espresso", "Espresso", "coff", price="7", policy="on_demand"),
    Good("CO-CAPP", "Cappuccino", "Cappuccino", "coff", price="12", policy="on_demand", allergens="milk"),
    Good("CO-FLAT", "Flat white", "Flat white", "coff", price="13", policy="on_demand", allergens="milk"),
    Good("CO-FILT", "Filter coffee", "Café coado", "coff", price="8", policy="on_demand"),
    Good("CD-ORAN", "Orange juice 300 ml", "Suco de laranja 300 ml", "cold", price="14", policy="on_demand"),
    Good("CD-WATE", "Still water 500 ml", "Água sem gás 500 ml", "cold", price="6", shelf_life=365, icon="droplets", barcode="7891234500021", pack=("Crate of 12", "Fardo com 12", "12", "17891234500028")),
    Good("CD-KOMB", "Kombucha, ginger", "Kombucha de gengibre", "cold", price="16", shelf_life=90, icon="bottle-wine", barcode="7891234500038"),
    Good("SH-JAM", "Strawberry jam 250 g", "Geleia de morango 250 g", "shop", price="29", shelf_life=270, icon="cherry", barcode="7891234500045"),
    Good("SH-GRAN", "Granola 400 g", "Granola 400 g", "shop", price="34", shelf_life=120, allergens="nuts gluten", barcode="7891234500052"),
    Good("SH-BEAN", "House espresso beans 250 g", "Café em grãos 250 g", "shop", price="42", shelf_life=120, icon="bean", barcode="7891234500069"),
    Good("MA-FL65", "Wheat flour T65", "Farinha de trigo T65", "flour", "kg", shelf_life=180, allergens="gluten", barcode="7891234500106", pack=("Sack 25 kg", "Saco 25 kg", "25", "17891234500103")),
    Good("MA-RYE", "Rye flour, fine", "Farinha de centeio fina", "flour", "kg", shelf_life=180, allergens="gluten", pack=("Sack 10 kg", "Saco 10 kg", "10", "")),
    Good("MA-STAR", "Sour cassava starch", "Polvilho azedo", "flour", "kg", shelf_life=365, pack=("Sack 25 kg", "Saco 25 kg", "25", "")),
    Good("MA-WATE", "Water", "Água", "flour", "kg", policy="on_demand", icon="droplets"),
    Good("MA-SEED", "Seed mix", "Mix de sementes", "flour", "kg", shelf_life=180, allergens="sesame", pack=("Bag 5 kg", "Pacote 5 kg", "5", "")),
    Good("MA-SUGA", "Sugar", "Açúcar", "flour", "kg", shelf_life=720, pack=("Sack 25 kg", "Saco 25 kg", "25", "")),
    Good("MA-SALT", "Sea salt, fine", "Sal marinho fino", "flour", "kg", shelf_life=1000, pack=("Bag 1 kg", "Pacote 1 kg", "1", "")),
    Good("MA-YEAS", "Fresh yeast", "Fermento fresco", "dairy", "kg", shelf_life=28, pack=("Block 500 g", "Tablete 500 g", "0.5", "")),
    Good("MA-BUTT", "Butter 82 %", "Manteiga 82 %", "dairy", "kg", shelf_life=60, allergens="milk", barcode="7891234500113", pack=("Box 5 kg", "Caixa 5 kg", "5", "17891234500110")),
    Good("MA-MILK", "Whole milk", "Leite integral", "dairy", "l", shelf_life=7, allergens="milk", pack=("Crate 12 l", "Caixa 12 l", "12", "")),
    Good("MA-EGGS", "Eggs, free range", "Ovos caipiras", "dairy", "un", shelf_life=25, allergens="egg", icon="egg", pack=("Tray of 30", "Bandeja com 30", "30", "")),
    Good("MA-CREA", "Cream cheese", "Cream cheese", "dairy", "kg", shelf_life=30, allergens="milk", pack=("Tub 1.5 kg", "Balde 1,5 kg", "1.5", "")),
    Good("MA-CHEE", "Minas cheese, cured", "Queijo minas curado", "dairy", "kg", shelf_life=45, allergens="milk", pack=("Wheel 1 kg", "Peça 1 kg", "1", "")),
    Good("MA-CHOC", "Dark chocolate 55 %", "Chocolate amargo 55 %", "flour", "kg", shelf_life=360, allergens="soy", icon="candy", pack=("Box 5 kg", "Caixa 5 kg", "5", "")),
    Good("MA-CINN", "Cinnamon, ground", "Canela em pó", "flour", "kg", shelf_life=360, pack=("Bag 500 g", "Pacote 500 g", "0.5", "")),
    Good("MA-CARR", "Carrots", "Cenoura", "dairy", "kg", shelf_life=10, icon="carrot", pack=("Crate 20 kg", "Caixa 20 kg", "20", "")),
    Good("MA-OIL", "Olive oil", "Azeite de oliva", "flour", "l", shelf_life=365, pack=("Can 5 l", "Lata 5 l", "5", "")),
    Good("SM-LEVA", "Levain, ripe", "Levain maduro", "semi", "kg", shelf_life=2, allergens="gluten"),
    Good("SM-DOUG", "Croissant dough", "Massa de croissant", "semi", "kg", shelf_life=3, allergens="gluten milk"),
    Good("SM-LAMI", "Laminated dough", "Massa laminada", "semi", "kg", shelf_life=2, allergens="gluten milk"),
    Good("PK-BAGM", "Paper bag M", "Saco de papel M", "pack", "un", icon="shopping-bag", pack=("Bundle of 500", "Fardo com 500", "500", "")),
)  # fmt: skip
DAYS_OPEN = 120
WEB_FACTOR, WHOLESALE_FACTOR = Decimal("1.00"), Decimal("0.75")


def portuguese() -> bool:
    """Whether the demo speaks Portuguese."""
    return str(settings.LANGUAGE_CODE).startswith("pt")


def pick(en: str, pt: str) -> str:
    """The text in the demo's language."""
    return pt if portuguese() else en


def build() -> None:
    """Categories, goods with packs, and the three price lists."""
    made: dict[str, Category] = {}
    for position, (key, (en, pt, icon, hue, parent)) in enumerate(CATEGORIES.items()):
        name, inside = pick(en, pt), made.get(parent)
        made[key] = Category.objects.filter(name=name, parent=inside).first() or categories.create(
            name=name, parent=inside, icon=icon, hue=hue, position=position
        )
    units = {unit.code: unit for unit in Unit.objects.all()}
    known = {product.sku: product for product in Product.objects.all()}
    for good in GOODS:
        if good.sku not in known:
            known[good.sku] = _make(good, made[good.category], units[good.unit])
    opened = clock.now() - timedelta(days=DAYS_OPEN)
    for code, name, factor in (
        ("counter", pick("Counter", "Balcão"), Decimal(1)),
        ("web", pick("Web shop", "Loja online"), WEB_FACTOR),
        ("wholesale", pick("Wholesale", "Atacado"), WHOLESALE_FACTOR),
    ):
        if not PriceList.objects.filter(code=code).exists():
            price_list = price_lists.create(code=code, name=name)
            with clock.fixed(opened):
                prices.set_many(
                    price_list,
                    [Change(known[good.sku].pk, Decimal(good.price) * factor) for good in GOODS if good.price],
                    reason=pick("Opening prices", "Preços de abertura"),
                )
    if not Promotion.objects.exists():
        _promotions(made)
    if not PriceList.objects.filter(code="marketplace").exists():
        with clock.fixed(opened):
            _more_prices(known)


def _more_prices(known: dict[str, Product]) -> None:
    """A list that follows the counter's, a tier, a price for a crate, and two that begin on Monday."""
    lists = {row.code: row for row in PriceList.objects.all()}
    price_lists.create(
        code="marketplace", name=pick("Marketplace", "Marketplace"), base=lists["counter"], percentage=Decimal(18),
        rounding=PriceList.Rounding.NINETY, is_default=False,
    )  # fmt: skip
    water = known["CD-WATE"]
    prices.set_price(water, lists["counter"], amount=Decimal(60), unit=water.packs.first(), min_quantity=Decimal(1))
    croissant, reason = known["VI-CROI"], pick("By the tray", "Por assadeira")
    prices.set_price(croissant, lists["wholesale"], amount=Decimal("6.50"), min_quantity=Decimal(24), reason=reason)
    today = clock.today() + timedelta(days=DAYS_OPEN)
    monday = today + timedelta(days=7 - today.weekday())
    bread, reason = known["BR-SOUR"], pick("Flour is dearer", "A farinha encareceu")
    prices.set_price(
        bread, lists["counter"], amount=Decimal(30), valid_from=clock.day_bounds(monday)[0], reason=reason
    )  # fmt: skip
    prices.set_price(
        known["SH-GRAN"], lists["web"], amount=Decimal("29.90"), valid_from=clock.day_bounds(monday)[0],
        reason=pick("Before the new harvest", "Antes da nova safra"),
    )  # fmt: skip


def _promotions(categories: dict[str, Category]) -> None:
    """Rules that a bakery has: bread of the day half price in the evening, cookies by three, a coupon."""
    begin = clock.at(clock.today().replace(day=1))
    promotions.create(
        name=pick("Bread of the day, evening", "Pão do dia, à noite"), kind="percent", value=Decimal(50),
        valid_from=begin, from_hour=time(19), until_hour=time(21), weekdays=[0, 1, 2, 3, 4, 5], expires_within=0,
        channels=["counter"], priority=10, scope=Scope(categories=[categories["bread"]]),
    )  # fmt: skip
    promotions.create(
        name=pick("Cookies: buy 3, pay 2", "Cookies: leve 3, pague 2"), kind="buy_pay", buy=3, pay=2, priority=20,
        valid_from=begin + timedelta(days=40), scope=Scope(products=[Product.objects.get(sku="CA-COOK")]),
    )  # fmt: skip
    promotions.create(
        name=pick("Free delivery from 120", "Entrega grátis a partir de 120"), kind="delivery", level="order",
        minimum=Decimal(120), channels=["web"], valid_from=begin, priority=30,
    )  # fmt: skip
    friend = promotions.create(
        name=pick("A friend's coupon", "Cupom de amigo"), kind="percent", level="order", value=Decimal(10),
        by_coupon=True, max_uses_each=1, valid_from=begin, priority=40,
    )  # fmt: skip
    promotions.add_coupons(friend, code="AMIGO10", max_uses=100)


def _make(good: Good, category: Category, unit: Unit) -> Product:
    product = products.create(
        sku=good.sku,
        name=pick(good.en, good.pt),
        kind=Product.Kind.SIMPLE if good.price else Product.Kind.INGREDIENT,
        category=category,
        unit=unit,
        barcode=good.barcode,
        shelf_life_days=good.shelf_life,
        sell_policy=good.policy,
        lot_tracked=good.sku != "PK-BAGM",
        is_sellable=bool(good.price),
        is_purchasable=good.category in {"flour", "dairy", "pack", "shop"} or good.sku in {"CD-WATE", "CD-KOMB"},
        allergens=good.allergens.split(),
        icon=good.icon,
    )
    if good.pack:
        en, pt, quantity, barcode = good.pack
        packs.add(product, name=pick(en, pt), quantity=Decimal(quantity), barcode=barcode)
    return product
