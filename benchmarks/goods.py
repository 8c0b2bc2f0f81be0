"""The catalogue of the shop: a tree of categories that ask for attributes, and products that have most of them."""

import json
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from apps.catalog.models import Attribute, Category, CategoryAttribute, Price, PriceList, Product, Unit, vocabulary
from apps.catalog.selectors.schemas import Schemas
from apps.catalog.services import completeness
from backoffice.kernel import clock
from benchmarks.load import load

PRICE = 10_000
"""How prices are scaled in the tables."""

FORMS = [
    "bread", "roll", "croissant", "tart", "cookie", "loaf", "pie", "bun", "biscuit", "cracker", "muffin", "brioche",
]  # fmt: skip
"""What a thing is: each word is in the names of a twelfth of all products."""

TASTES = [
    "rye", "almond", "walnut", "spelt", "lemon", "cocoa", "vanilla", "cinnamon", "pumpkin", "sesame", "olive", "raisin",
    "honey", "barley", "oat", "ginger", "coffee", "orange", "cherry", "pistachio", "hazelnut", "carrot", "apple", "fig",
    "pear", "plum", "quince", "apricot", "coconut", "maple", "mint", "thyme", "rosemary", "garlic", "onion", "potato",
    "beetroot", "millet", "buckwheat", "linseed", "butter",
]  # fmt: skip
"""What it tastes of: a fortieth each."""

SEASONS = {3: "organic", 211: "saffron", 9973: "kouign"}
"""A word that one name in so many has: tens of thousands, hundreds and a few of the large shop."""

PLACES = ["Serra", "Minas", "Bahia", "Sertao", "Litoral", "Pampa"]
FLAVOURS = ["plain", "sweet", "salted", "spiced", "smoked", "sour"]


def name_of(pk: int) -> str:
    """What the product is called, like "Organic rye bread 312"; which words go together follows from the number."""
    seasons = [word for every, word in SEASONS.items() if pk % every == 0]
    words = [*seasons, TASTES[pk * 7 % len(TASTES)], FORMS[pk // 5 % len(FORMS)]]
    return f"{' '.join(words).capitalize()} {pk}"


def fill(products: int, chance: Random) -> PriceList:
    """Write the catalogue; returns the price list of the counter. Nothing in it is missing for one reason only."""
    categories = _tree()
    schemas, choices = Schemas(), Attribute.choices_of()
    schema_of = {category.pk: schemas.of(category.pk) for category in categories}
    unit = Unit.objects.get(code="un")
    price_list = PriceList.objects.create(code="counter", name="Counter", is_default=True)
    priced = {pk for pk in range(1, products + 1) if pk % 37}

    def product(pk: int) -> tuple[int, str, str, str, str, int, str, str, bool, int, int]:
        category = categories[pk % len(categories)]
        values: dict[str, Any] = {"flavour": FLAVOURS[pk % len(FLAVOURS)], "weight": str(50 + pk % 900)}
        values |= {"origin": PLACES[pk * 11 % len(PLACES)]} if pk % 3 else {}
        values |= {"vegan": pk % 2 == 0} if pk % 5 else {}
        ingredient = pk % 10 == 0
        row = Product(
            sku=f"P-{pk:06d}",
            name=name_of(pk),
            barcode=f"20{pk:010d}" if pk % 4 else "",
            kind=Product.Kind.INGREDIENT if ingredient else Product.Kind.SIMPLE,
            is_sellable=not ingredient,
            attributes=values,
        )
        row.refresh_search_text(choices)
        completeness.judge(row, schema_of[category.pk], priced=pk in priced)
        return (
            pk, row.sku, row.name, row.search_text, row.barcode, category.pk, row.kind, json.dumps(values),
            row.is_sellable, row.completeness, row.missing,
        )  # fmt: skip

    names = ("id", "sku", "name", "search_text", "barcode", "category_id", "kind", "attributes", "is_sellable")
    load(Product, (*names, "completeness", "missing"), map(product, range(1, products + 1)), unit=unit)
    vocabulary.relearn()
    load(
        Price,
        ("id", "product_id", "amount"),
        ((pk, pk, chance.randrange(100, 9900) * PRICE // 100) for pk in sorted(priced)),
        price_list=price_list,
        amount=Decimal(1),
        valid_from=clock.now() - timedelta(days=400),
    )
    return price_list


def _tree() -> list[Category]:
    """Eight branches of five; returns the forty twigs that products sit on."""
    hues = list(Category.Hue.values)
    twigs = []
    kinds = Attribute.Type
    attributes = [
        Attribute.objects.create(
            code="flavour",
            name="Flavour",
            type=kinds.SELECT,
            options=[{"code": name, "name": name.title()} for name in FLAVOURS],
        ),
        Attribute.objects.create(code="weight", name="Weight", type=kinds.NUMBER, unit=Unit.objects.get(code="g")),
        Attribute.objects.create(code="origin", name="Origin", type=kinds.TEXT),
        Attribute.objects.create(code="vegan", name="Vegan", type=kinds.BOOLEAN),
    ]
    for number in range(8):
        hue = hues[number % len(hues)]
        branch = Category.objects.create(name=f"Branch {number}", slug=f"branch-{number}", hue=hue)
        for position, attribute in enumerate(attributes):
            CategoryAttribute.objects.create(
                category=branch, attribute=attribute, required=attribute.code != "vegan", position=position
            )
        twigs += [
            Category.objects.create(
                name=f"Twig {number}-{twig}", slug=f"twig-{number}-{twig}", parent=branch, position=twig, hue=hue
            )
            for twig in range(5)
        ]
    return twigs
