"""Exact numbers in the database: an integer scaled by a power of ten, a Decimal in Python.

SQLite keeps Django's DecimalField as a float: sums drift and `WHERE quantity >= x` lies. A scaled 64-bit integer adds,
compares and constrains exactly on both databases. The classes are deliberately no DecimalField: `F("quantity") -
Decimal(1)` would otherwise subtract a millionth in silence; here `exact()` says what kind the number is.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.core import checks
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Combinable, Value, register_combinable_fields
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, Lookup
from django.utils.translation import gettext_lazy as _

LIMIT = 2**63 - 1


class FixedPointField(models.Field):
    """Base of the exact kinds. `places` decimals; assigning a value with more of them is an error, never a rounding."""

    places: ClassVar[int]
    description = _("Exact number")
    empty_strings_allowed = False

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        errors = super().check(**kwargs)
        if self.has_default() and isinstance(self.default, float):
            errors.append(checks.Error("A fixed-point field cannot default to a float.", obj=self))
        return errors

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, float):
            raise ValidationError(_("A float is not exact."), code="float")
        try:
            return Decimal(value)
        except (InvalidOperation, TypeError, ValueError) as error:
            raise ValidationError(_("“%(value)s” is not a number."), code="invalid", params={"value": value}) from error

    def scale(self, value: Any) -> int:
        """The integer that stands for the value. Raises ValueError where it would not be exact or does not fit."""
        if type(value) is not Decimal and (
            isinstance(value, bool | float) or not isinstance(value, Decimal | int | str)
        ):
            raise ValueError(f"{self.name or type(self).__name__}: {value!r} is not an exact number.")
        number = value if type(value) is Decimal else Decimal(value)
        if not number.is_finite():
            raise ValueError(f"{self.name or type(self).__name__}: {value!r} is not a number.")
        scaled = number.scaleb(self.places)
        whole = int(scaled)
        if whole != scaled:
            raise ValueError(f"{self.name or type(self).__name__}: {value} has more than {self.places} decimals.")
        if abs(whole) > LIMIT:
            raise ValueError(f"{self.name or type(self).__name__}: {value} is too large.")
        return whole

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value if value is None or hasattr(value, "resolve_expression") else self.scale(value)

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        _check_kind(self, value)
        return "%s"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError("An average is not exact: sum and count, then divide in Python.")
        return Decimal(int(value)).scaleb(-self.places)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        if value is not None:
            try:
                self.scale(value)
            except ValueError:
                raise ValidationError(
                    _("At most %(places)s decimals are possible."), code="places", params={"places": self.places}
                ) from None

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        kind: type[forms.Field] = kwargs.pop("form_class", forms.DecimalField)
        return super().formfield(form_class=kind, max_digits=18, decimal_places=self.places, **kwargs)


class MoneyField(FixedPointField):
    """An amount of money, 2 decimals."""

    places = 2
    description = _("Money")


class PriceField(FixedPointField):
    """A price for one unit, 4 decimals."""

    places = 4
    description = _("Price")


class QuantityField(FixedPointField):
    """A quantity in some unit, 6 decimals."""

    places = 6
    description = _("Quantity")


class UnitCostField(FixedPointField):
    """What one unit cost, 6 decimals."""

    places = 6
    description = _("Unit cost")


# Like may be added to like; a number of another kind is a FieldError, because its scale differs.
for _kind in (MoneyField, PriceField, QuantityField, UnitCostField):
    register_combinable_fields(_kind, Combinable.ADD, _kind, _kind)
    register_combinable_fields(_kind, Combinable.SUB, _kind, _kind)


def exact(value: Decimal | int | str, kind: type[FixedPointField]) -> Value:
    """A number for use in database expressions: `F("quantity") - exact(1, QuantityField)`."""
    field = kind()
    field.scale(value)
    return Value(Decimal(value), output_field=field)


def _check_kind(field: FixedPointField, value: Any) -> None:
    """Raise where a database expression has not the field's kind: its scale would differ, in silence."""
    if hasattr(value, "resolve_expression") and type(value.output_field) is not type(field):
        raise TypeError(f"{value}: wrap the number in exact(value, {type(field).__name__}).")


def _compare_like_with_like(lookup: "type[Lookup[Any]]") -> None:
    class LikeWithLike(lookup):  # type: ignore[valid-type,misc]
        def get_prep_lookup(self) -> Any:
            field = getattr(self.lhs, "output_field", None)
            if isinstance(field, FixedPointField):
                _check_kind(field, self.rhs)
            return super().get_prep_lookup()

    FixedPointField.register_lookup(LikeWithLike)


for _lookup in (Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual):
    _compare_like_with_like(_lookup)
