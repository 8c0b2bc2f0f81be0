"""Prices by quantity: which of several holds for so much of a product, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from backoffice.kernel import clock, money
from backoffice.kernel import quantity as quantities

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Tier:
    """A price that holds from a quantity on, and where it comes from. Both count in packs of `ratio` product units."""

    min_quantity: Decimal
    amount: Decimal
    source: str = ""
    since: datetime | None = None
    pack: str = ""
    ratio: Fraction = ONE
    tax_inclusive: bool = True

    @property
    def least(self) -> Fraction:
        """From how much of the product's own unit on it holds."""
        return Fraction(self.min_quantity) * self.ratio

    @property
    def each(self) -> Decimal:
        """The price of one of the product's own unit, to four decimals."""
        return self.amount if self.ratio == 1 else _rounded(Fraction(self.amount) / self.ratio, 4)

    def worth(self, quantity: Decimal) -> Decimal:
        """What so much of the product costs, rounded once."""
        if self.ratio == 1:
            return money.round_money(quantity * self.amount)
        return _rounded(Fraction(quantity) * Fraction(self.amount) / self.ratio, 2)


def tier_for(tiers: Sequence[Tier], quantity: Decimal) -> Tier | None:
    """Of the tiers that the quantity reaches, the one that begins latest; of two of these, the cheaper one."""
    reached = [tier for tier in tiers if tier.least <= quantity]
    return max(reached, key=rank, default=None)


def rank(tier: Tier) -> tuple[Fraction, Fraction]:
    """By threshold; of two that begin alike the cheaper one comes last."""
    return tier.least, -Fraction(tier.amount) / tier.ratio


def _rounded(value: Fraction, places: int) -> Decimal:
    """A fraction that is not negative, half-up."""
    scaled = value * 10**places
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-places)


def list_price_sentence(tier: Tier) -> str:
    """Which list and tier the price comes from, and since when."""
    values = {"list": tier.source or _("list"), "amount": price_text(tier.amount)}
    if tier.since is not None:
        values["day"] = date_format(clock.local(tier.since), "SHORT_DATE_FORMAT")
    if tier.pack:
        values |= {"quantity": quantities.format_quantity(tier.min_quantity), "pack": tier.pack}
        return _("%(list)s, from %(quantity)s × %(pack)s on: %(amount)s for one %(pack)s") % values
    if tier.min_quantity > 0:
        values["quantity"] = quantities.format_quantity(tier.min_quantity)
        return _("%(list)s, from %(quantity)s on: %(amount)s") % values
    if tier.since is not None:
        return _("%(list)s: %(amount)s since %(day)s") % values
    return _("%(list)s: %(amount)s") % values


def price_text(amount: Decimal) -> str:
    """Cents, or as many decimals as the price really has."""
    places = 2 if amount == money.round_to(amount, 2) else 4
    return money.format_amount(amount, places)
