"""What the demo bakery says about its goods: attributes by category, and values. Repeatable."""

from __future__ import annotations

from typing import Any

from apps.catalog.models import Attribute, Category, CategoryAttribute, Product, Unit
from apps.catalog.services import attributes, products, schema

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
