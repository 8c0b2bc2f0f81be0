from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import reduce
from operator import and_
from typing import ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, FieldError, ValidationError
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
        fine = self._checks_hold(set(exclude or ()))
        for constraint in self._meta.constraints:
            if fine and isinstance(constraint, models.CheckConstraint):
                continue
            try:
                constraint.validate(type(self), self, exclude=set(exclude) if exclude else None)
            except ValidationError as error:
                errors[self.MENDED_IN.get(constraint.name, NON_FIELD_ERRORS)].append(error)
        if errors:
            raise ValidationError(errors)

    def _checks_hold(self, exclude: set[str]) -> bool:
        """Whether all check constraints hold, in one question. When not, each is asked for its sentence."""
        checks = [c.condition for c in self._meta.constraints if isinstance(c, models.CheckConstraint)]
        values = self._get_field_expression_map(meta=self._meta, exclude=exclude)  # type: ignore[attr-defined]
        try:
            return bool(checks) and reduce(and_, map(models.Q, checks)).check(values)
        except FieldError:  # one of them is about a field that is left out
            return False
