"""One change for many products. Each is a service for one row: the list calls it for all that are ticked or match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from apps.catalog.models import Product
from backoffice.kernel.locks import lock

from . import products


def set_fields(product: Product, **fields: Any) -> Product:
    """Change the fields that have a value; None and "" leave one as it is. Raises InvalidProduct."""
    return products.update(product, **{name: value for name, value in fields.items() if value not in (None, "")})


def set_attributes(product: Product, *, values: Mapping[str, Any]) -> Product:
    """Give the product the values, by the attributes' codes; None takes one away. Raises InvalidProduct, also for an
    attribute that its category does not have and for what tells variants apart."""
    return products.update(product, attributes=dict(values))


@transaction.atomic
def retag(product: Product, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Product:
    """Add tags and take others away, whatever their case; the others stay in their order. Raises InvalidProduct."""
    product = lock(product)  # a tag that somebody gave it a moment ago stays
    return products.update(product, tags=retagged(product.tags, add, remove))


def retagged(tags: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> list[str]:
    """The tags without some and with others, each once whatever its case."""
    gone = {tag.casefold() for tag in remove}
    kept = [tag for tag in tags if tag.casefold() not in gone]
    there = {tag.casefold() for tag in kept}
    return [*kept, *(tag for tag in add if tag.casefold() not in there)]
