"""What rules do to a basket: a pure function. Nothing here reads a clock or a database.

A line takes the best single rule, worked out on its list price; rules marked as stackable come on top, one after the
other by rank. Then rules for the whole order, in the same way, shared over the lines they are about so that the shares
sum exactly. A price set by hand takes no rule for products. The order of lines never matters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from apps.catalog.models import Promotion
from backoffice.kernel import clock, money
from backoffice.kernel import quantity as quantities

Kind, Level = Promotion.Kind, Promotion.Level
NO_MONEY = Decimal("0.00")
WON, STACKED, LOST, NOT = "won", "stacked", "lost", "not"


@dataclass(frozen=True, slots=True)
class Rule:
    """A promotion as the computation needs it."""

    id: int
    name: str
    kind: str
    level: str
    value: Decimal = Decimal(0)
    buy: int = 0
    pay: int = 0
    priority: int = 100
    stackable: bool = False
    coupon: str = ""
    by_coupon: bool = False
    limited: bool = False
    products: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()
    minimum: Decimal | None = None
    expires_within: int | None = None
    channels: frozenset[str] = frozenset()
    customer_tags: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    from_hour: time | None = None
    until_hour: time | None = None
    spent: bool = False
    each: bool = False  # limited for each customer, so that it needs one

    @property
    def rank(self) -> tuple[int, int]:
        return self.priority, self.id

    @property
    def what(self) -> str:
        """What it gives, in words."""
        if self.kind == Kind.PERCENT:
            return _("%(value)s %% off") % {"value": quantities.format_quantity(self.value)}
        if self.kind == Kind.AMOUNT:
            return _("%(value)s off") % {"value": money.format_amount(self.value)}
        if self.kind == Kind.FIXED:
            return _("%(value)s each") % {"value": money.format_amount(self.value)}
        if self.kind == Kind.BUY_PAY:
            return _("buy %(buy)d, pay %(pay)d") % {"buy": self.buy, "pay": self.pay}
        return _("free delivery")


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules ask of a product: what it is a variant of, its category with those above, its tags, and in how many
    days its first lot expires."""

    variant_of: int | None = None
    categories: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()
    days_left: int | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """When, where and for whom."""

    at: datetime
    channel: str = ""
    customer_tags: frozenset[str] = frozenset()
    known: bool = True  # whether it is known who buys
    delivered: bool = True  # whether the goods are brought to whoever buys


@dataclass(frozen=True, slots=True)
class Basket:
    """A line before discounts. `fixed` is a price set by hand."""

    key: str
    product_id: int
    quantity: Decimal
    amount: Decimal
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a rule at a line: won, stacked, lost or not; what it took or would have taken; and why."""

    rule: Rule
    outcome: str
    amount: Decimal
    why: str

    @property
    def sentence(self) -> str:
        return f"{self.rule.name}: {self.why}"


@dataclass(frozen=True, slots=True)
class Applied:
    """What the rules took off each line, why, what each gave in all, and which frees the delivery."""

    discounts: Mapping[str, Decimal]
    verdicts: Mapping[str, tuple[Verdict, ...]]
    given: Mapping[int, Decimal]
    free_delivery: Rule | None = None
    delivery: tuple[Verdict, ...] = ()


def apply(
    lines: Sequence[Basket], rules: Collection[Rule], facts: Mapping[int, Facts], situation: Situation
) -> Applied:
    """What the rules do to the lines. Every discount lies between nothing and the line's amount."""
    whole = sum((line.amount for line in lines), NO_MONEY)
    ranked = sorted(rules, key=lambda rule: rule.rank)
    closed = {rule.id: why for rule in ranked if (why := _why_not_at_all(rule, situation, whole))}
    counts: dict[int, Decimal] = {}
    for line in lines:
        if not line.fixed:
            counts[line.product_id] = counts.get(line.product_id, Decimal(0)) + line.quantity
    left: dict[str, Decimal] = {}
    verdicts: dict[str, list[Verdict]] = {}
    given: dict[int, Decimal] = {}
    single = [rule for rule in ranked if rule.level == Level.LINE]
    for line in lines:
        said = _line(line, single, closed, facts.get(line.product_id, Facts()), counts.get(line.product_id, Decimal(0)))
        verdicts[line.key] = said
        left[line.key] = line.amount - sum((one.amount for one in said if one.outcome in (WON, STACKED)), NO_MONEY)
    # By key, not by place: of two equal remainders the same line gets the cent whatever order the lines come in.
    in_order = sorted(lines, key=lambda line: line.key)
    _whole_order([rule for rule in ranked if rule.level == Level.ORDER], in_order, closed, facts, left, verdicts)
    for said in verdicts.values():
        for one in said:
            if one.outcome in (WON, STACKED):
                given[one.rule.id] = given.get(one.rule.id, NO_MONEY) + one.amount
    delivery = _delivery(ranked, in_order, closed, facts)
    return Applied(
        discounts={line.key: line.amount - left[line.key] for line in lines},
        verdicts={key: tuple(said) for key, said in verdicts.items()},
        given=given,
        free_delivery=next((one.rule for one in delivery if one.outcome == WON), None),
        delivery=tuple(delivery),
    )


def _line(
    line: Basket, rules: Iterable[Rule], closed: Mapping[int, str], facts: Facts, count: Decimal
) -> list[Verdict]:
    said: list[Verdict] = []
    fitting: list[tuple[Decimal, Rule]] = []
    for rule in rules:
        by_hand = _("the price was set by hand") if line.fixed else ""
        why = closed.get(rule.id) or by_hand or _why_not_here(rule, line, facts)
        taken = NO_MONEY if why else line.amount - _rounded(_after(rule, line, Fraction(line.amount), count))
        if why or taken <= 0:
            said.append(Verdict(rule, NOT, NO_MONEY, why or _nothing(rule)))
        else:
            fitting.append((taken, rule))
    alone = [pair for pair in fitting if not pair[1].stackable]
    best = min(alone, key=lambda pair: (-pair[0], pair[1].rank), default=None)
    exact, rest = Fraction(line.amount), line.amount
    for _taken, rule in [*([best] if best else []), *(pair for pair in fitting if pair[1].stackable)]:
        exact = _after(rule, line, exact, count)
        now = _rounded(exact)
        outcome = STACKED if rule.stackable else WON
        said.append(Verdict(rule, outcome, rest - now, _took(rule, rest - now)))
        rest = now
    for taken, rule in alone:
        if best is not None and rule is not best[1]:
            said.append(Verdict(rule, LOST, taken, _lost(taken, best)))
    return said


def _whole_order(
    rules: Sequence[Rule],
    lines: Sequence[Basket],
    closed: Mapping[int, str],
    facts: Mapping[int, Facts],
    left: dict[str, Decimal],
    verdicts: dict[str, list[Verdict]],
) -> None:
    """The rules for the whole order: takes from `left`, and says at each line what its share was."""
    fitting: list[tuple[Decimal, Rule, list[Basket]]] = []
    for rule in rules:
        if rule.kind == Kind.FREE_DELIVERY:
            continue
        about = []
        for line in lines:
            why = closed.get(rule.id) or _why_not_here(rule, line, facts.get(line.product_id, Facts()))
            if why:
                verdicts[line.key].append(Verdict(rule, NOT, NO_MONEY, why))
            else:
                about.append(line)
        if taken := _off_order(rule, [left[line.key] for line in about]):
            fitting.append((taken, rule, about))
        else:
            for line in about:
                verdicts[line.key].append(Verdict(rule, NOT, NO_MONEY, _nothing(rule)))
    alone = [one for one in fitting if not one[1].stackable]
    best = min(alone, key=lambda one: (-one[0], one[1].rank), default=None)
    for _taken, rule, about in [*([best] if best else []), *(one for one in fitting if one[1].stackable)]:
        weights = [left[line.key] for line in about]
        off = _off_order(rule, weights)
        shares = money.split(off, weights) if off else [NO_MONEY] * len(about)
        for line, share in zip(about, shares, strict=True):
            left[line.key] -= share
            if share:
                why = _("%(what)s, this line's share %(share)s") % {
                    "what": rule.what, "share": money.format_amount(share)
                }  # fmt: skip
                verdicts[line.key].append(Verdict(rule, STACKED if rule.stackable else WON, share, why))
    for taken, rule, about in alone:
        if best is not None and rule is not best[1]:
            for line in about:
                verdicts[line.key].append(Verdict(rule, LOST, NO_MONEY, _lost(taken, best)))


def _delivery(
    rules: Iterable[Rule], lines: Sequence[Basket], closed: Mapping[int, str], facts: Mapping[int, Facts]
) -> list[Verdict]:
    said: list[Verdict] = []
    for rule in rules:
        if rule.kind != Kind.FREE_DELIVERY:
            continue
        why = closed.get(rule.id, "")
        if not why and not any(not _why_not_here(rule, line, facts.get(line.product_id, Facts())) for line in lines):
            why = _("nothing of it is in the basket")
        won = not why and not any(one.outcome == WON for one in said)
        said.append(Verdict(rule, WON if won else LOST if not why else NOT, NO_MONEY, why or rule.what))
    return said


def _after(rule: Rule, line: Basket, amount: Fraction, count: Decimal) -> Fraction:
    """What is left of the line's amount, exactly; never below nothing and never above what it was."""
    if rule.kind == Kind.PERCENT:
        return amount * (100 - Fraction(rule.value)) / 100
    if rule.kind == Kind.AMOUNT:
        return max(amount - Fraction(line.quantity) * Fraction(rule.value), Fraction(0))
    if rule.kind == Kind.FIXED:
        return min(amount, Fraction(line.quantity) * Fraction(rule.value))
    if rule.kind == Kind.BUY_PAY and count:
        free = int(count // rule.buy) * (rule.buy - rule.pay)
        return amount * (1 - Fraction(free) / Fraction(count))
    return amount


def _off_order(rule: Rule, amounts: Sequence[Decimal]) -> Decimal:
    whole = sum(amounts, NO_MONEY)
    if rule.kind == Kind.PERCENT:
        return money.round_money(whole * rule.value / 100)
    return min(money.round_money(rule.value), whole)


def _why_not_at_all(rule: Rule, situation: Situation, whole: Decimal) -> str:
    """Why the rule does not count in this situation, whatever is in the basket; empty when it does."""
    local = clock.local(situation.at)
    if rule.spent:
        return _("used up")
    if rule.by_coupon and not rule.coupon:
        return _("needs its coupon")
    if rule.each and not situation.known:
        return _("only once we know the customer")
    if rule.kind == Kind.FREE_DELIVERY and not situation.delivered:
        return _("only when it is delivered")
    if rule.channels and situation.channel not in rule.channels:
        return _("not in this channel")
    if rule.customer_tags and not _share_one(rule.customer_tags, situation.customer_tags):
        return _("only for customers tagged %(tags)s") % {"tags": ", ".join(sorted(rule.customer_tags))}
    day, inside = _day_and_hour(rule, local)
    if rule.weekdays and day.weekday() not in rule.weekdays:
        return _("not on a %(day)s") % {"day": date_format(day, "l")}
    if not inside and rule.from_hour is not None and rule.until_hour is not None:
        hours = {"start": time_format(rule.from_hour), "end": time_format(rule.until_hour)}
        return _("only from %(start)s to %(end)s") % hours
    if rule.minimum is not None and whole < rule.minimum:
        return _("only from an order of %(amount)s") % {"amount": money.format_amount(rule.minimum)}
    return ""


def _day_and_hour(rule: Rule, local: datetime) -> tuple[datetime, bool]:
    """The day that the rule takes the moment for, and whether it is within its hours.

    Hours whose end lies before their beginning go on after midnight; what is then still belongs to the evening before.
    """
    start, end, now = rule.from_hour, rule.until_hour, local.time()
    if start is None or end is None:
        return local, True
    if start < end:
        return local, start <= now < end
    return (local - timedelta(days=1), True) if now < end else (local, now >= start)


def _why_not_here(rule: Rule, line: Basket, facts: Facts) -> str:
    """Why the rule is not about this line; empty when it is."""
    scoped = rule.products or rule.categories or rule.tags
    if scoped and not (
        {line.product_id, facts.variant_of} & rule.products
        or rule.categories & facts.categories
        or _share_one(rule.tags, facts.tags)
    ):
        return _("not about this product")
    if rule.expires_within is not None:
        if facts.days_left is None:
            return _("nothing of it is about to expire")
        if facts.days_left > rule.expires_within:
            return _("its lot is good for %(days)d more days") % {"days": facts.days_left}
    return ""


def _share_one(some: Collection[str], others: Collection[str]) -> bool:
    """Whether a tag is among both, however it is written: "Vegan" and "vegan" are one."""
    return not {one.casefold() for one in some}.isdisjoint(one.casefold() for one in others)


def _rounded(value: Fraction) -> Decimal:
    cents = value * 100
    return Decimal((2 * cents.numerator + cents.denominator) // (2 * cents.denominator)).scaleb(-2)


def _nothing(rule: Rule) -> str:
    if rule.kind == Kind.BUY_PAY:
        return _("%(what)s: too few of it") % {"what": rule.what}
    return _("%(what)s: takes nothing off") % {"what": rule.what}


def _took(rule: Rule, amount: Decimal) -> str:
    return _("%(what)s, −%(amount)s") % {"what": rule.what, "amount": money.format_amount(amount)}


def _lost(taken: Decimal, best: Sequence[object]) -> str:
    winner = best[1]
    assert isinstance(winner, Rule)
    words = {"amount": money.format_amount(taken), "winner": winner.name}
    if taken == best[0]:
        return _("would take %(amount)s as well, but %(winner)s ranks before it") % words
    return _("would take only %(amount)s; %(winner)s takes more") % words
