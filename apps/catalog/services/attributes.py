"""Attributes: what can be said about products. Their codes, and the types of those in use, never change."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Attribute, Product, Unit
from backoffice.kernel import state
from backoffice.kernel.locks import lock

from . import search_words, validation

MOST_OPTIONS = 500
LONGEST_OPTION = 60


@transaction.atomic
def create(*, name: str, type: str, unit: Unit | None = None, options: Sequence[str] = ()) -> Attribute:
    """Add an attribute; `options` are the names of its choices. Raises InvalidProduct, naming the field."""
    attribute = Attribute(name=" ".join(name.split()), type=type, unit=unit)
    attribute.code = _free_code(attribute.name)
    attribute.options = _options([], {}, options) if attribute.has_options else []
    check(attribute)
    attribute.save()
    return attribute


@transaction.atomic
def update(
    attribute: Attribute, *, name: str, type: str, unit: Unit | None = None, renamed: Mapping[str, str] | None = None,
    added: Sequence[str] = (), revision: int | None = None,
) -> Attribute:  # fmt: skip
    """Change an attribute. `renamed` holds the names of its choices by code, a blank one removes the choice.

    Raises InvalidProduct when products have what would be lost, and StaleRevision.
    """
    attribute = lock(attribute)
    state.check_revision(attribute, revision)
    if type != attribute.type and is_used(attribute):
        raise InvalidProduct(
            _("Products have values of %(name)s already, so its type stays.") % {"name": attribute.name}, field="type"
        )
    if type != attribute.type and attribute.categories.filter(is_variant_axis=True).exists():
        raise InvalidProduct(
            _("Categories tell variants apart by %(name)s, so its type stays.") % {"name": attribute.name}, field="type"
        )
    if attribute.unit_id and attribute.unit_id != (unit.pk if unit else None) and is_used(attribute):
        raise InvalidProduct(
            _("Products have values of %(name)s in %(unit)s already, so its unit stays.")
            % {"name": attribute.name, "unit": attribute.unit},
            field="unit",
        )
    attribute.name, attribute.type, attribute.unit = " ".join(name.split()), type, unit
    before = attribute.options
    attribute.options = _options(before, renamed or {}, added) if attribute.has_options else []
    _refuse_lost_choices(attribute, before)
    check(attribute)
    state.save_revised(attribute, revision=attribute.revision, fields=["name", "type", "unit", "options"])
    names = {option["code"]: option["name"] for option in attribute.options}
    if any(names.get(option["code"], option["name"]) != option["name"] for option in before):
        search_words.of_attribute(attribute)
    return attribute


@transaction.atomic
def delete(attribute: Attribute) -> None:
    """Remove an attribute that no category and no product has. Raises InvalidProduct."""
    attribute = lock(attribute)
    held = [row.category.name for row in attribute.categories.select_related("category").order_by("category__name")]
    if held:
        raise InvalidProduct(
            _("%(name)s belongs to %(categories)s; take it from there first.")
            % {"name": attribute.name, "categories": ", ".join(held)}
        )
    if is_used(attribute):
        raise InvalidProduct(_("Products still keep values of %(name)s, so it stays.") % {"name": attribute.name})
    attribute.delete()


def is_used(attribute: Attribute) -> bool:
    """Whether any product has a value, shown or hidden."""
    return Product.objects.filter(attributes__has_key=attribute.code).exists()


def _options(
    before: Sequence[Mapping[str, str]], renamed: Mapping[str, str], added: Sequence[str]
) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for option in before:
        name = " ".join(renamed.get(option["code"], option["name"]).split())
        if name:
            found.append({"code": option["code"], "name": name})
    codes = {option["code"] for option in before}
    for text in added:
        name = " ".join(text.split())
        if not name:
            continue
        code = base = slugify(name)[:40] or "choice"
        number = 2
        while code in codes:
            code, number = f"{base}-{number}", number + 1
        codes.add(code)
        found.append({"code": code, "name": name})
    return found


def _refuse_lost_choices(attribute: Attribute, before: Sequence[Mapping[str, str]]) -> None:
    kept = {option["code"] for option in attribute.options}
    lost = {option["code"]: option["name"] for option in before if option["code"] not in kept}
    if not lost:
        return
    values = Product.objects.filter(attributes__has_key=attribute.code).values_list("attributes", flat=True)
    used: dict[str, int] = {}
    for held in values.iterator():
        value = held[attribute.code]
        for code in [value] if isinstance(value, str) else value:
            if code in lost:
                used[code] = used.get(code, 0) + 1
    for code, count in used.items():
        raise InvalidProduct(
            ngettext(
                "“%(choice)s” stays: %(count)d product has it.",
                "“%(choice)s” stays: %(count)d products have it.",
                count,
            )
            % {"choice": lost[code], "count": count},
            field=f"option_{code}",
        )


def check(attribute: Attribute) -> None:
    """Raise InvalidProduct, naming the field, when the attribute cannot be so."""
    if attribute.unit is not None and attribute.type != Attribute.Type.NUMBER:
        raise InvalidProduct(_("Only a number has a unit."), field="unit")
    if attribute.has_options and not attribute.options:
        raise InvalidProduct(_("Name the choices, one a line."), field="added")
    names = [option["name"].casefold() for option in attribute.options]
    if len(set(names)) != len(names):
        raise InvalidProduct(_("Two choices have the same name."), field="added")
    if len(names) > MOST_OPTIONS or any(len(name) > LONGEST_OPTION for name in names):
        raise InvalidProduct(
            _("At most %(most)d choices of %(longest)d characters each.")
            % {"most": MOST_OPTIONS, "longest": LONGEST_OPTION},
            field="added",
        )
    validation.check(attribute)


def _free_code(name: str) -> str:
    base = code_for(name, ())
    return code_for(name, set(Attribute.objects.filter(code__startswith=base).values_list("code", flat=True)))


def code_for(name: str, taken: Collection[str]) -> str:
    """The code that an attribute of this name gets, where these codes are taken."""
    base = re.sub(r"[^a-z0-9]+", "_", slugify(name)).strip("_")[:34] or "attribute"
    if not base[0].isalpha():
        base = f"a_{base}"
    code, number = base, 2
    while code in taken:
        code, number = f"{base}_{number}", number + 1
    return code
