"""How a list's rule and a change of many prices bring an amount to a price that people write on a label."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from apps.catalog.models import PriceList
from backoffice.kernel import money

Rounding = PriceList.Rounding
STEPS = {Rounding.FIVE: Decimal("0.05"), Rounding.TEN: Decimal("0.10")}
NINETY = Decimal("0.90")
HUNDRED = Decimal(100)


def to_ending(amount: Decimal, rounding: str) -> Decimal:
    """The nearest price of the kind; a half goes up. Nothing stays nothing, and something never becomes nothing."""
    if amount <= 0:
        return Decimal(0)
    if rounding == Rounding.EXACT:
        return money.round_to(amount, 4)
    if rounding == Rounding.NINETY:
        whole = (amount - NINETY).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return max(whole, Decimal(0)) + NINETY
    if rounding == Rounding.CENT:
        return money.round_money(amount) or money.CENT
    step = STEPS[Rounding(rounding)]
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step or step


def derived(amount: Decimal, percentage: Decimal, rounding: str) -> Decimal:
    """The amount of a list that follows: the base's plus or minus the percentage, rounded."""
    return to_ending(amount * (HUNDRED + percentage) / HUNDRED, rounding)
