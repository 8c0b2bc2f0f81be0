from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models


class Validated(models.Model):
    """A record whose constraints say which field a person has to mend.

    Django cannot tell for a constraint over an expression or with a condition; `MENDED_IN` names the field.
    """

    MENDED_IN: ClassVar[Mapping[str, str]] = {}

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        errors: dict[str, list[ValidationError]] = defaultdict(list)
        for constraint in self._meta.constraints:
            try:
                constraint.validate(type(self), self, exclude=set(exclude) if exclude else None)
            except ValidationError as error:
                errors[self.MENDED_IN.get(constraint.name, NON_FIELD_ERRORS)].append(error)
        if errors:
            raise ValidationError(errors)
