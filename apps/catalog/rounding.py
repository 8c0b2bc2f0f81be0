"""How a list's rule and a change of many prices bring an amount to a price that people write on a label."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from apps.catalog.models import PriceList
from backoffice.kernel import money

Rounding = PriceList.Rounding
STEPS = {Rounding.FIVE: Decimal("0.05"), Rounding.TEN: Decimal("0.10")}
NINETY = Decimal("0.90")
HUNDRED = Decimal(100)
ONE = Fraction(1)
TINY = Fraction(1, 100)
SMALLEST = Decimal("0.0001")


def to_ending(amount: Decimal, rounding: str, ratio: Fraction = ONE) -> Decimal:
    """The nearest price of the kind; a half goes up. Nothing stays nothing, and something never becomes nothing.

    The price is for `ratio` of the product's own unit. One for a tiny part of it, a gram where kilograms are sold, is
    rounded as the price of the whole unit: "ending in .90" makes 6.90 a kilogram, not 0.90 a gram.
    """
    if amount <= 0:
        return Decimal(0)
    if ratio <= TINY and rounding != Rounding.EXACT:
        whole = to_ending(amount * ratio.denominator / ratio.numerator, rounding)
        return money.round_to(whole * ratio.numerator / ratio.denominator, 4) or SMALLEST
    if rounding == Rounding.EXACT:
        return money.round_to(amount, 4) or SMALLEST
    if rounding == Rounding.NINETY:
        whole = (amount - NINETY).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return max(whole, Decimal(0)) + NINETY
    if rounding == Rounding.CENT:
        return money.round_money(amount) or money.CENT
    step = STEPS[Rounding(rounding)]
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step or step


def derived(amount: Decimal, percentage: Decimal, rounding: str, ratio: Fraction = ONE) -> Decimal:
    """The amount of a list that follows: the base's plus or minus the percentage, rounded as `to_ending` does."""
    return to_ending(amount * (HUNDRED + percentage) / HUNDRED, rounding, ratio)
