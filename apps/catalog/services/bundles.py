"""Bundles: put together from goods and other bundles, never in a circle, five levels deep at most."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.errors import BundleCycle, InvalidProduct
from apps.catalog.models import BundleItem, Product
from apps.catalog.selectors.bundles import MOST_LEVELS

from . import validation
from .locks import lock_products


@transaction.atomic
def put(bundle: Product, component: Product, *, quantity: Decimal) -> BundleItem:
    """Let one bundle hold so much of the component. Raises BundleCycle with the path, InvalidProduct."""
    bundle = _locked(bundle, component)
    if bundle.kind != Product.Kind.BUNDLE:
        raise InvalidProduct(_("%(product)s is no bundle.") % {"product": bundle.name})
    if component.kind == Product.Kind.CONFIGURABLE:
        raise InvalidProduct(
            _("%(product)s is sold by variant: choose one of them.") % {"product": component.name}, field="component"
        )
    if quantity <= 0:
        raise InvalidProduct(_("A bundle holds more than nothing of a part."), field="quantity")
    item = BundleItem.objects.filter(bundle=bundle, component=component).first()
    if item is None:
        _refuse_circle(bundle, component)
        item = BundleItem(bundle=bundle, component=component, position=bundle.parts.count())
    elif item.quantity == quantity:
        return item
    item.quantity = quantity
    validation.check(item)
    item.save()
    return item


@transaction.atomic
def take_out(item: BundleItem) -> None:
    """The bundle no longer holds the part; what was sold stays as it was."""
    _locked(item.bundle, item.component)
    item.delete()


def _locked(bundle: Product, component: Product) -> Product:
    """Two bundles changed at once could close a circle that neither sees: all of them are locked, they are few."""
    known = Product.objects.filter(Q(kind=Product.Kind.BUNDLE) | Q(pk__in=[bundle.pk, component.pk]))
    return lock_products(known.values_list("pk", flat=True))[bundle.pk]


def _refuse_circle(bundle: Product, component: Product) -> None:
    below: dict[int, list[int]] = defaultdict(list)
    names: dict[int, str] = {bundle.pk: bundle.name, component.pk: component.name}
    rows = BundleItem.objects.values_list("bundle_id", "component_id", "bundle__name", "component__name")
    for upper, lower, upper_name, lower_name in rows:
        below[upper].append(lower)
        names[upper], names[lower] = upper_name, lower_name
    if path := _way(component.pk, bundle.pk, below):
        raise BundleCycle([bundle.name, *(names[pk] for pk in path)])
    below[bundle.pk].append(component.pk)
    above: dict[int, list[int]] = defaultdict(list)
    for upper, lowers in below.items():
        for lower in lowers:
            above[lower].append(upper)
    levels = _depth(bundle.pk, above) + _depth(bundle.pk, below)
    if levels > MOST_LEVELS:
        raise InvalidProduct(_("Bundles lie %(most)d levels deep at most.") % {"most": MOST_LEVELS}, field="component")


def _way(start: int, end: int, below: dict[int, list[int]]) -> list[int]:
    """The way down from one to the other, empty where there is none."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        if way[-1] == end:
            return way
        for lower in below.get(way[-1], ()):
            if lower not in seen:
                seen.add(lower)
                ways.append([*way, lower])
    return []


def _depth(pk: int, edges: dict[int, list[int]]) -> int:
    """How many levels there are from here on."""
    return max((1 + _depth(each, edges) for each in edges.get(pk, ())), default=0)
