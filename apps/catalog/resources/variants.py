"""A new variant in a file: fitted into its product, which may be of the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.catalog.selectors.schemas import Entry
from apps.catalog.services.variants import MOST_AXES, key_of
from backoffice.kernel.text import fold
from backoffice.transfers.rows import BadCell, Row

from .cells import read_attribute
from .columns import ATTRIBUTE_PREFIX, plain
from .family import Family
from .house import House
from .known import Known

LIKE_ITS_PRODUCT = ("unit", "shelf_life_days", "lot_tracked", "allergens", "tags", "tax_rate", "icon")
LONGEST_KEY = 200
LONGEST_NAME = 120
Wrong = list[BadCell]


@dataclass(frozen=True, slots=True)
class Parent:
    """A product with variants, in the words of the file; without a key while it is only in the file."""

    sku: str
    pk: int | None
    values: Mapping[str, Any]

    @property
    def axes(self) -> list[str]:
        return list(self.values.get("axes") or ())


def parent_of(
    values: Mapping[str, Any], there: Known, family: Family, house: House, wrong: Wrong
) -> Parent | None:  # fmt: skip
    """What the row is a variant of. None, with the reason among what is wrong, when there is no such thing."""
    sku = values["variant_of"]
    product, member = there.products.get(sku.lower()), family.members.get(sku.lower())
    if member is not None and member.values is not None:
        parent = Parent(sku, product.pk if product else None, member.values)
    elif product is not None:
        now = plain(product, units=house.units_by_id, paths=house.paths, parents=there.parents)
        parent = Parent(sku, product.pk, now)
    elif line := family.lines.get(sku.lower()):
        sentence = _("Its product %(sku)s on line %(line)d is refused.") % {"sku": sku, "line": line}
        return _refused(wrong, sentence)
    else:
        return _refused(wrong, _("There is no product %(skus)s.") % {"skus": sku})
    if parent.values.get("kind") != Product.Kind.CONFIGURABLE:
        return _refused(wrong, _("%(product)s is no product with variants.") % {"product": sku})
    if not parent.axes:
        return _refused(wrong, _("Say first what the variants of %(product)s differ by.") % {"product": sku})
    return parent


def fit_in(
    row: Row, values: dict[str, Any], cells: Sequence[tuple[str, str]], parent: Parent, there: Known, family: Family,
    house: House, wrong: Wrong,
) -> tuple[dict[str, Any], list[tuple[str, str]]]:  # fmt: skip
    """Give the row what its product dictates; what makes it this variant, and the other cells of attributes."""
    if values.get("kind") not in (None, Product.Kind.SIMPLE, Product.Kind.INGREDIENT):
        wrong.append(BadCell("kind", _("A variant is a product or an ingredient.")))
    shelf = parent.values.get("category", "")
    if "category" in values and fold(values["category"]) != fold(shelf):
        sentence = _("A variant lies in the category of %(product)s.") % {"product": parent.sku}
        wrong.append(BadCell("category", sentence))
    values["category"] = shelf
    for name in LIKE_ITS_PRODUCT:
        if name not in values and parent.values.get(name) is not None:
            values[name] = parent.values[name]
    choices: dict[str, str] = {}
    words = []
    for code in parent.axes:
        column = ATTRIBUTE_PREFIX + code
        attribute = house.attributes.get(code)
        try:
            if attribute is None or not row.text(column):
                name = attribute.name if attribute else code
                raise BadCell(column, _("A variant of %(sku)s says its %(name)s.") % {"sku": parent.sku, "name": name})
            choices[code] = str(read_attribute(row, column, attribute))
            words.append(attribute.option_names[choices[code]])
        except BadCell as bad:
            wrong.append(bad)
    if len(choices) == len(parent.axes):
        _refuse_twin(row, values, parent, key_of(parent.axes, tuple(choices.values())), there, family, wrong)
    if not values.get("name") and parent.values.get("name"):
        values["name"] = ", ".join([parent.values["name"], *words])[:LONGEST_NAME]
    left = [(column, code) for column, code in cells if code not in parent.axes]
    return {"of": parent.sku, "axes": parent.axes, "choices": choices}, left


def refuse_axes(values: Mapping[str, Any], schema: Mapping[str, Entry], wrong: Wrong) -> None:
    """What variants differ by is offered by the category, and only products with variants have it."""
    axes = values.get("axes")
    if not axes:
        return
    if values.get("kind") != Product.Kind.CONFIGURABLE:
        wrong.append(BadCell("axes", _("Only a product with variants has this; its kind is configurable.")))
        return
    offered = [code for code, entry in schema.items() if entry.is_variant_axis]
    if len(axes) > MOST_AXES or any(code not in offered for code in axes):
        sentence = _("Choose one to %(most)d of what the category tells variants apart by.") % {"most": MOST_AXES}
        wrong.append(BadCell("axes", sentence, ", ".join(offered)))


def _refuse_twin(
    row: Row, values: Mapping[str, Any], parent: Parent, key: str, there: Known, family: Family, wrong: Wrong
) -> None:
    column = ATTRIBUTE_PREFIX + parent.axes[0]
    line = family.combinations.setdefault((parent.sku.lower(), key), row.line)
    taken = there.combinations.get(parent.pk, {}).get(key) if parent.pk else None
    if line != row.line:
        wrong.append(BadCell(column, _("Line %(line)d is the same variant already.") % {"line": line}))
    elif taken and taken.lower() != values["sku"].lower():
        wrong.append(BadCell(column, _("%(sku)s is the same variant already.") % {"sku": taken}))
    if len(key) > LONGEST_KEY:
        wrong.append(BadCell(column, _("The codes of these choices are too long together.")))


def _refused(wrong: Wrong, sentence: str) -> Parent | None:
    wrong.append(BadCell("variant_of", sentence))
    return None
