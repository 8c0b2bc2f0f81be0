"""Promotions: what the rules do to a basket, who may use them how often, and what is refused when saving."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.catalog.errors import CouponRefused, EqualRank, InvalidProduct, PromotionUsedUp
from apps.catalog.models import Coupon, Product, Promotion, PromotionUse
from apps.catalog.services import categories, pricing, promotions
from apps.catalog.services.pricing import OrderDiscount, Override, PricedLine, PricingContext, Use
from apps.catalog.services.promoting import Facts, Rule, Situation
from apps.catalog.services.promotions import Scope
from apps.catalog.services.tiers import Tier
from backoffice.kernel import clock

from .factories import make_price_list, make_product

DAY = timedelta(days=1)

D = Decimal
Kind, Level = Promotion.Kind, Promotion.Level
NOW = Situation(clock.now(), "counter", frozenset({"regular"}))
busy = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

amounts = st.decimals(min_value=0, max_value=500, places=2)
lines = st.lists(
    st.builds(
        PricedLine,
        key=st.uuids().map(str),
        product_id=st.integers(1, 4),
        quantity=st.decimals(min_value=0, max_value=60, places=2),
        override=st.none() | st.none() | amounts.map(lambda amount: Override(amount, "by hand")),
        tax_rate=st.sampled_from([D(0), D("7.5"), D(12)]),
    ),
    max_size=6,
    unique_by=lambda line: line.key,
)
rule_sets = st.lists(
    st.one_of(
        st.builds(dict, kind=st.just(Kind.PERCENT), level=st.sampled_from(Level), value=st.integers(1, 100).map(D)),
        st.builds(dict, kind=st.just(Kind.AMOUNT), level=st.sampled_from(Level), value=amounts),
        st.builds(dict, kind=st.just(Kind.FIXED), level=st.just(Level.LINE), value=amounts),
        st.builds(dict, kind=st.just(Kind.BUY_PAY), level=st.just(Level.LINE), buy=st.integers(2, 4), pay=st.just(1)),
        st.builds(dict, kind=st.just(Kind.FREE_DELIVERY), level=st.just(Level.ORDER)),
    ).flatmap(
        lambda given: st.builds(
            lambda more: {**given, **more},
            st.fixed_dictionaries(
                {
                    "priority": st.integers(0, 3),
                    "stackable": st.booleans(),
                    "products": st.frozensets(st.integers(1, 4), max_size=2),
                    "tags": st.frozensets(st.sampled_from(["new", "old"]), max_size=1),
                    "minimum": st.none() | amounts,
                    "expires_within": st.none() | st.integers(0, 3),
                }
            ),
        )
    ),
    max_size=5,
).map(lambda found: [Rule(id=number, name=f"R{number}", **one) for number, one in enumerate(found, 1)])
FACTS = {pk: Facts(tags=frozenset(["new"] if pk % 2 else ["old"]), days_left=pk) for pk in range(1, 5)}


def quoted(basket: list[PricedLine], rules: list[Rule], *, inclusive: bool = True, **more: Any) -> pricing.Quote:
    tiers = {pk: [Tier(D(0), D("9.99") * pk, tax_inclusive=inclusive)] for pk in range(1, 5)}
    return pricing.compute(basket, tiers, rules=rules, facts=FACTS, situation=NOW, **more)


@busy
@given(lines, rule_sets, st.booleans(), st.randoms(use_true_random=False))
def test_sums_are_exact_nothing_is_negative_and_order_does_not_matter(basket, rules, inclusive, random) -> None:  # type: ignore[no-untyped-def]
    discount = OrderDiscount(D("3.33"), "fair")
    quote = quoted(basket, rules, inclusive=inclusive, discount=discount)

    assert quote.total == sum(line.amount for line in quote.lines) == quote.subtotal - quote.discount + quote.added
    assert quote.discount == sum(line.discount for line in quote.lines)
    for line in quote.lines:
        assert line.amount >= 0
        assert line.discount >= 0
        assert line.tax >= line.added >= 0
        assert line.amount == line.amount.quantize(D("0.01"))
    mixed = quoted(
        random.sample(basket, len(basket)), random.sample(rules, len(rules)), inclusive=inclusive, discount=discount
    )
    assert {line.key: line for line in mixed.lines} == {line.key: line for line in quote.lines}
    assert (mixed.total, mixed.uses, mixed.free_delivery) == (quote.total, quote.uses, quote.free_delivery)


@busy
@given(lines, rule_sets)
def test_only_one_rule_counts_for_a_line_unless_it_comes_on_top(basket, rules) -> None:  # type: ignore[no-untyped-def]
    for line in quoted(basket, rules).lines:
        for level in Level:
            won = [one for one in line.verdicts if one.outcome == "won" and one.rule.level == level]
            lost = [one for one in line.verdicts if one.outcome == "lost" and one.rule.level == level]
            assert len(won) <= 1
            assert all(one.amount <= won[0].amount for one in lost if level == Level.LINE)


def one(**rule: Any) -> pricing.Quote:
    basket = [PricedLine("a", 1, D(3)), PricedLine("b", 2, D(1))]
    return quoted(basket, [Rule(**{"id": 1, "name": "R", "level": Level.LINE, **rule})])


@pytest.mark.parametrize(
    ("rule", "off"),
    [
        ({"kind": Kind.PERCENT, "value": D(10), "products": frozenset({1})}, "3.00"),
        ({"kind": Kind.AMOUNT, "value": D("0.50")}, "2.00"),
        ({"kind": Kind.FIXED, "value": D(8), "products": frozenset({1})}, "5.97"),
        ({"kind": Kind.FIXED, "value": D(100)}, "0.00"),
        ({"kind": Kind.BUY_PAY, "buy": 3, "pay": 2}, "9.99"),
        ({"kind": Kind.PERCENT, "level": Level.ORDER, "value": D(10)}, "5.00"),
        ({"kind": Kind.AMOUNT, "level": Level.ORDER, "value": D(500)}, "49.95"),
        ({"kind": Kind.PERCENT, "value": D(10), "minimum": D(50)}, "0.00"),
        ({"kind": Kind.PERCENT, "value": D(10), "tags": frozenset({"old"})}, "2.00"),
        ({"kind": Kind.PERCENT, "value": D(50), "expires_within": 1}, "14.98"),
        ({"kind": Kind.PERCENT, "value": D(10), "channels": frozenset({"web"})}, "0.00"),
        ({"kind": Kind.PERCENT, "value": D(10), "customer_tags": frozenset({"regular"})}, "5.00"),
        ({"kind": Kind.PERCENT, "value": D(10), "customer_tags": frozenset({"Regular", "new"})}, "5.00"),
        ({"kind": Kind.PERCENT, "value": D(10), "tags": frozenset({"OLD"})}, "2.00"),
        ({"kind": Kind.PERCENT, "value": D(10), "by_coupon": True}, "0.00"),
    ],
)  # fmt: skip
def test_each_kind_and_condition(rule: dict[str, Any], off: str) -> None:
    quote = one(**rule)

    assert quote.discount == D(off)
    assert all(line.verdicts[0].why for line in quote.lines)


def test_the_best_one_wins_and_the_others_say_why_not() -> None:
    rules = [
        Rule(1, "Tenth", Kind.PERCENT, Level.LINE, D(10)),
        Rule(2, "Fifth", Kind.PERCENT, Level.LINE, D(20)),
        Rule(3, "On top", Kind.PERCENT, Level.LINE, D(50), stackable=True),
    ]
    (line,) = quoted([PricedLine("a", 1, D(10))], rules).lines

    assert line.discount == D("59.94")
    assert [(one.rule.name, one.outcome, one.amount) for one in line.verdicts] == [
        ("Fifth", "won", D("19.98")), ("On top", "stacked", D("39.96")), ("Tenth", "lost", D("9.99")),
    ]  # fmt: skip
    assert line.reasons == ["Fifth", "On top"]
    assert any("Fifth takes more" in text for text in line.explanation)


def test_of_two_that_take_the_same_the_rank_decides() -> None:
    rules = [
        Rule(1, "Late", Kind.PERCENT, Level.LINE, D(10), priority=9),
        Rule(2, "Early", Kind.PERCENT, Level.LINE, D(10), priority=1),
    ]
    assert quoted([PricedLine("a", 1, D(1))], rules).lines[0].reasons == ["Early"]


@pytest.mark.parametrize(("hour", "counts"), [(17, False), (18, True), (19, True), (20, False)])
def test_hours_are_half_open_on_the_wall_clock(hour: int, counts: bool) -> None:
    rule = Rule(1, "Evening", Kind.PERCENT, Level.LINE, D(50), from_hour=time(18), until_hour=time(20))
    at = Situation(clock.at(clock.today(), hour), "counter")
    quote = pricing.compute([PricedLine("a", 1, D(1))], {1: [Tier(D(0), D(10))]}, rules=[rule], situation=at)
    assert bool(quote.discount) is counts


def test_tax_inside_and_on_top() -> None:
    basket = [PricedLine("a", 1, D(10), tax_rate=D(10))]

    inside, on_top = (quoted(basket, [], inclusive=flag) for flag in (True, False))

    assert (inside.total, inside.lines[0].tax, inside.added) == (D("99.90"), D("9.08"), 0)
    assert (on_top.total, on_top.lines[0].tax, on_top.subtotal) == (D("109.89"), D("9.99"), D("99.90"))


@pytest.mark.parametrize(
    ("day", "hour", "counts"),
    [(20, 21, False), (20, 22, True), (20, 23, True), (21, 0, True), (21, 1, True), (21, 2, False), (21, 22, False),
     (20, 1, False)],
)  # fmt: skip
def test_hours_go_on_after_midnight_and_belong_to_the_evening_before(day: int, hour: int, counts: bool) -> None:
    """A rule of Friday evening: the 20th of November 2026 is a Friday."""
    rule = Rule(
        1, "Night", Kind.PERCENT, Level.LINE, D(50), weekdays=frozenset({4}), from_hour=time(22), until_hour=time(2)
    )
    at = Situation(clock.at(date(2026, 11, day), hour), "counter")

    applied = pricing.compute([PricedLine("a", 1, D(1))], {1: [Tier(D(0), D(10))]}, rules=[rule], situation=at)

    assert bool(applied.discount) is counts


def promotion(name: str = "Happy hour", **fields: Any) -> Promotion:
    scope = fields.pop("scope", None)
    fields = {"kind": Kind.PERCENT, "value": D(10), "valid_from": clock.now() - timedelta(days=1), **fields}
    return promotions.create(name=name, scope=scope, **fields)


def total(*products: Any, price_list: int = 0, **context: Any) -> pricing.Quote:
    asked = [PricedLine(str(pk), product.pk, D(1)) for pk, product in enumerate(products)]
    list_id = price_list or make_price_list().pk
    return pricing.quote(asked, PricingContext(list_id, clock.now(), channel="counter", **context))


@pytest.mark.django_db
def test_a_category_counts_with_all_beneath_it_in_three_queries(django_assert_num_queries: Any) -> None:
    bakery = categories.create(name="Bakery")
    breads = categories.create(name="Breads", parent=bakery)
    rye, soap = make_product("Rye", price="10", category=breads), make_product("Soap", price="10")
    promotion(scope=Scope(categories=[bakery]))
    promotion("Tagged", priority=1, scope=Scope(tags=["new"]))

    counter = make_price_list().pk

    with django_assert_num_queries(3):
        quote = total(rye, soap, price_list=counter)

    assert [line.discount for line in quote.lines] == [D("1.00"), D("0.00")]


def test_a_rule_about_a_product_is_about_its_variants() -> None:
    rule = Rule(1, "R", Kind.PERCENT, Level.LINE, D(50), products=frozenset({7}))
    quote = pricing.compute(
        [PricedLine("a", 1, D(1)), PricedLine("b", 2, D(1))], {pk: [Tier(D(0), D(10))] for pk in (1, 2)},
        rules=[rule], facts={1: Facts(variant_of=7), 2: Facts()}, situation=NOW,
    )  # fmt: skip
    assert [line.discount for line in quote.lines] == [D("5.00"), D("0.00")]


@pytest.mark.django_db
def test_days_to_expiry_are_asked_only_when_a_rule_wants_them() -> None:
    bread = make_product(price="10")
    asked: list[Any] = []

    def expiry(ids: Any) -> dict[int, int]:
        asked.append(ids)
        return {bread.pk: 1}

    total(bread, expiry=expiry)
    assert not asked
    promotion(value=D(50), expires_within=1)
    assert total(bread, expiry=expiry).total == D(5)


@pytest.mark.django_db
def test_equal_rank_is_refused_unless_they_cannot_meet() -> None:
    bread, cake = make_product(), make_product()
    first = promotion(scope=Scope(products=[bread]), weekdays=[0, 1])
    promotion("Cake", scope=Scope(products=[cake]))
    promotion("Weekend", scope=Scope(products=[bread]), weekdays=[5, 6])
    promotion("Over", valid_from=clock.now() - timedelta(days=9), valid_to=clock.now() - timedelta(days=8))
    other = promotion("Other", priority=7)

    with pytest.raises(EqualRank, match="Happy hour"):
        promotion("Twin", scope=Scope(products=[bread]), weekdays=[1])
    with pytest.raises(EqualRank):
        promotions.update(other, priority=first.priority)
    other.refresh_from_db()
    assert other.priority == 7
    promotions.update(other, priority=first.priority, is_active=False)


@pytest.mark.django_db
@pytest.mark.parametrize("first_is_variant", [True, False])
def test_a_rule_for_a_product_with_variants_meets_one_for_a_variant(first_is_variant: bool) -> None:
    shirt, small, large = make_product("Shirt", kind="configurable"), make_product("S"), make_product("L")
    for variant, key in ((small, "size=s"), (large, "size=l")):
        Product.objects.filter(pk=variant.pk).update(variant_of=shirt, variant_key=key)
    one, other = (small, shirt) if first_is_variant else (shirt, small)
    promotion("First", scope=Scope(products=[one]))

    with pytest.raises(EqualRank, match="First"):
        promotion("Twin", scope=Scope(products=[make_product(), other]))
    if first_is_variant:
        promotion("Sister", scope=Scope(products=[large]))  # two variants are two lines


@pytest.mark.django_db
def test_two_rules_that_coupons_open_never_meet() -> None:
    promotion("Friends", by_coupon=True)
    promotion("Birthday", by_coupon=True)
    with pytest.raises(EqualRank, match="Friends"):
        promotion("Everybody")


@pytest.mark.django_db
def test_nights_of_equal_rank_meet_on_the_morning_after() -> None:
    promotion("Monday's early birds", weekdays=[0], from_hour=time(0), until_hour=time(6))
    promotion("Sunday evening", weekdays=[6], from_hour=time(20), until_hour=time(22))

    with pytest.raises(EqualRank, match="early birds"):
        promotion("Sunday night", weekdays=[6], from_hour=time(22), until_hour=time(1))
    promotion("Saturday night", weekdays=[5], from_hour=time(22), until_hour=time(1))
    with pytest.raises(InvalidProduct, match="differ"):
        promotion("Never", from_hour=time(22), until_hour=time(22))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"value": D(0)}, "value"), ({"value": D(101)}, "value"), ({"kind": Kind.BUY_PAY, "buy": 2, "pay": 2}, "pay"),
        ({"kind": Kind.BUY_PAY}, "pay"), ({"kind": Kind.FIXED, "level": Level.ORDER}, "level"),
        ({"from_hour": time(9)}, "until_hour"), ({"valid_to": clock.now() - timedelta(days=3)}, "valid_to"),
        ({"name": " "}, "name"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_beside_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidProduct) as refused:
        promotion(**fields)
    assert refused.value.field == field


@pytest.mark.django_db
def test_a_coupon_opens_its_rule_until_it_is_used_and_comes_back_when_the_order_is_cancelled() -> None:
    bread = make_product(price="10")
    rule = promotion(by_coupon=True, value=D(50))
    (coupon,) = promotions.add_coupons(rule, code="welcome")
    assert total(bread).total == D(10)

    quote = total(bread, coupon=" Welcome ")
    assert (quote.total, quote.uses) == (D(5), (Use(rule.pk, "WELCOME", D(5)),))
    promotions.redeem(quote.uses, reference="order:1", customer=None)

    assert total(bread, coupon="welcome").total == D(10)
    with pytest.raises(CouponRefused, match="used"):
        promotions.check_coupon("welcome")
    with pytest.raises(PromotionUsedUp):
        promotions.redeem(quote.uses, reference="order:2", customer=None)
    for _n in range(2):
        promotions.release("order:1")
    coupon.refresh_from_db()
    assert (coupon.uses, promotions.check_coupon("WELCOME")) == (0, coupon)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "coupon", "says"),
    [
        ({"valid_from": clock.now() - 9 * DAY, "valid_to": clock.now() - DAY}, {}, "Deal ended on "),
        ({"valid_from": clock.now() + DAY}, {}, "Deal begins on "),
        ({"is_active": False}, {}, "Deal is switched off"),
        ({"max_uses": 3, "uses": 3}, {}, "Deal is used up"),
        ({}, {"is_active": False}, "it was stopped"),
        ({}, {"max_uses": 2, "uses": 2}, "it is used up"),
        ({}, {"max_uses": 1, "uses": 1}, "it was used already"),
    ],
)
def test_a_coupon_that_opens_nothing_says_why(fields: dict[str, Any], coupon: dict[str, Any], says: str) -> None:
    rule = promotion(by_coupon=True)
    (made,) = promotions.add_coupons(rule, code="HELLO")
    Promotion.objects.filter(pk=rule.pk).update(name="Deal", **fields)
    Coupon.objects.filter(pk=made.pk).update(**coupon)

    with pytest.raises(CouponRefused, match=f"^The coupon HELLO counts for nothing: {says}"):
        promotions.check_coupon(" hello")


@pytest.mark.django_db
def test_a_new_rule_is_offered_a_rank_that_is_free() -> None:
    assert promotions.free_rank() == 100
    promotion(priority=100)
    assert promotions.free_rank() == 110
    promotion(name="Other", priority=117)
    assert promotions.free_rank() == 120


@pytest.mark.django_db
def test_a_limit_for_each_customer() -> None:
    bread = make_product(price="10")
    rule = promotion(max_uses_each=1)
    uses = total(bread, customer_id=7).uses
    promotions.redeem(uses, reference="order:1", customer=7)

    assert total(bread, customer_id=7).total == D(10)
    assert total(bread, customer_id=8).total == D(9)
    assert total(bread).total == D(10), "nobody knows whether it is somebody who had it"
    with pytest.raises(PromotionUsedUp):
        promotions.redeem(uses, reference="order:2", customer=7)
    assert PromotionUse.objects.filter(promotion=rule).exists()


@pytest.mark.django_db
def test_many_coupons_and_codes_that_nobody_has() -> None:
    rule = promotion(by_coupon=True)

    made = promotions.add_coupons(rule, count=50)

    assert len({coupon.code for coupon in made}) == 50
    for code in ("", "nope", "\x00", "%"):
        with pytest.raises(CouponRefused):
            promotions.check_coupon(code)
    with pytest.raises(InvalidProduct):
        promotions.add_coupons(rule, code=made[0].code.lower())
    with pytest.raises(InvalidProduct):
        promotions.add_coupons(rule, count=0)
