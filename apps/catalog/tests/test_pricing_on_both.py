"""That what a database keeps of prices and rules gives exactly what was written; run on SQLite and PostgreSQL.

And that the examples which the properties of pricing are tried on reach what they are about.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from apps.catalog.models import Promotion
from apps.catalog.services import categories, pricing, promotion_rules, promotions
from apps.catalog.services.pricing import OrderDiscount, PricedLine, PricingContext
from apps.catalog.services.promoting import STACKED, WON, Facts, Rule
from apps.catalog.services.promotions import Scope
from apps.catalog.services.tiers import Tier
from backoffice.kernel import clock

from .factories import make_price, make_price_list, make_product
from .test_promotions import lines, quoted, rule_sets

Kind, Level = Promotion.Kind, Promotion.Level
NEVER = Decimal(0)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(12))
def test_a_quote_of_what_was_kept_is_that_of_what_was_written(seed: int) -> None:
    chance = Random(seed)
    counter = make_price_list(tax_inclusive=seed % 2 == 0)
    shelf = categories.create(name="Shelf")
    products = [
        make_product(category=shelf if number % 2 else None, tags=["new"] * (number % 3)) for number in range(4)
    ]
    begun = clock.now() - timedelta(days=1)
    tiers: dict[int, list[Tier]] = {}
    for product in products:
        for start in sorted([*chance.sample([0, 3, 10], 2), 0])[1:] if chance.random() < 0.7 else [0]:
            amount = Decimal(chance.randint(1, 99_999)).scaleb(-chance.choice([2, 3, 4]))
            make_price(product, amount, min_quantity=Decimal(start), valid_from=begun)
            tier = Tier(Decimal(start), amount, counter.name, begun, tax_inclusive=counter.tax_inclusive)
            tiers.setdefault(product.pk, []).append(tier)
        if tiers[product.pk][0].min_quantity:
            make_price(product, "1.2345", valid_from=begun)
            tiers[product.pk].insert(
                0, Tier(NEVER, Decimal("1.2345"), counter.name, begun, tax_inclusive=counter.tax_inclusive)
            )
    rules = []
    for rank in range(3):
        kind, level = chance.choice(
            [(Kind.PERCENT, Level.LINE), (Kind.AMOUNT, Level.ORDER), (Kind.BUY_PAY, Level.LINE)]
        )
        value = Decimal(0) if kind == Kind.BUY_PAY else Decimal(chance.randint(1, 9_999)).scaleb(-2)
        bought: Any = {"buy": 3, "pay": 2} if kind == Kind.BUY_PAY else {}
        scope = chance.choice([Scope(), Scope(categories=[shelf]), Scope(tags=["new"]), Scope(products=products[:2])])
        made = promotions.create(
            name=f"R{rank}", kind=kind, level=level, value=value, priority=rank, stackable=chance.random() < 0.5,
            valid_from=begun, scope=scope, **bought,
        )  # fmt: skip
        rules.append(
            Rule(
                made.pk,
                made.name,
                kind,
                level,
                value,
                priority=rank,
                stackable=made.stackable,
                **bought,
                products=frozenset(one.pk for one in scope.products),
                categories=frozenset(one.pk for one in scope.categories),
                tags=frozenset(scope.tags),
            )
        )
    facts = {
        product.pk: Facts(categories=frozenset([shelf.pk] if product.category_id else []), tags=frozenset(product.tags))
        for product in products
    }
    basket = [
        PricedLine(str(place), chance.choice(products).pk, Decimal(chance.randint(0, 20_000)).scaleb(-3),
                   tax_rate=Decimal(chance.choice(["0", "7.5", "17.25"])))
        for place in range(6)
    ]  # fmt: skip
    discount = OrderDiscount(Decimal("1.01"), "fair")
    context = PricingContext(counter.pk, clock.now(), discount=discount, channel="counter")

    kept = pricing.quote(basket, context)

    assert kept == pricing.compute(
        basket, tiers, discount=discount, rules=rules, facts=facts, situation=context.situation
    )
    assert kept.total == sum(line.amount for line in kept.lines)
    assert promotion_rules.load(context, [product.pk for product in products])[0]


def test_the_examples_of_the_properties_are_about_something() -> None:
    """`find` fails where the strategies never make such a basket: then the properties would say nothing."""

    def about(case: tuple[list[PricedLine], list[Rule], bool]) -> bool:
        basket, rules, inclusive = case
        quote = quoted(basket, rules, inclusive=inclusive)
        outcomes = [(one.outcome, one.rule.level) for line in quote.lines for one in line.verdicts if one.amount]
        shared = sum(outcome in (WON, STACKED) and level == Level.ORDER for outcome, level in outcomes)
        return (WON, Level.LINE) in outcomes and shared > 1 and any(line.added for line in quote.lines)

    # That there is one counts, not the smallest one: making it small takes most of a minute.
    found = settings(max_examples=2000, phases=[Phase.generate], database=None)
    basket, rules, inclusive = find(st.tuples(lines, rule_sets, st.just(False)), about, settings=found)
    assert len(basket) > 1
    assert len(rules) > 1
    assert not inclusive
