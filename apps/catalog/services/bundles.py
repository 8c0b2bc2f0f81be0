"""Bundles: put together from goods and other bundles, never in a circle, five levels deep at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.errors import BundleCycle, ChangedMeanwhile, InvalidProduct
from apps.catalog.models import BundleItem, Product
from apps.catalog.selectors.bundles import MOST_LEVELS
from backoffice.kernel import bulk
from backoffice.kernel.quantity import format_quantity

from . import validation
from .locks import lock_products

AT_ONCE = 5000
"""Keys in one statement."""


@transaction.atomic
def put(
    bundle: Product, component: Product, *, quantity: Decimal, fresh: bool = False, seen: str = ""
) -> BundleItem:  # fmt: skip
    """Let one bundle hold so much of the component. Raises BundleCycle with the path, InvalidProduct.

    `fresh` refuses a part that is there already. `seen` is how much of it the person saw, in digits: ChangedMeanwhile
    when it is another quantity now.
    """
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
    elif fresh:
        raise InvalidProduct(_("The bundle has this part already."), field="component")
    elif seen and seen != str(item.quantity):
        raise ChangedMeanwhile(format_quantity(item.quantity, component.unit.code))
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


def every_id() -> list[int]:
    """All bundles, for whoever locks them before `replace`."""
    return list(Product.objects.filter(kind=Product.Kind.BUNDLE).values_list("pk", flat=True))


def replace(wanted: Mapping[int, Mapping[int, Decimal]]) -> dict[int, str]:
    """Let bundles hold just these parts, in their order. Returns why which bundles stay as they were.

    A few statements for all of them, however many bundles there are besides. The caller holds a transaction, the locks
    of these parts, and of all bundles if one of the changed ones was there before. Checked are circles and depth; that
    bundles are bundles, and parts can be parts, is the caller's to see to.
    """
    there: dict[int, dict[int, BundleItem]] = defaultdict(dict)
    for item in BundleItem.objects.filter(bundle__in=wanted):
        there[item.bundle_id][item.component_id] = item
    below = _around(wanted)
    above = _above(below)
    kept: dict[int, str] = {}
    gone: list[BundleItem] = []
    fresh: list[BundleItem] = []
    changed: list[BundleItem] = []
    for pk, parts in wanted.items():
        before = below[pk]
        _hold(pk, list(parts), below, above)
        if why := _why_not(pk, parts, below, above):
            kept[pk] = why
            _hold(pk, before, below, above)
            continue
        gone += [item for part, item in there[pk].items() if part not in parts]
        for position, (part, quantity) in enumerate(parts.items()):
            item = there[pk].get(part) or BundleItem(bundle_id=pk, component_id=part)
            if (item.quantity, item.position) != (quantity, position) or item.pk is None:
                item.quantity, item.position = quantity, position
                (changed if item.pk else fresh).append(item)
    bulk.remember(gone, "-")
    rows = BundleItem.objects.filter(pk__in=[item.pk for item in gone])
    rows._raw_delete(rows.db)
    bulk.insert(fresh)
    bulk.update(changed, ["quantity", "position"])
    return kept


def _hold(pk: int, parts: list[int], below: dict[int, list[int]], above: dict[int, list[int]]) -> None:
    for part in below[pk]:
        above[part].remove(pk)
    for part in parts:
        above[part].append(pk)
    below[pk] = parts


def _why_not(pk: int, parts: Iterable[int], below: dict[int, list[int]], above: dict[int, list[int]]) -> str:
    for part in parts:
        if part == pk or (path := _way(part, pk, below)):
            way = (pk, *([pk] if part == pk else path))
            names = dict(Product.objects.filter(pk__in=way).values_list("pk", "name"))
            return BundleCycle([names[each] for each in way]).message
    if _depth(pk, above) + _depth(pk, below) > MOST_LEVELS:
        return _("Bundles lie %(most)d levels deep at most.") % {"most": MOST_LEVELS}
    return ""


def _locked(bundle: Product, component: Product) -> Product:
    """Two bundles changed at once could close a circle that neither sees: all of them are locked, they are few."""
    known = Product.objects.filter(Q(kind=Product.Kind.BUNDLE) | Q(pk__in=[bundle.pk, component.pk]))
    return lock_products(known.values_list("pk", flat=True))[bundle.pk]


def _refuse_circle(bundle: Product, component: Product) -> None:
    below, names = _all_below()
    names |= {bundle.pk: bundle.name, component.pk: component.name}
    if path := _way(component.pk, bundle.pk, below):
        raise BundleCycle([bundle.name, *(names[pk] for pk in path)])
    below[bundle.pk].append(component.pk)
    levels = _depth(bundle.pk, _above(below)) + _depth(bundle.pk, below)
    if levels > MOST_LEVELS:
        raise InvalidProduct(_("Bundles lie %(most)d levels deep at most.") % {"most": MOST_LEVELS}, field="component")


def _around(wanted: Mapping[int, Iterable[int]]) -> dict[int, list[int]]:
    """What bundles hold, as far as it can matter to these: what lies above them, and beneath them and their new parts.

    Two statements for each level.
    """
    pairs: set[tuple[int, int]] = set()
    for start, known, other in (
        ({*wanted, *(part for parts in wanted.values() for part in parts)}, "bundle", 1),
        (set(wanted), "component", 0),
    ):
        seen, here = set(start), start
        while here:
            found: set[tuple[int, int]] = set()
            ids = sorted(here)
            for first in range(0, len(ids), AT_ONCE):
                rows = BundleItem.objects.filter(**{f"{known}__in": ids[first : first + AT_ONCE]})
                found.update(rows.values_list("bundle_id", "component_id"))
            pairs |= found
            here = {pair[other] for pair in found} - seen
            seen |= here
    below: dict[int, list[int]] = defaultdict(list)
    for upper, lower in pairs:
        below[upper].append(lower)
    return below


def _all_below() -> tuple[dict[int, list[int]], dict[int, str]]:
    """What every bundle holds, and the names of all of these."""
    below: dict[int, list[int]] = defaultdict(list)
    names: dict[int, str] = {}
    rows = BundleItem.objects.values_list("bundle_id", "component_id", "bundle__name", "component__name")
    for upper, lower, upper_name, lower_name in rows:
        below[upper].append(lower)
        names[upper], names[lower] = upper_name, lower_name
    return below, names


def _above(below: dict[int, list[int]]) -> dict[int, list[int]]:
    above: dict[int, list[int]] = defaultdict(list)
    for upper, lowers in below.items():
        for lower in lowers:
            above[lower].append(upper)
    return above


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
    """How many levels there are from here on; counting ends where it is too many anyway."""
    here = {pk}
    for level in range(MOST_LEVELS + 1):
        here = {other for each in here for other in edges.get(each, ())}
        if not here:
            return level
    return MOST_LEVELS + 1
