"""Rounding and sharing of money. Half-up, in one place."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from backoffice.kernel.digits import written

CENT = Decimal("0.01")


def round_to(amount: Decimal, places: int) -> Decimal:
    """`amount` with `places` decimals; a half goes away from zero."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def round_money(amount: Decimal) -> Decimal:
    """`amount` in whole cents; half a cent goes away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Shares of `total` in whole cents that sum to it exactly, by the largest remainder.

    Of equal remainders the earlier share gets the cent. When all weights are zero the shares are as equal as can be.
    Raises ValueError without weights, with a negative weight, or when the total is not in whole cents.
    """
    if not weights:
        raise ValueError("Nothing to share between.")
    if any(weight < 0 for weight in weights):
        raise ValueError("A share cannot have a negative weight.")
    cents = total / CENT
    if cents != cents.to_integral_value():
        raise ValueError("Only whole cents can be shared.")
    sign = -1 if cents < 0 else 1
    left = abs(int(cents))
    parts = [Decimal(weight) for weight in weights] if any(weights) else [Decimal(1)] * len(weights)
    # Fractions as integers: no division is rounded before the floor.
    scale = Decimal(1).scaleb(max(0, *(-int(part.as_tuple().exponent) for part in parts)))
    whole = [int(part * scale) for part in parts]
    sum_of_weights = sum(whole)
    shares = [left * weight // sum_of_weights for weight in whole]
    remainders = [left * weight % sum_of_weights for weight in whole]
    order = sorted(range(len(whole)), key=lambda index: (-remainders[index], index))
    for index in order[: left - sum(shares)]:
        shares[index] += 1
    return [sign * share * CENT for share in shares]


SYMBOLS = {"BRL": "R$", "EUR": "€", "GBP": "£", "USD": "US$"}


def format_amount(amount: Decimal, places: int = 2) -> str:
    """`amount` in the active language, with grouping, without a currency: 1,234.50 or 1.234,50."""
    return written(round_to(amount, places), places)


def format_money(amount: Decimal, currency: str = "BRL", places: int = 2) -> str:
    """`amount` in the active language with its currency sign: R$ 1,234.50."""
    return f"{SYMBOLS.get(currency, currency)}\N{NO-BREAK SPACE}{format_amount(amount, places)}"
