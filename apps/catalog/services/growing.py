"""Attributes, choices and schemas grow by what a file brings: planned for its preview, made when it is applied.

Codes are those of the plan, because the rows were judged with them. Whatever is there by now stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.utils.translation import gettext as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Attribute, Category, CategoryAttribute, Product
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors.schemas import Schemas

from . import attributes


@dataclass(frozen=True, slots=True)
class WantedAttribute:
    """An attribute with the choices that products are about to have, by their codes."""

    code: str
    name: str
    type: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Grown:
    """What was made: keys of attributes and of places in schemas, codes of choices by the key of their attribute."""

    attributes: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    options: dict[int, list[str]] = field(default_factory=dict)


def grow(wanted: Sequence[WantedAttribute], places: Mapping[int, Mapping[str, bool]]) -> Grown:
    """Make what is lacking. `places`: by category, codes of attributes, and whether they tell variants apart.

    The caller holds the transaction. Raises InvalidProduct when somebody made something else of it meanwhile.
    """
    assert connection.in_atomic_block, "A schema grows in the transaction that needs it."
    if not wanted and not places:
        return Grown()
    list(Category.objects.select_for_update().order_by("pk").values_list("pk", flat=True))  # as every change of schemas
    codes = {one.code for one in wanted} | {code for row in places.values() for code in row}
    there = {row.code: row for row in Attribute.objects.select_for_update().filter(code__in=codes).order_by("pk")}
    grown = Grown()
    for one in wanted:
        _grow_attribute(one, there, grown)
    schemas = Schemas()
    own: dict[int, list[CategoryAttribute]] = defaultdict(list)
    for row in CategoryAttribute.objects.filter(category__in=places).order_by("position", "pk"):
        own[row.category_id].append(row)
    for category_id in sorted(places):
        for code, is_axis in places[category_id].items():
            attribute = there.get(code)
            if attribute is None or (is_axis and attribute.type != Attribute.Type.SELECT):
                raise InvalidProduct(_("Somebody changed the attribute %(code)s since the preview.") % {"code": code})
            entry = next((entry for entry in schemas.of(category_id) if entry.code == code), None)
            if entry is None or (is_axis and not entry.is_variant_axis):
                _grow_schema(own[category_id], category_id, attribute, is_axis, grown)
    return grown


def shrink(grown: Grown) -> None:
    """Take back what was made, as far as no product has come to need it."""
    for row in CategoryAttribute.objects.filter(pk__in=grown.places).select_related("attribute"):
        inside = category_tree.with_descendants(row.category_id)
        products = Product.objects.filter(category__in=inside)
        if not products.filter(attributes__has_key=row.attribute.code).exists():
            row.delete()
    for attribute in Attribute.objects.filter(pk__in=grown.attributes):
        if not attribute.categories.exists() and not attributes.is_used(attribute):
            attribute.delete()
    for attribute in Attribute.objects.filter(pk__in=grown.options).exclude(pk__in=grown.attributes):
        _forget_options(attribute, grown.options[attribute.pk])


def _grow_attribute(wanted: WantedAttribute, there: dict[str, Attribute], grown: Grown) -> None:
    row = there.get(wanted.code)
    if row is None:
        row = Attribute(code=wanted.code, name=wanted.name, type=wanted.type)
    known = row.option_names
    if row.type != wanted.type and not row._state.adding and wanted.options and not row.has_options:
        raise InvalidProduct(_("Somebody changed the attribute %(code)s since the preview.") % {"code": wanted.code})
    if any(known.get(code, name) != name for code, name in wanted.options.items()):
        raise InvalidProduct(_("Somebody changed the attribute %(code)s since the preview.") % {"code": wanted.code})
    fresh = [code for code in wanted.options if code not in known]
    row.options = [*row.options, *({"code": code, "name": wanted.options[code]} for code in fresh)]
    if row._state.adding:
        attributes.check(row)
        row.save()
        grown.attributes.append(row.pk)
    elif fresh:
        attributes.check(row)
        row.revision += 1
        row.save(update_fields=["options", "revision", "updated_at"])
        grown.options[row.pk] = [*grown.options.get(row.pk, ()), *fresh]
    there[row.code] = row


def _grow_schema(
    own: list[CategoryAttribute], category_id: int, attribute: Attribute, is_axis: bool, grown: Grown
) -> None:
    row = next((row for row in own if row.attribute_id == attribute.pk), None)
    if row is not None:
        row.is_variant_axis = is_axis
        row.save(update_fields=["is_variant_axis"])
        return
    row = CategoryAttribute(
        category_id=category_id, attribute=attribute, is_variant_axis=is_axis,
        position=own[-1].position + 1 if own else 0,
    )  # fmt: skip
    row.save()
    own.append(row)
    grown.places.append(row.pk)


def _forget_options(attribute: Attribute, codes: Sequence[str]) -> None:
    values = Product.objects.filter(attributes__has_key=attribute.code).values_list("attributes", flat=True)
    used: set[str] = set()
    for held in values.iterator():
        value = held[attribute.code]
        used.update([value] if isinstance(value, str) else value if isinstance(value, list) else [])
    kept = [option for option in attribute.options if option["code"] in used or option["code"] not in codes]
    if kept != attribute.options and kept:
        attribute.options = kept
        attribute.revision += 1
        attribute.save(update_fields=["options", "revision", "updated_at"])
