"""What the demo bakery says about its goods: attributes by category, and values. Repeatable."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.catalog.models import Attribute, Category, CategoryAttribute, Product, Unit
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import attributes, bundles, products, schema, variants

from .demo import CATEGORIES, pick

# code: en, pt, type, unit, choices as (en, pt)
ATTRIBUTES: dict[str, tuple[str, str, str, str, tuple[tuple[str, str], ...]]] = {
    "weight": ("Net weight", "Peso líquido", "number", "g", ()),
    "flour": ("Flour", "Farinha", "select", "", (("Wheat", "Trigo"), ("Rye", "Centeio"), ("Wholemeal", "Integral"))),
    "organic": ("Organic", "Orgânico", "boolean", "", ()),
    "origin": ("Origin", "Origem", "text", "", ()),
    "claims": ("Suited for", "Indicado para", "multiselect", "", (("Vegetarian", "Vegetariano"), ("Vegan", "Vegano"))),
    "size": ("Size", "Tamanho", "select", "", (("Small", "Pequeno"), ("Medium", "Médio"), ("Large", "Grande"))),
    "filling": ("Filling", "Recheio", "select", "", (
        ("Brigadeiro", "Brigadeiro"), ("Dulce de leche", "Doce de leite"), ("Strawberry", "Morango"),
    )),
}  # fmt: skip
# category: attribute, required, axis
SCHEMA = {
    "bread": (("weight", True, False), ("flour", True, False), ("organic", False, False), ("claims", False, False)),
    "vien": (("weight", True, False), ("claims", False, False)),
    "cake": (("weight", False, False), ("size", False, True), ("filling", False, True)),
    "shop": (("weight", True, False), ("origin", True, False), ("claims", False, False)),
}
PRICES = (Decimal(68), Decimal(112), Decimal(165))  # of a small, a medium and a large cake
VALUES: dict[str, dict[str, Any]] = {
    "BR-SOUR": {"weight": "750", "flour": 0, "claims": (0, 1)},
    "VI-CROI": {"weight": "80", "claims": (0,)},
    "SH-JAM": {"weight": "250", "claims": (0, 1)},
    "SH-BEAN": {"weight": "250", "origin": "Serra da Mantiqueira"},
}


def build() -> None:
    """Attributes, the schemas of the categories, and what is said about some goods."""
    made = {key: _attribute(key) for key in ATTRIBUTES}
    for category_key, asked in SCHEMA.items():
        category = _category(category_key)
        for key, required, axis in asked:
            if not CategoryAttribute.objects.filter(category=category, attribute=made[key]).exists():
                schema.add(category, made[key], required=required, is_variant_axis=axis)
    for product in Product.objects.filter(sku__in=VALUES, attributes={}).select_related("variant_of"):
        said = {made[key].code: _value(made[key], value) for key, value in VALUES[product.sku].items()}
        products.update(product, attributes=said)
    _variants(_category("cake"))
    _bundle(_category("shop"))


def _attribute(key: str) -> Attribute:
    en, pt, kind, unit, choices = ATTRIBUTES[key]
    name = pick(en, pt)
    return Attribute.objects.filter(name=name).first() or attributes.create(
        name=name, type=kind, unit=Unit.objects.get(code=unit) if unit else None,
        options=[pick(*choice) for choice in choices],
    )  # fmt: skip


def _category(key: str) -> Category:
    en, pt, *_more = CATEGORIES[key]
    return Category.objects.get(name=pick(en, pt))


def _value(attribute: Attribute, value: Any) -> Any:
    """Choices are named by their place here, because their codes differ from language to language."""
    if isinstance(value, int):
        return attribute.options[value]["code"]
    if isinstance(value, tuple):
        return [attribute.options[place]["code"] for place in value]
    return value


def _variants(category: Category) -> None:
    """A cake to order, by size and filling; one combination is not made."""
    if Product.objects.filter(sku="CA-BIRT").exists():
        return
    size, filling = (
        Attribute.objects.get(name=pick("Size", "Tamanho")),
        Attribute.objects.get(name=pick("Filling", "Recheio")),
    )
    cake = products.create(
        sku="CA-BIRT", name=pick("Birthday cake", "Bolo de aniversário"), kind=Product.Kind.CONFIGURABLE, icon="cake",
        category=category, unit=Unit.objects.get(code="un"), shelf_life_days=3, allergens=["gluten", "milk", "egg"],
    )  # fmt: skip
    cake = variants.set_axes(cake, [size.code, filling.code])
    for place, option in enumerate(size.options):
        pattern = f"{{sku}}-{{{size.code}:1}}-{{{filling.code}:3}}"
        fillings = filling.options if place else filling.options[:2]
        variants.make(
            cake, [(option["code"], each["code"]) for each in fillings], pattern=pattern,
            price=PRICES[place], price_list=price_reads.default_list(), sell_policy=Product.SellPolicy.ON_DEMAND,
        )  # fmt: skip


def _bundle(category: Category) -> None:
    """A gift basket that holds a breakfast set: a bundle in a bundle."""
    if Product.objects.filter(sku="SH-BASK").exists():
        return
    known = {row.sku: row for row in Product.objects.filter(sku__in=["SH-JAM", "SH-GRAN", "SH-BEAN", "CA-COOK"])}
    un = Unit.objects.get(code="un")
    made = [
        products.create(
            sku=sku, name=name, kind=Product.Kind.BUNDLE, category=category, unit=un, icon="gift", price=Decimal(price)
        )
        for sku, name, price in (
            ("SH-BREK", pick("Breakfast set", "Kit café da manhã"), 59),
            ("SH-BASK", pick("Gift basket", "Cesta de presente"), 119),
        )
    ]
    for bundle, parts in zip(made, (("SH-JAM", "SH-GRAN"), ("SH-BEAN", "CA-COOK")), strict=True):
        for sku in parts:
            bundles.put(bundle, known[sku], quantity=Decimal(4 if sku == "CA-COOK" else 1))
    bundles.put(made[1], made[0], quantity=Decimal(1))
    products.create(
        sku="SH-WRAP", name=pick("Gift wrapping", "Embrulho para presente"), kind=Product.Kind.VIRTUAL,
        category=category, unit=un, icon="gift", price=Decimal(6),
    )  # fmt: skip
