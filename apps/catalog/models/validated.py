from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cache
from typing import ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models.constraints import BaseConstraint

from backoffice.kernel import conditions


class Validated(models.Model):
    """A record whose constraints say which field a person has to mend.

    Django cannot tell for a constraint over an expression or with a condition; `MENDED_IN` names the field.
    """

    MENDED_IN: ClassVar[Mapping[str, str]] = {}

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As Django's, but the database is only asked what cannot be judged here."""
        left_out = set(exclude or ())
        mentioned = _mentioned(type(self))
        self._validate([rule for rule in self._meta.constraints if not mentioned[rule.name] & left_out])

    def clean_changes(self, changed: Collection[str]) -> None:
        """What `full_clean` asks, as far as a change of these fields can have broken it. Raises ValidationError."""
        names = set(changed)
        self.clean_fields(exclude={field.name for field in self._meta.fields} - names)
        self.clean()
        mentioned = _mentioned(type(self))
        self._validate([rule for rule in self._meta.constraints if mentioned[rule.name] & names])

    def _validate(self, rules: Collection[BaseConstraint]) -> None:
        values = {field.name: getattr(self, field.attname) for field in self._meta.concrete_fields}
        errors: dict[str, list[ValidationError]] = defaultdict(list)
        for rule in rules:
            if _is_settled(rule, values):
                continue
            try:
                rule.validate(type(self), self)
            except ValidationError as error:
                errors[self.MENDED_IN.get(rule.name, NON_FIELD_ERRORS)].append(error)
        if errors:
            raise ValidationError(errors)


def _is_settled(rule: BaseConstraint, values: Mapping[str, object]) -> bool:
    """Whether nobody needs to be asked: a check that holds, or a uniqueness that is not about this row."""
    try:
        if isinstance(rule, models.CheckConstraint):
            return isinstance(rule.condition, models.Q) and conditions.holds(rule.condition, values)
        if isinstance(rule, models.UniqueConstraint) and rule.condition is not None:
            return not conditions.holds(rule.condition, values)
    except conditions.Unclear:
        pass
    return False


@cache
def _mentioned(model: type[models.Model]) -> dict[str, frozenset[str]]:
    return {rule.name: conditions.fields_of(rule) for rule in model._meta.constraints}
