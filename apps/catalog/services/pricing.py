"""Where the price of a line is decided.

`quote()` loads the prices and rules that hold at a moment and hands them to `compute()`, which is a pure function:
list price by quantity tier → a price set by hand, else the best rule → rounded half-up once per line → rules for the
whole order and the order's own discount, shared so that the shares sum exactly → tax, inside the price or on top of it.
The order of the lines never matters. Every line says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.errors import NoPrice, PriceRefused
from apps.catalog.models import Price, PriceList, Product
from backoffice.kernel import money
from backoffice.kernel.compiled import Compiled

from . import promoting, promotion_rules
from .promoting import Applied, Basket, Facts, Rule, Situation, Verdict
from .tiers import ONE, Tier, list_price_sentence, price_text, rank, tier_for

ZERO = Decimal(0)
NO_MONEY = Decimal("0.00")
HUNDRED = Decimal(100)


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
    tax_rate: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class PricingContext:
    """Which list, at which moment, for whom.

    `fallback_list_id` has the prices of products that the first list has none for at that moment. `expiry` tells, for
    product ids, in how many days their first lot expires; it is asked only when a rule wants to know. What is not
    `delivered` needs no free delivery.
    """

    price_list_id: int
    at: datetime
    customer_id: int | None = None
    discount: OrderDiscount | None = None
    fallback_list_id: int | None = None
    channel: str = ""
    customer_tags: frozenset[str] = frozenset()
    coupon: str = ""
    expiry: Callable[[Collection[int]], Mapping[int, int]] | None = None
    delivered: bool = True

    @property
    def situation(self) -> Situation:
        known = self.customer_id is not None
        return Situation(self.at, self.channel, self.customer_tags, known=known, delivered=self.delivered)


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """A priced line: amount = quantity × list price, rounded, minus `discount`, plus `added`.

    `tax` is the tax in the amount; `added` is what of it came on top of the price. `verdicts` say what became of every
    rule, also of those that the explanation does not name.
    """

    key: str
    product_id: int
    quantity: Decimal
    list_price: Decimal
    unit_price: Decimal
    discount: Decimal
    amount: Decimal
    explanation: tuple[str, ...]
    tax: Decimal = NO_MONEY
    added: Decimal = NO_MONEY
    verdicts: tuple[Verdict, ...] = ()

    @property
    def net(self) -> Decimal:
        """The amount without the tax on top."""
        return self.amount - self.added

    @property
    def reasons(self) -> list[str]:
        """The rules that made it cheaper, by name."""
        return [one.rule.name for one in self.verdicts if one.outcome in (promoting.WON, promoting.STACKED)]


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines in the order asked; subtotal − discount + added = total = the sum of the lines' amounts, to the cent.

    `added` is tax on top of the prices; `uses` are the rules with a limit, and the coupon, that gave something.
    """

    lines: tuple[QuoteLine, ...]
    subtotal: Decimal
    discount: Decimal
    total: Decimal
    added: Decimal = NO_MONEY
    free_delivery: str = ""
    uses: tuple[Use, ...] = ()
    given: Mapping[str, Decimal] = field(default_factory=dict)
    delivery: tuple[Verdict, ...] = ()

    @property
    def discounts(self) -> list[tuple[str, Decimal]]:
        """What each rule takes off, by name, and what prices by hand do; they sum to the discount."""
        by_hand = self.discount - sum(self.given.values(), NO_MONEY)
        return [*self.given.items(), *([(_("Prices by hand"), by_hand)] if by_hand else [])]


@dataclass(frozen=True, slots=True)
class Use:
    """A rule whose use is counted, with the coupon that opened it, and what it gave."""

    promotion_id: int
    coupon: str
    amount: Decimal


def quote(
    lines: Iterable[PricedLine],
    context: PricingContext,
    *,
    rules: Collection[Rule] | None = None,
    facts: Mapping[int, Facts] = MappingProxyType({}),
) -> Quote:
    """Price the lines. Two queries while no rule is active, three when one is, and one more each for rules that count
    a customer's uses or days to expiry. Rules that are given are not loaded.

    Raises NoPrice, which names the products, and PriceRefused for a negative number.
    """
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
    product_ids = {line.product_id for line in wanted}
    if rules is None:
        rules, facts = promotion_rules.load(context, product_ids) if wanted else ([], {})
    return compute(wanted, tiers, discount=context.discount, rules=rules, facts=facts, situation=context.situation)


def renamed(quote: Quote, keys: Iterable[int]) -> Quote:
    """The quote with these keys for its lines: those of rows that were not written yet when it was made."""
    lines = tuple(replace(line, key=str(key)) for line, key in zip(quote.lines, keys, strict=True))
    return replace(quote, lines=lines)


_TIERS = Compiled(
    lambda lists, products, at: (
        Price.objects.at(at)
        .filter(
            Q(price_list__valid_from=None) | Q(price_list__valid_from__lte=at),
            Q(price_list__valid_to=None) | Q(price_list__valid_to__gt=at),
            price_list_id__in=lists, product_id__in=products,
        )
        .values_list(
            "price_list_id", "product_id", "min_quantity", "amount", "price_list__name", "valid_from",
            "unit__name", "unit__numerator", "unit__denominator", "price_list__tax_inclusive",
        )
    )
)  # fmt: skip


def load_tiers(context: PricingContext, product_ids: Iterable[int]) -> dict[int, list[Tier]]:
    """The prices of the products that hold at the context's moment. One query.

    A list outside its window has none; for products without a price in the first list the fallback's count.
    """
    lists = [context.price_list_id, context.fallback_list_id]
    if context.fallback_list_id in (None, context.price_list_id):
        lists.pop()
    found: dict[tuple[int, int], list[Tier]] = defaultdict(list)
    rows = _TIERS(lists, set(product_ids), context.at)
    for list_id, product_id, min_quantity, amount, source, since, pack, numerator, denominator, inside in rows:
        ratio = ONE if pack is None else Fraction(numerator, denominator)
        tier = Tier(min_quantity, amount, source, since, pack or "", ratio, inside)
        found[product_id, lists.index(list_id)].append(tier)
    return {
        product_id: sorted(found.get((product_id, 0)) or found[product_id, 1], key=rank) for product_id, _place in found
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


def compute(
    lines: Sequence[PricedLine],
    tiers: Mapping[int, Sequence[Tier]],
    *,
    discount: OrderDiscount | None = None,
    rules: Collection[Rule] = (),
    facts: Mapping[int, Facts] = MappingProxyType({}),
    situation: Situation | None = None,
) -> Quote:
    """Price the lines from the tiers and rules given, touching nothing. The quantity of a product counts over all its
    lines. Rules need a situation."""
    if len({line.key for line in lines}) != len(lines):
        raise ValueError("Two lines have the same key.")
    totals = _totals(lines)
    found = {line.key: tier_for(tiers.get(line.product_id, ()), totals[line.product_id]) for line in lines}
    priced = [_price(line, found[line.key]) for line in lines]
    applied: Applied | None = None
    if rules and situation is not None:
        baskets = [
            Basket(line.key, line.product_id, line.quantity, line.amount, fixed=asked.override is not None)
            for line, asked in zip(priced, lines, strict=True)
        ]
        applied = promoting.apply(baskets, rules, facts, situation)
        priced = [_promoted(line, applied) for line in priced]
    if discount is not None:
        priced = _share(priced, discount)
    subtotal = sum((line.amount + line.discount for line in priced), NO_MONEY)
    off = sum((line.discount for line in priced), NO_MONEY)
    priced = [_taxed(line, asked, found[line.key]) for line, asked in zip(priced, lines, strict=True)]
    added = sum((line.added for line in priced), NO_MONEY)
    quoted = Quote(tuple(priced), subtotal=subtotal, discount=off, total=subtotal - off + added, added=added)
    return quoted if applied is None else _with_rules(quoted, applied, rules)


def _with_rules(quoted: Quote, applied: Applied, rules: Collection[Rule]) -> Quote:
    by_id = {rule.id: rule for rule in rules}
    given: dict[str, Decimal] = defaultdict(Decimal)
    for pk, amount in sorted(applied.given.items()):
        if amount:
            given[by_id[pk].name] += amount
    free = applied.free_delivery
    counted = [*applied.given.items(), *([(free.id, NO_MONEY)] if free else [])]
    return replace(
        quoted,
        free_delivery=free.name if free else "",
        delivery=applied.delivery,
        given=dict(given),
        uses=tuple(
            Use(pk, by_id[pk].coupon, amount)
            for pk, amount in sorted(counted)
            if (by_id[pk].limited or by_id[pk].coupon) and (amount or by_id[pk].kind == promoting.Kind.FREE_DELIVERY)
        ),
    )


def _promoted(line: QuoteLine, applied: Applied) -> QuoteLine:
    verdicts = applied.verdicts[line.key]
    told = tuple(one.sentence for one in verdicts if one.outcome != promoting.NOT)
    off = applied.discounts[line.key]
    return replace(
        line, amount=line.amount - off, discount=line.discount + off, verdicts=verdicts,
        explanation=(*line.explanation, *told),
    )  # fmt: skip


def _taxed(line: QuoteLine, asked: PricedLine, tier: Tier | None) -> QuoteLine:
    """The gross amount is the truth where prices include tax; else the tax is worked out on the net and added."""
    if not asked.tax_rate:
        return line
    if tier is None or tier.tax_inclusive:
        return replace(line, tax=money.round_money(line.amount * asked.tax_rate / (HUNDRED + asked.tax_rate)))
    tax = money.round_money(line.amount * asked.tax_rate / HUNDRED)
    return replace(line, amount=line.amount + tax, tax=tax, added=tax)


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
        why.append(list_price_sentence(tier))
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
        % {"amount": price_text(unit_price), "reason": line.override.reason or _("no reason given")}
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
    return replace(
        line, discount=line.discount + share, amount=line.amount - share, explanation=(*line.explanation, sentence)
    )
