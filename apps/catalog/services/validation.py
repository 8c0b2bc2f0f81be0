"""Turns what a model's own validation says into the one sentence a person gets, and the field it belongs to."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from apps.catalog.errors import InvalidProduct
from apps.catalog.models.validated import Validated


def check(thing: Validated, changed: Collection[str] | None = None) -> None:
    """Raise InvalidProduct with the first complaint about the row, worded for the person and naming the field.

    `changed` names the fields that a saved row differs in; what they cannot have broken is not asked again.
    """
    try:
        if changed is None:
            thing.full_clean()
        else:
            thing.clean_changes(changed)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        if field == NON_FIELD_ERRORS:
            raise InvalidProduct(messages[0]) from error
        label = str(getattr(thing._meta.get_field(field), "verbose_name", field))
        sentence = f"{label[:1].upper()}{label[1:]}: {messages[0]}"
        raise InvalidProduct(sentence, field=field, beside=messages[0]) from error
