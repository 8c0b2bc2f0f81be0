"""Rows that are written many at once are the rows that saving one by one would have made, history and all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from apps.catalog.models import Price, Product, ProductUnit, Unit
from backoffice.accounts.models import User
from backoffice.kernel import audit, bulk, clock

from .factories import make_price_list, make_product

pytestmark = pytest.mark.django_db
OF_ITS_OWN = {"id", "sku", "history_id", "history_date", "created_at", "updated_at", "search_text"}


def product(sku: str) -> Product:
    row = Product(
        sku=sku, name="Pão “doce” \\ \t tab", unit=Unit.objects.get(code="kg"), description="two\nlines; \\N",
        shelf_life_days=3, allergens=["gluten", "é"], tags=[], tax_rate=Decimal("7.25"), is_purchasable=True,
    )  # fmt: skip
    row.refresh_search_text()
    return row


def values(row: Any) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in OF_ITS_OWN
    }


@pytest.fixture
def clerk() -> User:
    return User.objects.create(username="clerk", name="Clerk")


def test_inserted_rows_and_their_history_are_as_if_saved(clerk: User) -> None:
    with audit.acting(clerk, "trial"):
        one = product("ONE")
        one.save()
        many = audit.bulk_create([product("A"), product("B")])

    for made in many:
        found = Product.objects.get(sku=made.sku)
        assert made.pk == found.pk
        assert made.created_at == found.created_at
        assert values(found) == values(Product.objects.get(pk=one.pk))
        assert values(found.history.get()) == values(one.history.get())
        assert found.history.get().history_user == clerk
    later = product("C")
    later.save()
    assert later.pk > many[-1].pk


def test_updated_rows_and_their_history_are_as_if_saved() -> None:
    one, *many = (make_product("X", sku=sku) for sku in ("ONE", "A", "B"))
    for row in (one, *many):
        row.name, row.tax_rate, row.tags, row.category, row.shelf_life_days = "Ção", Decimal("1.5"), ["a"], None, None
    fields = ["name", "tax_rate", "tags", "category", "shelf_life_days"]
    with audit.acting(reason="again"):
        one.save(update_fields=fields)
        assert audit.bulk_update(many, fields) == 2

    for row in many:
        assert values(Product.objects.get(pk=row.pk)) == values(Product.objects.get(pk=one.pk))
        assert values(row.history.latest()) == values(one.history.latest())
        assert row.history.latest().history_change_reason == "again"
        assert row.history.latest().history_type == "~"


def test_a_row_of_its_own_reason_keeps_it() -> None:
    row = product("A")
    row._change_reason = "found in a drawer"  # type: ignore[attr-defined]
    audit.bulk_create([row])

    assert row.history.get().history_change_reason == "found in a drawer"


def test_nothing_remains_when_the_database_refuses_one() -> None:
    make_product("There", sku="there")
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.bulk_create([product("A"), product("THERE")])

    assert Product.objects.count() == 1
    assert Product.history.count() == 1


def test_what_was_assigned_before_it_had_a_key_is_found() -> None:
    goods = product("A")
    box = ProductUnit(product=goods, name="box", numerator=6)
    audit.bulk_create([goods])
    audit.bulk_create([box])

    assert model_to_dict(ProductUnit.objects.get())["product"] == goods.pk


def test_nothing_to_write_is_no_error() -> None:
    assert audit.bulk_create([]) == []
    assert audit.bulk_update([], ["name"]) == 0
    bulk.remember([], "~")


def test_more_rows_than_one_statement_holds(django_assert_max_num_queries: Any) -> None:
    price_list = make_price_list()
    goods = [product(f"S-{number}") for number in range(1201)]
    with django_assert_max_num_queries(5):
        audit.bulk_create(goods)
    now = clock.now()
    audit.bulk_create(
        [Price(price_list=price_list, product=row, amount=Decimal("1.2345"), valid_from=now) for row in goods]
    )
    for number, row in enumerate(goods):
        row.name = f"N {number}"
    assert audit.bulk_update(goods, ["name"]) == 1201

    assert set(Product.objects.values_list("sku", "name")) == {(f"S-{n}", f"N {n}") for n in range(1201)}
    assert Product.history.count() == 2402
    assert set(Price.objects.values_list("amount", flat=True)) == {Decimal("1.2345")}
