"""Quantities and units. A ratio is an exact fraction; only what is posted is rounded, to the unit's step."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Protocol

from django.utils.translation import gettext as _

from backoffice.kernel.digits import written
from backoffice.kernel.errors import DomainError

PLACES = 6
SMALLEST = Decimal(1).scaleb(-PLACES)


class UnitLike(Protocol):
    """A unit of measure: `numerator / denominator` base units of its dimension make one of it."""

    code: str
    dimension: str
    numerator: int
    denominator: int


class NoConversion(DomainError):
    """Two units have nothing to do with each other."""

    field = "unit"

    def __init__(self, source: str, target: str) -> None:
        super().__init__(
            _("There is no conversion from %(source)s to %(target)s.") % {"source": source, "target": target}
        )


def from_fraction(value: Fraction, *, rounding: str = ROUND_HALF_UP) -> Decimal:
    """The fraction as a Decimal with at most six decimals."""
    scaled = value * 10**PLACES
    if rounding == ROUND_FLOOR:
        whole = scaled.numerator // scaled.denominator
    elif rounding == ROUND_CEILING:
        whole = -(-scaled.numerator // scaled.denominator)
    else:
        sign = -1 if scaled < 0 else 1
        whole = sign * ((2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator))
    return Decimal(whole).scaleb(-PLACES)


def bare(amount: Decimal) -> Decimal:
    """The same number without decimals that say nothing, and never with an exponent: 1.500000 is 1.5, 300 is 300."""
    return Decimal(f"{amount.normalize():f}")


def ratio(unit: UnitLike) -> Fraction:
    """How many base units of its dimension one of the unit is."""
    return Fraction(unit.numerator, unit.denominator)


def convert_exact(amount: Decimal, source: UnitLike, target: UnitLike) -> Fraction:
    """`amount` of `source`, in `target`, unrounded. Raises NoConversion between dimensions."""
    if source.dimension != target.dimension:
        raise NoConversion(source.code, target.code)
    return Fraction(amount) * ratio(source) / ratio(target)


def convert(amount: Decimal, source: UnitLike, target: UnitLike) -> Decimal:
    """`amount` of `source`, in `target`, to six decimals, half-up. Raises NoConversion between dimensions."""
    return from_fraction(convert_exact(amount, source, target))


def _round(amount: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        raise ValueError("A step is above zero.")
    return ((amount / step).quantize(Decimal(1), rounding=rounding) * step).quantize(SMALLEST)


def round_up(amount: Decimal, step: Decimal = SMALLEST) -> Decimal:
    """The next multiple of `step` at or above `amount`."""
    return _round(amount, step, ROUND_CEILING)


def round_down(amount: Decimal, step: Decimal = SMALLEST) -> Decimal:
    """The last multiple of `step` at or below `amount`."""
    return _round(amount, step, ROUND_FLOOR)


def round_half_up(amount: Decimal, step: Decimal = SMALLEST) -> Decimal:
    """The nearest multiple of `step`; a half goes away from zero."""
    return _round(amount, step, ROUND_HALF_UP)


def format_quantity(amount: Decimal, unit: str = "", *, places: int | None = None) -> str:
    """`amount` in the active language with the unit's code. Zeros at the end are dropped unless `places` is given."""
    if places is not None:
        amount = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)
    text = written(amount, places)
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text
