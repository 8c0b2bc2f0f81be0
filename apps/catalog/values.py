"""Values of attributes: how they are kept, checked against a schema, and said to people.

A number is kept as text without needless zeros, so that it stays exact; a day as 2026-11-23; a choice by its code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Attribute
from backoffice.kernel import quantity

PREFIX = "attr_"
LONGEST_TEXT = 400
LARGEST = Decimal(10) ** 12
PLACES = 6
EMPTY: tuple[Any, ...] = (None, "", [])


def clean(attribute: Attribute, value: Any) -> Any:
    """The value as it is kept; None for nothing. Raises InvalidProduct, naming the form field."""
    if isinstance(value, str):
        value = value.strip()
    if value in EMPTY:
        return None
    kinds = Attribute.Type
    if attribute.type == kinds.TEXT:
        return _text(attribute, value)
    if attribute.type == kinds.NUMBER:
        return _number(attribute, value)
    if attribute.type == kinds.BOOLEAN:
        if not isinstance(value, bool):
            raise refused(attribute, _("%(name)s is yes or no.") % {"name": attribute.name})
        return value
    if attribute.type == kinds.DATE:
        return _day(attribute, value)
    codes = [value] if isinstance(value, str) else list(value)
    if attribute.type == kinds.SELECT and len(codes) != 1:
        raise refused(attribute, _("%(name)s is one of its choices only.") % {"name": attribute.name})
    known = attribute.option_names
    for code in codes:
        if code not in known:
            raise refused(
                attribute, _("“%(value)s” is no choice of %(name)s.") % {"value": code, "name": attribute.name}
            )
    return codes[0] if attribute.type == kinds.SELECT else [code for code in known if code in codes]


def merge(before: Mapping[str, Any], changes: Mapping[str, Any], attributes: Iterable[Attribute]) -> dict[str, Any]:
    """The values with the changes applied. What the attributes do not name stays, hidden: it may be wanted again.

    Raises InvalidProduct for a value that does not fit and for one of an attribute that is not named.
    """
    known = {attribute.code: attribute for attribute in attributes}
    values = dict(before)
    for code, value in changes.items():
        if code not in known:
            raise InvalidProduct(_("Products of this category have no attribute “%(code)s”.") % {"code": code})
        kept = clean(known[code], value)
        if kept is None:
            values.pop(code, None)
        else:
            values[code] = kept
    return values


def say(attribute: Attribute, value: Any) -> str:
    """The value as people read it; "" for nothing."""
    if value in EMPTY:
        return ""
    kinds = Attribute.Type
    if attribute.type == kinds.BOOLEAN:
        return _("Yes") if value else _("No")
    if attribute.type == kinds.NUMBER:
        return quantity.format_quantity(Decimal(value), attribute.unit.code if attribute.unit else "")
    if attribute.type == kinds.DATE:
        return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    if attribute.has_options:
        names = attribute.option_names
        return ", ".join(names.get(code, code) for code in ([value] if isinstance(value, str) else value))
    return str(value)


def refused(attribute: Attribute, sentence: str) -> InvalidProduct:
    """The refusal of one value, beside its field."""
    return InvalidProduct(sentence, field=PREFIX + attribute.code)


def _text(attribute: Attribute, value: Any) -> str:
    text = str(value)
    if len(text) > LONGEST_TEXT:
        raise refused(
            attribute,
            _("%(name)s has %(longest)d characters at most.") % {"name": attribute.name, "longest": LONGEST_TEXT},
        )
    return text


def _number(attribute: Attribute, value: Any) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise refused(attribute, _("%(name)s is a number.") % {"name": attribute.name}) from error
    if not number.is_finite() or abs(number) >= LARGEST or number != round(number, PLACES):
        raise refused(attribute, _("%(name)s is too large a number, or too fine.") % {"name": attribute.name})
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _day(attribute: Attribute, value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise refused(attribute, _("%(name)s is a day, like 2026-11-23.") % {"name": attribute.name}) from error
