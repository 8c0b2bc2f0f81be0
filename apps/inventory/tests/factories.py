"""Small makers of stock for tests, here and in the rooms above."""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model

from apps.catalog.models import Product
from apps.catalog.tests.factories import make_product
from apps.inventory.models import Location, Lot, StockOperation
from apps.inventory.services import locations, stock

_numbers = count(1)


def make_location(name: str = "", *, kind: str = Location.Kind.STORAGE, **fields: Any) -> Location:
    """An open place."""
    number = next(_numbers)
    return locations.create(code=fields.pop("code", f"L{number}"), name=name or f"Place {number}", kind=kind, **fields)


def make_origin(name: str = "") -> Any:
    """Something that may hold stock: any row will do."""
    name = name or f"origin-{next(_numbers)}"
    return get_user_model().objects.create(username=name, name=name)


def make_stock(
    product: Product,
    quantity: str | int | Decimal,
    location: Location,
    *,
    cost: str = "1",
    expires_on: date | None = None,
    lot_code: str = "",
    **more: Any,
) -> Lot:
    """Receive so much and return its lot."""
    line = stock.ReceiptLine(
        product, Decimal(quantity), lot_code=lot_code, expires_on=expires_on, unit_cost=Decimal(cost)
    )
    operation: StockOperation = stock.receive(location, [line], **more)
    move: Any = operation.moves.select_related("lot").get()
    return move.lot  # type: ignore[no-any-return]


__all__ = ["make_location", "make_origin", "make_product", "make_stock"]
