"""What promotions would do to a basket that nobody sells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.models import Product, Promotion
from backoffice.kernel.numbers import parse_decimal

from . import pricing, promoting, promotion_rules
from .promoting import Rule, Verdict

LINE = re.compile(r"\s*(?:(?P<quantity>[0-9][0-9.,]*)\s*(?:[x×*]\s*|\s))?(?P<code>.+?)\s*")
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line of the basket that is tried."""

    product: Product
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule: won, stacked, lost or not; what it took; why."""

    rule: Rule
    outcome: str
    amount: Decimal
    why: list[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """A basket with the rules applied, and what became of every active rule."""

    lines: list[tuple[Wanted, pricing.QuoteLine]]
    quote: pricing.Quote
    outcomes: list[Outcome] = field(default_factory=list)


def read_basket(text: str) -> tuple[list[Wanted], list[str]]:
    """Products from lines like "3 × VI-CROI" or "croissant", and the lines that name none."""
    found: list[Wanted] = []
    unknown: list[str] = []
    for line in text.replace("\x00", "").splitlines()[:MOST_LINES]:
        match = LINE.fullmatch(line[:120])
        if not line.strip() or match is None:
            continue
        try:
            quantity = parse_decimal(match["quantity"]) if match["quantity"] else Decimal(1)
        except ValueError:
            quantity = Decimal(0)
        product = _product(match["code"]) or (_product(line) if match["quantity"] else None)
        if product is None or not 0 < quantity < 100_000:
            unknown.append(line.strip())
        else:
            found.append(Wanted(product, quantity))
    return found, unknown


def _product(code: str) -> Product | None:
    rows = Product.objects.active().select_related("unit")
    exact = rows.filter(Q(sku__iexact=code) | Q(barcode=code, barcode__gt="")).first()
    return exact or rows.search(code).order_by("name").first()


def run(wanted: Sequence[Wanted], context: pricing.PricingContext) -> Trial:
    """What every active rule would do to the basket, and why. Raises NoPrice."""
    asked = [
        pricing.PricedLine(str(place), one.product.pk, one.quantity, tax_rate=one.product.tax_rate)
        for place, one in enumerate(wanted)
    ]
    promotions = Promotion.objects.filter(is_active=True).in_bulk()
    rows = Promotion.objects.filter(pk__in=promotions).values_list(*promotion_rules.COLUMNS, *promotion_rules.SCOPE)
    opened: set[int] = set()
    if context.coupon:
        opened = set(promotion_rules.usable_coupons(context.coupon).values_list("promotion_id", flat=True))
    spent = {pk for pk, row in promotions.items() if row.max_uses is not None and row.uses >= row.max_uses}
    rules = [
        # Whoever it is tried for is taken for a customer that has not used it yet.
        replace(rule, each=False, coupon=rule.coupon if rule.id in opened else "")
        for rule in promotion_rules.read(rows, coupon=context.coupon, spent=spent)
    ]
    late = {pk: why for pk, row in promotions.items() if (why := promotion_rules.outside(row, context.at))}
    live = [rule for rule in rules if rule.id not in late]
    facts = promotion_rules.facts_of({one.product.pk for one in wanted}, live, context)
    quote = pricing.quote(asked, context, rules=live, facts=facts)
    said: dict[int, list[Verdict]] = {rule.id: [] for rule in rules}
    for verdict in [*(one for line in quote.lines for one in line.verdicts), *quote.delivery]:
        said[verdict.rule.id].append(verdict)
    outcomes = [_outcome(rule, said[rule.id], late.get(rule.id, "")) for rule in rules]
    order = [promoting.WON, promoting.STACKED, promoting.LOST, promoting.NOT]
    outcomes.sort(key=lambda one: (order.index(one.outcome), -one.amount, one.rule.rank))
    return Trial(list(zip(wanted, quote.lines, strict=True)), quote, outcomes)


def _outcome(rule: Rule, verdicts: Sequence[Verdict], late: str) -> Outcome:
    counted = [one for one in verdicts if one.outcome in (promoting.WON, promoting.STACKED)]
    lost = [one for one in verdicts if one.outcome == promoting.LOST]
    told = counted or lost or verdicts
    outcome = told[0].outcome if told else promoting.NOT
    if counted:  # what it gives and how much of it stand beside
        why = [_("of the whole order")] if rule.level == promoting.Level.ORDER else []
    else:
        why = list(dict.fromkeys(one.why for one in told)) or [late or _("there is nothing in the basket")]
    return Outcome(rule, outcome, sum((one.amount for one in counted or lost), Decimal("0.00")), why)
