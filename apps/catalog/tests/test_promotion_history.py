"""What a promotion counts for is no column of it; its history says it all the same."""

import pytest
from django.urls import reverse

from apps.catalog.services import promotions
from apps.catalog.services.promotions import Scope
from apps.catalog.tests.factories import make_product
from apps.catalog.tests.test_promotions import promotion

pytestmark = pytest.mark.django_db


def test_the_history_says_what_it_counted_for_before(as_owner):
    bread = make_product("Bread")
    rule = promotion(scope=Scope(tags=["new"]))

    rule = promotions.update(rule, revision=rule.revision, scope=Scope(products=[bread]))
    rule = promotions.update(rule, revision=rule.revision, scope=Scope(products=[bread]))
    promotions.update(rule, revision=rule.revision, scope=Scope())

    said = [entry.history_change_reason or "" for entry in rule.history.order_by("history_id")][1:]
    assert said == [f"Counts for: new → {bread}", "", f"Counts for: {bread} → everything"]
    page = as_owner.get(reverse("catalog:promotion_history", args=[rule.pk])).content.decode()
    assert f"Counts for: new → {bread}" in page
