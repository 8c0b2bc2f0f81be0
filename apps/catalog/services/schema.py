"""The attribute schema of categories: what is asked for where.

Taking an attribute from a category hides its values and keeps them; an axis that variants differ by stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.errors import AxisInUse, ChangedMeanwhile, InvalidProduct
from apps.catalog.models import Attribute, Category, CategoryAttribute, Product
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors.schemas import Schemas

from . import completeness, validation


@transaction.atomic
def add(
    category: Category, attribute: Attribute, *, required: bool = False, is_variant_axis: bool = False
) -> CategoryAttribute:
    """Give the category, and all beneath it, an attribute; the last of its own. Raises InvalidProduct."""
    _lock_tree()
    last = CategoryAttribute.objects.filter(category=category).order_by("-position").first()
    row = CategoryAttribute(
        category=category, attribute=attribute, required=required, is_variant_axis=is_variant_axis,
        position=last.position + 1 if last else 0,
    )  # fmt: skip
    _refuse_odd_axis(row)
    validation.check(row)
    row.save()
    follow_up([category.pk])
    return row


@transaction.atomic
def change(row: CategoryAttribute, *, required: bool, is_variant_axis: bool, seen: str = "") -> CategoryAttribute:
    """Say anew whether the attribute is required and tells variants apart. Raises AxisInUse, InvalidProduct, and
    ChangedMeanwhile when it is no longer as it was `seen`."""
    _lock_tree()
    row = _again(row)
    if seen and seen != row.seen:
        said = [_("required")] * row.required + [_("tells variants apart")] * row.is_variant_axis
        raise ChangedMeanwhile(", ".join(said) or "–")
    if (row.required, row.is_variant_axis) == (required, is_variant_axis):
        return row
    row.required, row.is_variant_axis = required, is_variant_axis
    _refuse_odd_axis(row)
    row.save(update_fields=["required", "is_variant_axis"])
    follow_up([row.category_id])
    return row


@transaction.atomic
def remove(row: CategoryAttribute) -> None:
    """Take the attribute from the category; products keep their values, hidden. Raises AxisInUse."""
    _lock_tree()
    row = _again(row)
    category_id = row.category_id
    row.delete()
    follow_up([category_id])


@transaction.atomic
def move(row: CategoryAttribute, *, up: bool) -> None:
    """One place up or down among the category's own."""
    _lock_tree()
    row = _again(row)
    rows = list(
        CategoryAttribute.objects.filter(category=row.category_id).order_by("position", "attribute__name", "pk")
    )
    here = rows.index(row)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    for position, each in enumerate(rows):
        if each.position != position:
            each.position = position
            each.save(update_fields=["position"])


def follow_up(category_ids: Iterable[int]) -> None:
    """After a schema changed: no variant may have lost an axis, and completeness is counted again."""
    category_ids = list(category_ids)
    _refuse_lost_axes(category_ids)
    completeness.of_categories(category_ids)


def refuse_lost_axes(product: Product, schemas: Schemas) -> None:
    """AxisInUse when the product's category does not offer what its variants differ by."""
    offered = {entry.code for entry in schemas.of(product.category_id) if entry.is_variant_axis}
    for code in product.axes:
        if code not in offered:
            found = Attribute.objects.filter(code=code).first()
            raise AxisInUse(attribute=found.name if found else code, products=[product.name])


def _refuse_lost_axes(category_ids: Sequence[int]) -> None:
    inside = {below for pk in category_ids for below in category_tree.with_descendants(pk)}
    rows = Product.objects.filter(kind=Product.Kind.CONFIGURABLE, category__in=inside).order_by("name")
    lost: dict[str, list[str]] = {}
    schemas = Schemas()
    for product in rows:
        offered = {entry.code for entry in schemas.of(product.category_id) if entry.is_variant_axis}
        for code in product.axes:
            if code not in offered:
                lost.setdefault(code, []).append(product.name)
    for code, products in lost.items():
        found = Attribute.objects.filter(code=code).first()
        raise AxisInUse(attribute=found.name if found else code, products=products)


def _refuse_odd_axis(row: CategoryAttribute) -> None:
    if row.is_variant_axis and row.attribute.type != Attribute.Type.SELECT:
        raise InvalidProduct(
            _("Variants differ by an attribute with one of several choices; %(name)s is none.")
            % {"name": row.attribute.name},
            field="is_variant_axis",
        )


def _again(row: CategoryAttribute) -> CategoryAttribute:
    found = CategoryAttribute.objects.select_related("attribute").filter(pk=row.pk).first()
    if found is None:
        raise InvalidProduct(_("The category does not have this attribute any more."))
    return found


def _lock_tree() -> None:
    """Schemas are inherited, so they change one at a time; the tree is small."""
    list(Category.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
