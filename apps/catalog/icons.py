"""The pictures that products and categories are offered: icons of the kind of goods a maker sells."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

GOODS = (
    ("", _("like the category")),
    ("wheat", _("Wheat")),
    ("croissant", _("Croissant")),
    ("cake-slice", _("Slice of cake")),
    ("cake", _("Cake")),
    ("cookie", _("Biscuit")),
    ("donut", _("Doughnut")),
    ("dessert", _("Dessert")),
    ("candy", _("Sweet")),
    ("sandwich", _("Sandwich")),
    ("pizza", _("Pizza")),
    ("salad", _("Salad")),
    ("soup", _("Soup")),
    ("coffee", _("Coffee")),
    ("cup-soda", _("Cold drink")),
    ("milk", _("Milk")),
    ("wine", _("Wine")),
    ("egg", _("Egg")),
    ("apple", _("Apple")),
    ("cherry", _("Cherry")),
    ("leaf", _("Leaf")),
    ("nut", _("Nut")),
    ("droplet", _("Liquid")),
    ("ice-cream-cone", _("Ice cream")),
    ("layers", _("Dough")),
    ("package", _("Package")),
    ("shopping-bag", _("Bag")),
    ("gift", _("Gift")),
    ("snowflake", _("Frozen")),
    ("flame", _("Hot")),
)


def choices(current: str = "") -> list[tuple[str, object]]:
    """The icons to choose from; one that came from elsewhere stays choosable."""
    known = {name for name, _label in GOODS}
    return [*GOODS, *([(current, current)] if current not in known else [])]
