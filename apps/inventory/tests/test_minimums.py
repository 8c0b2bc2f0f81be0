"""Minimums by hand: in all places together and in one, changed by two people, and taken away."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.models import ReorderRule
from apps.inventory.services import reorder
from apps.inventory.tests.factories import make_location, make_product
from backoffice.kernel.audit import acting

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def bun() -> Any:
    return make_product("Bun", sku="BUN")


@pytest.fixture
def url(bun) -> str:
    return reverse("inventory:product_minimum", args=[bun.pk])


def rules() -> list[tuple[Any, ...]]:
    return list(ReorderRule.objects.order_by("pk").values_list("location__name", "minimum", "target"))


def test_a_minimum_in_all_and_one_in_a_place(as_owner, bun, url):
    make_location("Fridge", code="FR")
    assert as_owner.post(url, {"minimum": "4", "target": "10"}).status_code == 302
    assert as_owner.post(url, {"minimum": "2", "target": "", "location": "fr"}).status_code == 302
    assert rules() == [(None, 4, 10), ("Fridge", 2, 2)]
    page = unescape(as_owner.get(url).content.decode()).replace("\N{NO-BREAK SPACE}", " ")
    assert "Bun. By place: Fridge 2 → 2 un." in page
    assert 'value="4"' in page
    assert as_owner.post(url, {"minimum": "", "location": "fr"}).status_code == 302
    assert rules() == [(None, 4, 10)]
    assert as_owner.post(url, {"minimum": "", "location": "fr"}).status_code == 302
    assert as_owner.post(url, {"minimum": ""}).status_code == 302
    assert rules() == []
    assert ReorderRule.history.filter(history_type="-").count() == 2


def test_nonsense_is_said_beside_its_field(as_owner, bun, url):
    for typed, said in (
        ({"minimum": "-1"}, "A minimum is not below zero."),
        ({"minimum": "5", "target": "4"}, "The target is at least the minimum."),
        ({"minimum": "5", "location": "nowhere"}, "no place with the code or name “nowhere”"),
    ):
        answer = as_owner.post(url, typed)
        assert answer.status_code in (409, 422)
        assert said in unescape(answer.content.decode())
    assert rules() == []


def test_what_another_set_meanwhile_is_not_replaced(as_owner, bun, url, django_user_model):
    seen = reorder.set_minimum(bun, minimum=D(4)).revision
    with acting(django_user_model.objects.create(username="olga", name="Olga")):
        reorder.set_minimum(bun, minimum=D(6))
    answer = as_owner.post(url, {"minimum": "5", "revision": seen})
    assert answer.status_code == 409
    assert "Olga" in unescape(answer.content.decode())
    assert rules() == [(None, 6, 6)]
    assert as_owner.post(url, {"minimum": "5", "revision": seen + 1}).status_code == 302
