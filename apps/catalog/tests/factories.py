"""Small makers of catalogue rows for tests, here and in the rooms above."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from apps.catalog.models import Price, PriceList, Product, Unit
from apps.catalog.services import price_lists, prices, products, units

_numbers = count(1)


def make_unit(code: str = "un") -> Unit:
    """One of the standard units."""
    found = Unit.objects.filter(code=code).first()
    if found is None:
        units.ensure_standard()
        found = Unit.objects.get(code=code)
    return found


def make_product(name: str = "", *, unit: str = "un", price: str | Decimal | None = None, **fields: Any) -> Product:
    """A product through the service, with a price in the default list where one is given."""
    number = next(_numbers)
    fields.setdefault("sku", f"P-{number:05d}")
    product = products.create(name=name or f"Product {number}", unit=make_unit(unit), **fields)
    if price is not None:
        make_price(product, price)
    return product


def make_price_list(code: str = "counter", **fields: Any) -> PriceList:
    """The list of this code, made when it is not there."""
    found = PriceList.objects.filter(code=code).first()
    return found or price_lists.create(code=code, name=fields.pop("name", code.title()), **fields)


def make_price(product: Product, amount: str | Decimal, *, price_list: PriceList | None = None, **more: Any) -> Price:
    """A price from now on, or as told."""
    return prices.set_price(product, price_list or make_price_list(), amount=Decimal(amount), **more)
