"""Turns what a model's own validation says into the one sentence a person gets, and the field it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from apps.catalog.errors import InvalidProduct

# Constraints over an expression or a condition do not say which field a person has to mend.
FIELD_OF = {
    "product_sku_unique_whatever_case": "sku",
    "product_barcode_unique": "barcode",
    "pack_name_unique_in_product": "name",
    "pack_barcode_unique": "barcode",
    "category_name_unique_at_top": "name",
    "category_name_unique_inside_parent": "name",
    "price_list_code_unique_whatever_case": "code",
}


def check(thing: models.Model) -> None:
    """Raise InvalidProduct with the first complaint about the row, worded for the person and naming the field."""
    try:
        thing.full_clean(validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        if field == NON_FIELD_ERRORS:
            raise InvalidProduct(messages[0]) from error
        label = str(getattr(thing._meta.get_field(field), "verbose_name", field))
        raise InvalidProduct(f"{label[:1].upper()}{label[1:]}: {messages[0]}", field=field) from error
    for field, message in broken_constraints(thing):
        raise InvalidProduct(message, field=field)


def broken_constraints(thing: models.Model) -> Iterator[tuple[str | None, str]]:
    """(field, sentence) of each constraint that the row as it stands would break in the database."""
    for constraint in thing._meta.constraints:
        try:
            constraint.validate(type(thing), thing)
        except ValidationError as error:
            yield FIELD_OF.get(constraint.name), error.messages[0]
