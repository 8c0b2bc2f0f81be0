"""How stock is, of which the catalogue knows no more than words and what narrows products down."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.db.models import QuerySet
from django.utils.module_loading import import_string

from apps.catalog.models import Product
from backoffice.ui.permissions import may

State = tuple[str, Any, Callable[[QuerySet[Product]], QuerySet[Product]]]


def may_see(user: Any) -> bool:
    """Whether the person may know anything of the stock."""
    return may(user, import_module("backoffice.composition").STOCK_STATES[1])


def choices() -> list[tuple[str, Any]]:
    """Code and words of each."""
    return [(code, words) for code, words, _narrow in _states()]


def narrow(products: QuerySet[Product], code: str) -> QuerySet[Product]:
    """The products whose stock is so; all of them for a code that is not known."""
    return next((apply(products) for known, _words, apply in _states() if known == code), products)


def on_hand(product_ids: Collection[int]) -> dict[int, Decimal]:
    """How much there is of each of the products; those without any are left out. One query."""
    found = import_string(import_module("backoffice.composition").STOCK_ON_HAND)
    return found(product_ids) if product_ids else {}


def days_left(channel: str, product_ids: Collection[int]) -> dict[int, int]:
    """In how many days the first lot of each product expires that the channel could sell; those without a dated one
    are left out."""
    found = import_string(import_module("backoffice.composition").CHANNEL_DAYS_LEFT)
    return found(channel, product_ids) if product_ids else {}


def _states() -> list[State]:
    found: Callable[[], list[State]] = import_string(import_module("backoffice.composition").STOCK_STATES[0])
    return found()
