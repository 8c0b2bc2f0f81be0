"""Customers and programs for tests, made through the services."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.catalog.models import Product, Unit
from apps.crm.models import Customer, LoyaltyProgram
from apps.crm.services import customers, interactions

CPF = "529.982.247-25"
CNPJ = "11.222.333/0001-81"
CNPJ_WITH_LETTERS = "12.ABC.345/01DE-35"


def customer(name: str = "Júlia Prado", **fields: Any) -> Customer:
    return customers.create(name=name, **fields)


def program(**fields: Any) -> LoyaltyProgram:
    given = {"code": "club", "name": "Club", "points_per_currency": Decimal(1), "expiry_months": 6, **fields}
    return LoyaltyProgram.objects.create(**given)


def origin(text: str = "sale") -> Any:
    """Something that may cause points. Which kind of row must not matter; here it is a note of another customer."""
    other = Customer.objects.filter(code="ORIGIN").first() or customers.create(name="Origin", code="ORIGIN")
    return interactions.note(other, summary=text)


def product(sku: str = "PA-1", name: str = "Croissant") -> Product:
    unit, _created = Unit.objects.get_or_create(
        code="un", defaults={"name": "unit", "dimension": Unit.Dimension.COUNT, "step": Decimal(1)}
    )
    return Product.objects.create(sku=sku, name=name, unit=unit)
