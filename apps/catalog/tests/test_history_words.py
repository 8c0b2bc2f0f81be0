"""A history says values as people read them: attributes by name, choices, allergens, days; only what changed."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Attribute
from apps.catalog.services import attributes, categories, products, promotions, schema

from .factories import make_product, make_unit
from .test_promotions import promotion

pytestmark = pytest.mark.django_db


def changes(client: Any, name: str, pk: int, verb: str = "~") -> list[list[tuple[str, str, str]]]:
    days = client.get(reverse(f"catalog:{name}", args=[pk])).context["days"]
    entries = [entry for _day, group in days for entry in group if entry.verb == verb]
    return [[(one.label, plain(one.before), plain(one.after)) for one in entry.changes] for entry in entries]


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_attributes_are_told_one_by_one_by_their_names(as_owner: Any, django_assert_max_num_queries: Any) -> None:
    breads = categories.create(name="Breads")
    weight = attributes.create(name="Net weight", type="number", unit=make_unit("g"))
    organic = attributes.create(name="Organic", type="boolean")
    suited = attributes.create(name="Suited for", type="multiselect", options=["Vegetarian", "Vegan"])
    for one in (weight, organic, suited):
        schema.add(breads, one)
    rye = make_product("Rye", category=breads, attributes={"net_weight": "500"}, allergens=["gluten"])
    products.update(rye, attributes={"organic": False, "suited_for": ["vegan", "vegetarian"]}, allergens=["nuts"])
    products.update(rye, attributes={"net_weight": "800", "suited_for": None})

    assert changes(as_owner, "product_history", rye.pk) == [
        [("Net weight", "500 g", "800 g"), ("Suited for", "Vegetarian, Vegan", "")],
        [("Allergens", "Gluten", "Tree nuts"), ("Organic", "", "No"), ("Suited for", "", "Vegetarian, Vegan")],
    ]
    assert ("Net weight", "", "500 g") in changes(as_owner, "product_history", rye.pk, "+")[0]

    # An attribute that is another one by now, or gone, does not keep anybody from reading what was.
    Attribute.objects.filter(pk=weight.pk).update(type="date", unit=None)
    organic.categories.all().delete()
    Attribute.objects.filter(pk=organic.pk).delete()
    told = changes(as_owner, "product_history", rye.pk)
    assert told[0][0] == ("Net weight", "500", "800")
    assert ("Organic", "", "False") in told[1]
    with django_assert_max_num_queries(12):
        as_owner.get(reverse("catalog:product_history", args=[rye.pk]))


def test_days_and_hours_of_a_promotion_are_told_in_words(as_owner: Any) -> None:
    rule = promotion(weekdays=[0])
    promotions.update(rule, weekdays=[4, 5], from_hour=time(19), until_hour=time(21, 30))

    assert changes(as_owner, "promotion_history", rule.pk) == [
        [
            ("On", "Monday", "Friday, Saturday"),
            ("From the hour", "", "19:00"),
            ("Until the hour", "", "21:30"),
        ]
    ]
