"""How many of a bundle there are: as many as the scarcest of its parts allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from apps.catalog.models import Product
from apps.catalog.selectors import bundles
from apps.inventory.models import Location
from apps.inventory.selectors import availability
from apps.inventory.selectors import locations as places


@dataclass(frozen=True, slots=True)
class AtPlace:
    """How many bundles one place can give, and which part there sets the limit."""

    location: Location
    available: Decimal
    scarce: Product


def floor(parts: Mapping[int, Decimal], there: Mapping[int, Decimal]) -> Decimal | None:
    """How many whole bundles these quantities allow; None when no part counts. `there` names the stocked parts."""
    counted = [
        (max(there[pk], Decimal(0)) / each).to_integral_value(ROUND_FLOOR) for pk, each in parts.items() if pk in there
    ]
    return min(counted) if counted else None


def available(
    product_ids: Iterable[int], *, locations: Iterable[Location | int] | None = None, margin_days: int = 0
) -> dict[int, Decimal | None]:
    """Of each bundle how many there are in these places together; None when all its parts are made on demand."""
    found = bundles.leaves(product_ids)
    if not found:
        return {}
    stocked = _stocked({pk for parts in found.values() for pk in parts})
    numbers = availability.of(list(stocked.values()), locations=locations, margin_days=margin_days)
    there = {pk: numbers[pk].available for pk in stocked}
    return {bundle: floor(parts, there) for bundle, parts in found.items()}


def by_place(bundle: Product) -> list[AtPlace]:
    """Where all parts lie together, and for how many bundles; places that can give none are left out.

    As many queries for a hundred places as for one.
    """
    parts = bundles.leaves([bundle.pk]).get(bundle.pk, {})
    stocked = _stocked(parts)
    if not stocked:
        return []
    found = []
    tree, alone = places.Tree(), availability.by_place(list(stocked.values()))
    for location in places.choices():
        inside = [alone[place] for place in tree.scope([location]) or () if place in alone]
        there = {pk: sum((numbers.get(pk, Decimal(0)) for numbers in inside), Decimal(0)) for pk in stocked}
        number = floor(parts, there)
        if number:
            scarce = min(stocked, key=lambda pk: max(there[pk], Decimal(0)) / parts[pk])
            found.append(AtPlace(location, number, stocked[scarce]))
    return found


def _stocked(ids: Iterable[int]) -> dict[int, Product]:
    return {row.pk: row for row in Product.objects.stocked().filter(pk__in=ids).select_related("unit")}
