"""What bundles are made of, down to the goods that are really there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from apps.catalog.models import BundleItem, Product

MOST_LEVELS = 5
Parts = dict[int, Decimal]


def leaves(product_ids: Iterable[int]) -> dict[int, Parts]:
    """Of each bundle how much of every good one of it holds, through all levels; what is no bundle is left out.

    One query for each level, one when none is a bundle.
    """
    asked = set(product_ids)
    inside: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)
    waiting, seen = set(asked), set(asked)
    for _level in range(MOST_LEVELS + 1):
        if not waiting:
            break
        rows = BundleItem.objects.filter(bundle__in=waiting).values_list(
            "bundle_id", "component_id", "quantity", "component__kind"
        )
        deeper = set()
        for bundle, component, quantity, kind in rows:
            inside[bundle].append((component, quantity))
            if kind == Product.Kind.BUNDLE:
                deeper.add(component)
        waiting = deeper - seen
        seen |= waiting
    return {pk: _flat(pk, inside) for pk in asked if pk in inside}


def _flat(pk: int, inside: dict[int, list[tuple[int, Decimal]]], depth: int = 0) -> Parts:
    found: Parts = defaultdict(Decimal)
    if depth <= MOST_LEVELS:
        for component, quantity in inside[pk]:
            below = _flat(component, inside, depth + 1) if component in inside else {component: Decimal(1)}
            for leaf, each in below.items():
                found[leaf] += each * quantity
    return dict(found)
