"""Where the price of a line is decided.

`quote()` loads the prices that hold at a moment and hands them to `compute()`, which is a pure function:
list price by quantity tier → a price set by hand → rounded half-up once per line → the order's discount,
shared so that the shares sum exactly. The order of the lines never matters. Every line says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.errors import NoPrice, PriceRefused
from apps.catalog.models import Price, PriceList, Product
from backoffice.kernel import clock, money
from backoffice.kernel import quantity as quantities

ZERO = Decimal(0)
ONE = Fraction(1)
NO_MONEY = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Override:
    """A unit price set by hand, with the reason that the line will show."""

    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class OrderDiscount:
    """An amount off the whole order, with the reason that every line will show. Never more than the order is worth."""

    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What is to be priced. `key` is the caller's own name for the line and occurs once."""

    key: str
    product_id: int
    quantity: Decimal
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class PricingContext:
    """Which list, at which moment, for whom.

    `fallback_list_id` has the prices of products that the first list has none for at that moment.
    """

    price_list_id: int
    at: datetime
    customer_id: int | None = None
    discount: OrderDiscount | None = None
    fallback_list_id: int | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """A price that holds from a quantity on, and where it comes from. Both count in packs of `ratio` product units."""

    min_quantity: Decimal
    amount: Decimal
    source: str = ""
    since: datetime | None = None
    pack: str = ""
    ratio: Fraction = ONE

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


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """A priced line: amount = quantity × list price, rounded, minus `discount`."""

    key: str
    product_id: int
    quantity: Decimal
    list_price: Decimal
    unit_price: Decimal
    discount: Decimal
    amount: Decimal
    explanation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines in the order asked; subtotal − discount = total = the sum of the lines' amounts, to the cent."""

    lines: tuple[QuoteLine, ...]
    subtotal: Decimal
    discount: Decimal
    total: Decimal


def quote(lines: Iterable[PricedLine], context: PricingContext) -> Quote:
    """Price the lines. One query. Raises NoPrice, which names the products, and PriceRefused for a negative number."""
    wanted = list(lines)
    tiers = load_tiers(context, {line.product_id for line in wanted})
    missing = unpriced(wanted, tiers)
    if missing:
        names = dict(Product.objects.filter(pk__in=missing).values_list("pk", "name"))
        raise NoPrice(
            sorted(((pk, names.get(pk, f"#{pk}")) for pk in missing), key=lambda pair: pair[1]),
            price_list=PriceList.objects.filter(pk=context.price_list_id).values_list("name", flat=True).first() or "–",
            at=context.at,
        )
    return compute(wanted, tiers, discount=context.discount)


def load_tiers(context: PricingContext, product_ids: Iterable[int]) -> dict[int, list[Tier]]:
    """The prices of the products that hold at the context's moment. One query.

    A list outside its window has none; for products without a price in the first list the fallback's count.
    """
    lists = [context.price_list_id, context.fallback_list_id]
    if context.fallback_list_id in (None, context.price_list_id):
        lists.pop()
    found: dict[tuple[int, int], list[Tier]] = defaultdict(list)
    rows = (
        Price.objects.at(context.at)
        .filter(
            Q(price_list__valid_from=None) | Q(price_list__valid_from__lte=context.at),
            Q(price_list__valid_to=None) | Q(price_list__valid_to__gt=context.at),
            price_list_id__in=lists, product_id__in=set(product_ids),
        )
        .values_list(
            "price_list_id", "product_id", "min_quantity", "amount", "price_list__name", "valid_from",
            "unit__name", "unit__numerator", "unit__denominator",
        )
    )  # fmt: skip
    for list_id, product_id, min_quantity, amount, source, since, pack, numerator, denominator in rows:
        ratio = ONE if pack is None else Fraction(numerator, denominator)
        tier = Tier(min_quantity, amount, source, since, pack or "", ratio)
        found[product_id, lists.index(list_id)].append(tier)
    return {
        product_id: sorted(found.get((product_id, 0)) or found[product_id, 1], key=_rank)
        for product_id, _place in found
    }


def unpriced(lines: Iterable[PricedLine], tiers: Mapping[int, Sequence[Tier]]) -> set[int]:
    """Products that have neither a price for their quantity nor one set by hand."""
    wanted = list(lines)
    totals = _totals(wanted)
    return {
        line.product_id
        for line in wanted
        if line.override is None and tier_for(tiers.get(line.product_id, ()), totals[line.product_id]) is None
    }


def tier_for(tiers: Sequence[Tier], quantity: Decimal) -> Tier | None:
    """Of the tiers that the quantity reaches, the one that begins latest; of two of these, the cheaper one."""
    reached = [tier for tier in tiers if tier.least <= quantity]
    return max(reached, key=_rank, default=None)


def _rank(tier: Tier) -> tuple[Fraction, Fraction]:
    return tier.least, -Fraction(tier.amount) / tier.ratio


def _rounded(value: Fraction, places: int) -> Decimal:
    """A fraction that is not negative, half-up."""
    scaled = value * 10**places
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-places)


def compute(
    lines: Sequence[PricedLine], tiers: Mapping[int, Sequence[Tier]], *, discount: OrderDiscount | None = None
) -> Quote:
    """Price the lines from the tiers given, touching nothing. The quantity of a product counts over all its lines."""
    if len({line.key for line in lines}) != len(lines):
        raise ValueError("Two lines have the same key.")
    totals = _totals(lines)
    priced = [_price(line, tier_for(tiers.get(line.product_id, ()), totals[line.product_id])) for line in lines]
    if discount is not None:
        priced = _share(priced, discount)
    subtotal = sum((line.amount + line.discount for line in priced), NO_MONEY)
    off = sum((line.discount for line in priced), NO_MONEY)
    return Quote(tuple(priced), subtotal=subtotal, discount=off, total=subtotal - off)


def _totals(lines: Iterable[PricedLine]) -> dict[int, Decimal]:
    totals: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.quantity < 0:
            raise PriceRefused(_("A quantity is not negative."), field="quantity")
        totals[line.product_id] += line.quantity
    return totals


def _price(line: PricedLine, tier: Tier | None) -> QuoteLine:
    why = []
    if tier is not None:
        why.append(_list_price_sentence(tier))
    if line.override is None:
        assert tier is not None, "unpriced() is asked before"
        amount = tier.worth(line.quantity)
        return QuoteLine(line.key, line.product_id, line.quantity, tier.each, tier.each, NO_MONEY, amount, tuple(why))
    if line.override.amount < 0:
        raise PriceRefused(_("A price is not negative."), field="override")
    unit_price = line.override.amount
    list_price = tier.each if tier is not None else unit_price
    amount = money.round_money(line.quantity * unit_price)
    before = max(amount, tier.worth(line.quantity) if tier is not None else amount)
    why.append(
        _("Price set by hand: %(amount)s (%(reason)s)")
        % {"amount": _price_text(unit_price), "reason": line.override.reason or _("no reason given")}
    )
    return QuoteLine(
        line.key, line.product_id, line.quantity, list_price, unit_price, before - amount, amount, tuple(why)
    )


def _share(lines: Sequence[QuoteLine], discount: OrderDiscount) -> list[QuoteLine]:
    if discount.amount < 0:
        raise PriceRefused(_("A discount is not negative."), field="discount")
    whole = sum((line.amount for line in lines), NO_MONEY)
    off = min(money.round_money(discount.amount), whole)
    if not off:
        return list(lines)
    # By key, not by place: of two equal remainders the same line gets the cent whatever order the lines come in.
    in_order = sorted(lines, key=lambda line: line.key)
    shares = dict(
        zip((line.key for line in in_order), money.split(off, [line.amount for line in in_order]), strict=True)
    )
    return [_reduced(line, shares[line.key], discount.reason) for line in lines]


def _reduced(line: QuoteLine, share: Decimal, reason: str) -> QuoteLine:
    if not share:
        return line
    sentence = _("%(reason)s: %(share)s off, this line's share of the order's discount") % {
        "reason": reason,
        "share": money.format_amount(share),
    }
    return QuoteLine(
        line.key, line.product_id, line.quantity, line.list_price, line.unit_price, line.discount + share,
        line.amount - share, (*line.explanation, sentence),
    )  # fmt: skip


def _list_price_sentence(tier: Tier) -> str:
    values = {"list": tier.source or _("list"), "amount": _price_text(tier.amount)}
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


def _price_text(amount: Decimal) -> str:
    """Cents, or as many decimals as the price really has."""
    places = 2 if amount == money.round_to(amount, 2) else 4
    return money.format_amount(amount, places)
