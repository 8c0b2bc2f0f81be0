"""Many rows at once say what each of them said, whatever is in them: the bulk writing of the kernel, on products."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.catalog.models import Category, Product, Unit
from backoffice.kernel import audit, bulk, rows
from backoffice.kernel.models import NumberSeries

pytestmark = pytest.mark.django_db

NAMES = ["plain", 'quo\'te "two" \\ back', "línea\nnew\ttab", '{"c0": 1}', "%s %(x)s", "数字 ́"]


def products(count: int) -> list[Product]:
    unit = Unit.objects.get(code="un")
    return [Product.objects.create(sku=f"B-{number}", name="Before", unit=unit) for number in range(count)]


def test_every_kind_of_value_is_written_as_it_was() -> None:
    category, found = Category.objects.create(name="Shelf", slug="shelf"), products(len(NAMES))
    moment = datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)
    for number, (product, name) in enumerate(zip(found, NAMES, strict=True)):
        product.name, product.description = name, name * 3
        product.attributes = {"n": [1, 1.5, None, True, name]}
        product.tags = [name]
        product.shelf_life_days = number or None
        product.tax_rate = Decimal("12.3456") if number else Decimal(0)
        product.category_id = category.pk if number % 2 else None
        product.is_active = bool(number % 2)
        product.updated_at = moment
    names = ("name", "description", "attributes", "tags", "shelf_life_days", "tax_rate", "category", "is_active")

    assert bulk.update(found, [*names, "updated_at"]) == len(found)

    for product in found:
        fresh: Any = Product.objects.get(pk=product.pk)
        for name in (*names, "updated_at"):
            assert getattr(fresh, name) == getattr(product, name), name
        assert fresh.history.latest().name == product.name
    assert bulk.update([], names) == 0


def told(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in Product._meta.concrete_fields}


def test_history_has_every_value_and_each_row_its_own_reason() -> None:
    unit = Unit.objects.get(code="un")
    fresh = [
        Product(sku=f"H-{number}", name=name, unit=unit, tags=[name], attributes={"a": None}, tax_rate=Decimal("7.25"))
        for number, name in enumerate(NAMES)
    ]
    fresh[0]._change_reason = "for itself"  # type: ignore[attr-defined]
    for rows_ in (fresh[:2], fresh[2:]):  # with and without one that has a reason of its own
        with audit.acting(reason="delivered"):
            audit.bulk_create(rows_)
            for product in rows_:
                product.name = product.name.upper()
                product.shelf_life_days = 9  # not named: neither the row nor its history has it
            audit.bulk_update(rows_, ["name"])
    for product in fresh:
        there = Product.objects.get(pk=product.pk)
        changed, made = product.history.order_by("-history_id")
        assert (made.history_type, changed.history_type) == ("+", "~")
        assert (made.name, made.tags, made.attributes) == (NAMES[fresh.index(product)], there.tags, {"a": None})
        assert told(changed) == told(there)
        assert there.shelf_life_days is None
        reason = "for itself" if product is fresh[0] else "delivered"
        assert made.history_change_reason == changed.history_change_reason == reason
        assert made.history_user_id is None


def test_rows_written_together_were_made_at_one_moment() -> None:
    unit = Unit.objects.get(code="un")
    made = audit.bulk_create([Product(sku=f"M-{number}", name="Same", unit=unit) for number in range(3)])
    there = Product.objects.in_bulk([product.pk for product in made])
    assert len({product.created_at for product in there.values()}) == 1
    assert all(told(product) == told(there[product.pk]) for product in made)


def test_more_rows_than_one_statement_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "UPDATED_AT_ONCE", 3)
    found = products(8)
    for number, product in enumerate(found):
        product.name = f"After {number}"
    assert bulk.update(found, ["name"]) == 8
    assert [Product.objects.get(pk=product.pk).name for product in found] == [product.name for product in found]


def test_many_rows_get_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST", 3)
    with transaction.atomic():
        made = rows.insert(NumberSeries(series=f"s{number}", last=number) for number in range(5))
    there = {series.pk: series.last for series in NumberSeries.objects.filter(series__startswith="s")}
    assert {series.pk: series.last for series in made} == there
    assert len({series.pk for series in made}) == 5
