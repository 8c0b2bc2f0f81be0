from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog.errors import NoPrice, PriceRefused
from apps.catalog.services import pricing
from apps.catalog.services.pricing import OrderDiscount, Override, PricedLine, PricingContext
from apps.catalog.services.tiers import Tier
from backoffice.kernel import clock
from backoffice.kernel.money import round_money

from .factories import make_price, make_price_list, make_product

on_a_busy_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
quantities = st.decimals(min_value=0, max_value=500, places=3)
prices = st.decimals(min_value=0, max_value=900, places=4)
overrides = st.none() | prices.map(lambda amount: Override(amount, "regular"))
tiers = st.dictionaries(
    st.integers(1, 5),
    st.lists(st.builds(Tier, st.sampled_from([Decimal(0), Decimal(6), Decimal(24)]), prices), max_size=3),
).map(lambda found: {pk: [Tier(Decimal(0), Decimal("1.5")), *found.get(pk, [])] for pk in range(1, 6)})
lines = st.lists(st.tuples(st.integers(1, 5), quantities, overrides), max_size=8).map(
    lambda rows: [PricedLine(f"line-{number}", *row) for number, row in enumerate(rows)]
)
discounts = st.none() | st.decimals(min_value=0, max_value=5000, places=2).map(
    lambda amount: OrderDiscount(amount, "fair")
)


@on_a_busy_machine
@given(lines, tiers, discounts, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(lines, tiers, discount, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(lines, len(lines))

    straight = pricing.compute(lines, tiers, discount=discount)
    mixed = pricing.compute(shuffled, tiers, discount=discount)

    assert {line.key: line for line in straight.lines} == {line.key: line for line in mixed.lines}
    assert [line.key for line in mixed.lines] == [line.key for line in shuffled]
    assert (straight.subtotal, straight.discount, straight.total) == (mixed.subtotal, mixed.discount, mixed.total)


@on_a_busy_machine
@given(lines, tiers, discounts)
def test_sums_are_exact_and_nothing_is_negative(lines, tiers, discount) -> None:  # type: ignore[no-untyped-def]
    quote = pricing.compute(lines, tiers, discount=discount)

    assert quote.total == sum(line.amount for line in quote.lines)
    assert quote.discount == sum(line.discount for line in quote.lines)
    assert quote.total == quote.subtotal - quote.discount
    assert all(value >= 0 for line in quote.lines for value in (line.amount, line.discount, line.unit_price))
    assert all(value == round_money(value) for line in quote.lines for value in (line.amount, line.discount))
    if discount is not None:
        before = pricing.compute(lines, tiers).total
        assert quote.total == before - min(discount.amount, before)


@on_a_busy_machine
@given(lines, tiers)
def test_without_discounts_a_line_is_rounded_once(lines, tiers) -> None:  # type: ignore[no-untyped-def]
    for line, asked in zip(pricing.compute(lines, tiers).lines, lines, strict=True):
        assert line.amount == round_money(asked.quantity * line.unit_price)
        assert line.explanation


def test_the_tier_counts_all_lines_of_a_product() -> None:
    ladder = {1: [Tier(Decimal(0), Decimal(9)), Tier(Decimal(24), Decimal(7))]}

    few = pricing.compute([PricedLine("a", 1, Decimal(23))], ladder)
    many = pricing.compute([PricedLine("a", 1, Decimal(23)), PricedLine("b", 1, Decimal(1))], ladder)

    assert few.total == Decimal(207)
    assert many.total == Decimal(168)


def test_a_price_set_by_hand_shows_what_it_gave_away() -> None:
    quote = pricing.compute(
        [
            PricedLine("a", 1, Decimal(2), Override(Decimal(8), "yesterday's")),
            PricedLine("b", 1, Decimal(1), Override(Decimal(12), "")),
        ],
        {1: [Tier(Decimal(0), Decimal("9.50"), "Counter")]},
    )

    first, second = quote.lines
    assert (first.list_price, first.unit_price, first.discount, first.amount) == (
        Decimal("9.50"), Decimal(8), Decimal("3.00"), Decimal("16.00"),
    )  # fmt: skip
    assert "yesterday's" in first.explanation[-1]
    assert (second.discount, second.amount) == (Decimal("0.00"), Decimal("12.00"))


def test_two_lines_with_one_key_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="same key"):
        pricing.compute([PricedLine("a", 1, Decimal(1), Override(Decimal(1), ""))] * 2, {})


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(PriceRefused):
        pricing.compute([PricedLine("a", 1, Decimal(-1))], {1: [Tier(Decimal(0), Decimal(1))]})
    with pytest.raises(PriceRefused):
        pricing.compute([PricedLine("a", 1, Decimal(1), Override(Decimal(-1), ""))], {})


@pytest.mark.django_db
def test_quote_reads_the_list_at_the_moment(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    bread, cake = make_product("Bread"), make_product("Cake", price="30")
    counter = make_price_list()
    make_price(bread, "9.50", valid_from=clock.now() - timedelta(days=9))
    make_price(bread, "9.90", valid_from=clock.now() + timedelta(days=9))
    lines = [PricedLine("1", bread.pk, Decimal(3)), PricedLine("2", cake.pk, Decimal("0.5"))]

    with django_assert_num_queries(2):  # prices, and the rules that are active: none
        now = pricing.quote(lines, PricingContext(counter.pk, clock.now()))
    later = pricing.quote(lines, PricingContext(counter.pk, clock.now() + timedelta(days=10)))

    assert (now.total, later.total) == (Decimal("43.50"), Decimal("44.70"))
    assert "Counter" in now.lines[0].explanation[0]
    assert "9.50" in now.lines[0].explanation[0]


@pytest.mark.django_db
def test_no_price_names_the_products() -> None:
    bread, cake = make_product("Bread"), make_product("Cake", price="30")
    lines = [PricedLine("1", bread.pk, Decimal(1)), PricedLine("2", cake.pk, Decimal(1))]
    context = PricingContext(make_price_list().pk, clock.now())

    with pytest.raises(NoPrice, match="Bread") as refused:
        pricing.quote(lines, context)

    assert refused.value.products == ((bread.pk, "Bread"),)
    by_hand = [PricedLine("1", bread.pk, Decimal(1), Override(Decimal(4), "new")), lines[1]]
    assert pricing.quote(by_hand, context).total == Decimal(34)
