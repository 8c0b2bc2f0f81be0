"""Turns what a model's own validation says into the one sentence a person gets."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from ..errors import InvalidProduct


def check(thing: models.Model, *, exclude: Collection[str] = ()) -> None:
    """Run full_clean(). Raises InvalidProduct with the first complaint and the field it belongs to."""
    try:
        thing.full_clean(exclude=set(exclude))
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        if field == NON_FIELD_ERRORS:
            raise InvalidProduct(messages[0]) from error
        label = str(getattr(thing._meta.get_field(field), "verbose_name", field))
        raise InvalidProduct(f"{label[:1].upper()}{label[1:]}: {messages[0]}", field=field) from error
