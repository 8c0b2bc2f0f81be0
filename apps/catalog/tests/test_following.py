"""Lists that follow another one, prices of packs, and lists with a window."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog import rounding
from apps.catalog.errors import InvalidProduct, NoPrice, PriceListCycle, PriceRefused
from apps.catalog.models import Price, PriceList
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import packs, price_lists, prices, pricing
from apps.catalog.services.pricing import PricedLine, PricingContext
from backoffice.kernel import clock

from .factories import make_price, make_price_list, make_product

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
Rounding = PriceList.Rounding


def follower(base: PriceList, percentage: str = "18", kind: str = Rounding.CENT, code: str = "market") -> PriceList:
    return price_lists.create(
        name=code.title(), code=code, base=base, percentage=Decimal(percentage), rounding=kind, is_default=False
    )


def now_in(price_list: PriceList, product: object, at: object = None) -> Decimal | None:
    return price_reads.current(price_list, [product], at).get(product.pk)  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize(
    ("amount", "kind", "expected"),
    [
        ("11.2199", Rounding.EXACT, "11.2199"), ("11.205", Rounding.CENT, "11.21"), ("11.22", Rounding.FIVE, "11.20"),
        ("11.225", Rounding.FIVE, "11.25"), ("11.25", Rounding.TEN, "11.30"), ("11.39", Rounding.NINETY, "10.90"),
        ("11.40", Rounding.NINETY, "11.90"), ("0.10", Rounding.NINETY, "0.90"), ("0.01", Rounding.FIVE, "0.05"),
        ("0", Rounding.NINETY, "0"),
    ],
)  # fmt: skip
def test_endings(amount: str, kind: str, expected: str) -> None:
    assert rounding.to_ending(Decimal(amount), kind) == Decimal(expected)


@given(st.decimals(min_value=0, max_value=10_000, places=4), st.sampled_from(list(Rounding)))
def test_a_rounded_price_is_near_and_stays_where_it_is(amount: Decimal, kind: str) -> None:
    rounded = rounding.to_ending(amount, kind)

    assert rounding.to_ending(rounded, kind) == rounded
    assert (rounded > 0) == (amount > 0)
    assert abs(rounded - amount) <= Decimal("0.90")


def test_a_price_for_a_gram_is_rounded_as_one_for_the_kilogram() -> None:
    counter, flour = make_price_list(), make_product(unit="kg", price="8")
    make_price(flour, "0.006", unit=packs.add(flour, name="g", quantity=Decimal("0.001")), min_quantity=Decimal(5000))
    market = follower(counter, "10", Rounding.NINETY)

    gram = Price.objects.at(clock.now()).get(price_list=market, unit__name="g")

    assert gram.amount == Decimal("0.0069"), "6.60 becomes 6.90 a kilogram, not 900.00"
    assert rounding.to_ending(Decimal("5.20"), Rounding.NINETY, Fraction(1, 8)) == Decimal("4.90"), "a slice is a thing"


def test_a_list_follows_its_base_now_and_later() -> None:
    counter, bread = make_price_list(), make_product(price="10")
    make_price(bread, "8", min_quantity=Decimal(24))
    make_price(bread, "12", valid_from=clock.now() + 7 * DAY)
    market = follower(counter)
    assert now_in(market, bread) == Decimal("11.80")
    assert now_in(market, bread, clock.now() + 8 * DAY) == Decimal("14.16")

    make_price(bread, "11")

    assert now_in(market, bread) == Decimal("12.98")
    assert now_in(market, bread, clock.now() + 8 * DAY) == Decimal("14.16")
    tier = Price.objects.at(clock.now()).get(price_list=market, min_quantity=24)
    assert (tier.amount, tier.is_derived) == (Decimal("9.44"), True)


def test_a_list_of_a_list_follows_too() -> None:
    counter, bread = make_price_list(), make_product(price="10")
    market = follower(counter, "20")
    partner = follower(market, "-50", code="partner")

    make_price(bread, "20")

    assert [now_in(one, bread) for one in (market, partner)] == [Decimal("24.00"), Decimal("12.00")]


def test_a_price_of_its_own_wins_from_its_quantity_on_and_can_be_given_back() -> None:
    counter, bread = make_price_list(), make_product(price="10")
    make_price(bread, "8", min_quantity=Decimal(24))
    make_price(bread, "12", valid_from=clock.now() + 7 * DAY)
    market = follower(counter, "10")

    make_price(bread, "9", price_list=market)

    for at in (clock.now(), clock.now() + 8 * DAY):
        held = Price.objects.at(at).filter(price_list=market)
        assert [(row.amount, row.is_derived) for row in held] == [(Decimal(9), False)]
    make_price(bread, "30")
    assert now_in(market, bread) == Decimal(9)

    prices.withdraw(bread, market)

    assert now_in(market, bread) == Decimal(33)
    assert now_in(market, bread, clock.now() + 8 * DAY) == Decimal("13.20")


def test_the_same_price_as_the_rule_gives_is_no_change() -> None:
    counter, bread = make_price_list(), make_product(price="10")
    market = follower(counter, "10")

    assert prices.set_many(market, [prices.Change(bread.pk, Decimal("11.00"))]) == 0
    assert Price.objects.get(price_list=market).is_derived


def test_another_rule_leaves_what_was_charged_before() -> None:
    counter, bread = make_price_list(), make_product(price="10")
    with clock.fixed(clock.now() - 10 * DAY):
        market = follower(counter, "10")
        make_price(bread, "20", price_list=counter)
    prices.set_price(bread, counter, amount=Decimal(30))

    price_lists.update(market, percentage=Decimal(50))

    assert now_in(market, bread) == Decimal(45)
    assert now_in(market, bread, clock.now() - DAY) == Decimal(22)


def test_rows_that_do_not_change_are_not_written_anew() -> None:
    counter, bread = make_price_list(), make_product(price="10.01")
    market = follower(counter, "0", Rounding.TEN)
    before = Price.objects.get(price_list=market).pk

    make_price(bread, "10.02")

    assert Price.objects.get(price_list=market).pk == before


def test_a_list_that_no_longer_follows_keeps_its_prices() -> None:
    counter, bread = make_price_list(), make_product(price="10")
    market = follower(counter)

    price_lists.update(market, base=None)
    make_price(bread, "99")

    row = Price.objects.get(price_list=market)
    assert (row.amount, row.is_derived) == (Decimal("11.80"), False)


def test_circles_and_mixed_taxes_are_refused() -> None:
    counter = make_price_list()
    market = follower(counter)
    partner = follower(market, code="partner")

    with pytest.raises(PriceListCycle, match="Counter → Partner → Market → Counter"):
        price_lists.update(counter, base=partner)
    with pytest.raises(InvalidProduct):
        price_lists.update(counter, base=counter)
    with pytest.raises(InvalidProduct, match="tax"):
        price_lists.update(counter, tax_inclusive=False)
    with pytest.raises(InvalidProduct):
        price_lists.update(market, percentage=Decimal(-100))


def test_a_scheduled_price_of_the_base_is_cancelled_there() -> None:
    counter, bread = make_price_list(), make_product(price="10")
    scheduled = make_price(bread, "12", valid_from=clock.now() + 7 * DAY)
    market = follower(counter, "0")
    with pytest.raises(PriceRefused, match="Counter"):
        prices.cancel_scheduled(Price.objects.after(clock.now()).get(price_list=market))

    prices.cancel_scheduled(scheduled)

    assert now_in(market, bread, clock.now() + 8 * DAY) == Decimal(10)
    assert not Price.objects.after(clock.now()).exists()


def test_a_price_for_a_pack_counts_from_that_many_packs_on() -> None:
    flour, counter = make_product("Flour", unit="kg", price="5"), make_price_list()
    sack = packs.add(flour, name="sack", quantity=Decimal(25))
    make_price(flour, "100", unit=sack, min_quantity=Decimal(2))

    def total(quantity: str) -> Decimal:
        line = PricedLine("a", flour.pk, Decimal(quantity))
        return pricing.quote([line], PricingContext(counter.pk, clock.now())).total

    assert total("49.999") == Decimal("250.00")
    assert total("50") == Decimal("200.00")
    assert total("60") == Decimal("240.00")
    assert now_in(counter, flour) == Decimal(5)
    with pytest.raises(InvalidProduct, match="prices"):
        packs.remove(sack)
    with pytest.raises(PriceRefused, match="pack"):
        make_price(make_product(), "1", unit=sack)


def test_a_pack_that_does_not_divide_is_rounded_once() -> None:
    egg, counter = make_product("Egg", price="1"), make_price_list()
    tray = packs.add(egg, name="tray of 3", quantity=Decimal(3))
    make_price(egg, "1", unit=tray)

    (line,) = pricing.quote([PricedLine("a", egg.pk, Decimal(300))], PricingContext(counter.pk, clock.now())).lines

    assert (line.amount, line.unit_price) == (Decimal("100.00"), Decimal("0.3333"))
    assert "tray of 3" in line.explanation[0]


def test_the_customers_list_counts_first_and_only_in_its_time() -> None:
    bread, cake = make_product(price="10"), make_product(price="20")
    counter, own = make_price_list(), make_price_list("friends")
    make_price(bread, "7", price_list=own)
    context = PricingContext(own.pk, clock.now(), fallback_list_id=counter.pk)
    lines = [PricedLine("a", bread.pk, Decimal(1)), PricedLine("b", cake.pk, Decimal(1))]

    assert pricing.quote(lines, context).total == Decimal(27)
    price_lists.update(own, valid_to=clock.now() - DAY, valid_from=clock.now() - 2 * DAY)
    assert pricing.quote(lines, context).total == Decimal(30)
    with pytest.raises(NoPrice):
        pricing.quote(lines, PricingContext(own.pk, clock.now()))
    assert price_reads.current(own, [bread], selling=True) == {}
    assert price_reads.current(own, [bread]) == {bread.pk: Decimal(7)}


def test_the_form_makes_a_list_that_follows(client, user_with) -> None:  # type: ignore[no-untyped-def]
    counter, bread = make_price_list(), make_product(price="10")
    client.force_login(user_with("catalog.add_pricelist", "catalog.change_pricelist", "catalog.view_pricelist"))
    data = {
        "name": "Market", "code": "", "tax_inclusive": "on", "is_active": "on", "base": counter.pk,
        "percentage": "18", "rounding": "ninety", "valid_from": "", "valid_to": "",
    }  # fmt: skip

    assert client.post(reverse("catalog:price_list_create"), data).status_code == 302
    market = PriceList.objects.get(code="market")
    assert now_in(market, bread) == Decimal("11.90")
    again = client.post(reverse("catalog:price_list_edit", args=[counter.pk]), {
        **data, "name": "Counter", "code": "counter", "base": market.pk, "revision": 1,
    })  # fmt: skip
    assert again.status_code == 409
    assert "Counter → Market → Counter" in again.content.decode()
    assert "Counter +18" in client.get(reverse("catalog:price_list_list")).content.decode()
