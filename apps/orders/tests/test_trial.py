"""What a promotion is tried with is what the till charges: the same sums, the same lots, the same reasons."""

from __future__ import annotations

import re
from datetime import time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Product, Promotion
from apps.catalog.services import packs, price_lists, promotions
from apps.catalog.services import products as catalogue
from apps.catalog.services.promotions import Scope
from apps.catalog.tests.factories import make_price, make_price_list, make_product
from apps.crm.forms import CustomerForm
from apps.crm.services import customers
from apps.inventory.tests.factories import make_location, make_stock
from apps.orders.services import channels, commit, sessions
from apps.orders.tests.build import category, counter, shelf, tab
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal
TRY = reverse("catalog:promotion_try")
KINDS: list[dict[str, Any]] = [
    {"kind": "percent", "value": D("12.5")}, {"kind": "percent", "value": D(7), "stackable": True},
    {"kind": "amount", "value": D("1.33")}, {"kind": "fixed", "value": D("4.44")},
    {"kind": "buy_pay", "buy": 3, "pay": 2}, {"kind": "percent", "level": "order", "value": D(10)},
    {"kind": "amount", "level": "order", "value": D("5.01"), "stackable": True},
    {"kind": "delivery", "level": "order", "minimum": D(20)},
]  # fmt: skip
WHEN: list[dict[str, Any]] = [
    {}, {}, {"channels": ["counter"]}, {"channels": ["web"]}, {"minimum": D(30)}, {"customer_tags": ["friend"]},
    {"weekdays": [0, 1, 2]}, {"from_hour": time(22), "until_hour": time(2)},
    {"from_hour": time(2), "until_hour": time(22)}, {"expires_within": 2},
    {"by_coupon": True}, {"max_uses": 5}, {"max_uses_each": 1},
]  # fmt: skip


def goods(chance: Random) -> list[Product]:
    shelves = [category("Bread"), category("Cake")]
    found = []
    for number in range(5):
        product = make_product(
            f"Thing {number}", price=D(chance.randint(100, 4_000)).scaleb(-2), sell_policy="planned_ok",
            category=chance.choice(shelves), tags=chance.sample(["new", "vegan"], number % 3),
        )  # fmt: skip
        if chance.random() < 0.4:
            make_price(product, D(chance.randint(50, 2_000)).scaleb(-2), min_quantity=D(4))
        if chance.random() < 0.3:
            six = packs.add(product, name="box of 6", quantity=D(6))
            make_price(product, D(chance.randint(500, 9_000)).scaleb(-2), unit=six, min_quantity=D(1))
        days = timedelta(days=chance.randint(0, 4)) if chance.random() < 0.6 else timedelta(days=400)
        make_stock(product, 50, shelf(), lot_code=f"L{number}", expires_on=clock.today() + days)
        found.append(product)
    return found


def rules(chance: Random, products: list[Product]) -> None:
    for rank in range(6):
        scope = chance.choice([
            Scope(), Scope(products=products[:2]), Scope(categories=[category("Bread")]), Scope(tags=["vegan"])
        ])  # fmt: skip
        made = promotions.create(
            name=f"R{rank}", priority=rank, scope=scope, valid_from=clock.now() - timedelta(days=1),
            **{**chance.choice(KINDS), **chance.choice(WHEN)},
        )  # fmt: skip
        if made.by_coupon:
            promotions.add_coupons(made, code=f"C{rank}", max_uses=None)


@pytest.mark.parametrize("seed", range(25))
def test_the_till_charges_what_the_trial_says(as_user: Any, seed: int) -> None:
    chance = Random(seed)
    channel = counter()
    products = goods(chance)
    rules(chance, products)
    wanted = [(product, chance.randint(1, 13)) for product in chance.sample(products, 3)]
    tags = chance.choice([[], ["friend"]])
    code = next(iter(Promotion.objects.filter(by_coupon=True).values_list("coupons__code", flat=True)), "")
    cart = tab(*wanted, channel=channel, fulfilment="delivery")
    someone = customers.create(name="Ana", tags=tags)
    cart = sessions.set_customer(cart.session, customer=someone, revision=cart.session.revision)
    if code:
        cart = sessions.apply_coupon(cart.session, code=code, revision=cart.session.revision)

    basket = "\n".join(f"{quantity} × {product.sku}" for product, quantity in wanted)
    client = as_user("catalog.view_promotion", "inventory.view_stockbalance")
    asked = {"basket": basket, "channel": "counter", "customer_tags": ", ".join(tags), "coupon": code.lower()}
    trial = client.get(TRY, asked).context["trial"]

    assert cart.quote is not None
    assert (trial.quote.total, trial.quote.given) == (cart.quote.total, cart.quote.given)
    assert trial.quote.free_delivery == cart.quote.free_delivery
    assert [line.amount for _wanted, line in trial.lines] == [line.amount for line in cart.quote.lines]
    assert [line.explanation for _wanted, line in trial.lines] == [line.explanation for line in cart.quote.lines]
    taken = sum((one.amount for one in trial.outcomes if one.outcome in ("won", "stacked")), D(0))
    assert taken == trial.quote.discount == sum(line.discount for line in cart.quote.lines)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_the_lines_of_a_receipt_less_what_was_given_plus_tax_on_top_are_its_total(seed: int, inclusive: bool) -> None:
    chance = Random(seed)
    channel = counter()
    price_lists.update(channel.price_list, tax_inclusive=inclusive)
    products = goods(chance)
    for product in products:
        catalogue.update(product, tax_rate=D(chance.choice(["0", "7.5", "17.25"])))
    rules(chance, [*Product.objects.filter(pk__in=[product.pk for product in products])])
    wanted = [(Product.objects.get(pk=product.pk), chance.randint(1, 13)) for product in chance.sample(products, 3)]
    cart = tab(*wanted, channel=channel)
    line = cart.lines[0].line
    by_hand, revision = D(chance.choice(["1.11", "99.99"])), cart.session.revision
    cart = sessions.override_price(cart.session, line=line.pk, price=by_hand, reason="fair", revision=revision)
    order = commit.commit(cart.session, key="k", revision=cart.session.revision, expected_total=cart.total)

    lines = list(order.lines.all())
    assert sum(line.before for line in lines) == order.subtotal
    assert order.subtotal - order.discount + order.tax_on_top == order.total == sum(line.total for line in lines)
    assert bool(order.tax_inside) == (inclusive and bool(order.tax))


def test_a_receipt_shows_full_prices_and_then_what_was_given(as_user: Any) -> None:
    promotions.create(name="Tenth", kind="percent", value=D(10))
    price_lists.update(counter().price_list, tax_inclusive=False)
    coffee = catalogue.update(make_product("Coffee", price="10", sell_policy="on_demand"), tax_rate=D(10))
    cart = tab((coffee, 2))
    order = commit.commit(cart.session, key="k", revision=cart.session.revision, expected_total=cart.total)

    page = as_user("orders.view_order").get(reverse("orders:receipt", args=[order.pk])).content.decode()

    shown = re.findall(r">[−R$\xa0 ]*([0-9]+\.[0-9]{2})<", page)
    assert shown[:4] == ["20.00", "2.00", "1.80", "19.80"]


def test_lots_that_the_channel_does_not_sell_make_nothing_cheaper(as_user: Any) -> None:
    bread = make_product("Rye", price="10", sell_policy="planned_ok")
    promotions.create(name="Soon over", kind="percent", value=D(50), expires_within=1)
    counter()
    make_stock(bread, 5, shelf(), lot_code="A", expires_on=clock.today() + timedelta(days=4))
    make_stock(bread, 5, make_location(), lot_code="B", expires_on=clock.today() + timedelta(days=1))

    def total(client: Any, **more: object) -> Decimal:
        answer = client.get(TRY, {"basket": "Rye", "channel": "counter", **more})
        return answer.context["trial"].quote.total  # type: ignore[no-any-return]

    keeper = as_user("catalog.view_promotion", "inventory.view_stockbalance", username="b")
    stranger = as_user("catalog.view_promotion", username="a")
    assert total(keeper) == total(stranger) == tab((bread, 1)).total == 10
    assert (total(keeper, days_left="1"), total(keeper, days_left="2")) == (5, 10)
    make_stock(bread, 1, shelf(), lot_code="C", expires_on=clock.today() + timedelta(days=1))
    assert (total(keeper), total(stranger), tab((bread, 1)).total) == (5, 10, 5)
    assert keeper.get(TRY, {"basket": "Rye", "channel": "counter", "days_left": "-1"}).status_code == 422


def test_a_list_that_somebody_sells_or_buys_at_is_not_closed() -> None:
    shop, channel = counter().price_list, counter()
    other = make_price_list("other")
    ana = customers.create(name="Ana", price_list=other)
    for one, who in ((shop, "Counter"), (other, "Ana")):
        with pytest.raises(InvalidProduct, match=who) as refused:
            price_lists.update(one, is_active=False)
        assert refused.value.field == "is_active"

    customers.update(ana, revision=ana.revision, price_list=None)
    channels.update(channel, revision=channel.revision, price_list=other)
    assert not price_lists.update(shop, is_active=False).is_active
    field: Any = CustomerForm().fields["price_list"]
    assert shop not in field.queryset


def test_the_till_says_why_a_coupon_counts_for_nothing(as_user: Any) -> None:
    make_price_list()
    rule = promotions.create(name="Friend", kind="percent", value=D(10), by_coupon=True, max_uses_each=1)
    promotions.add_coupons(rule, code="HELLO", max_uses=None)
    coffee, client = make_product("Coffee", price="8", sell_policy="on_demand"), as_user("orders.sell")
    cart = tab((coffee, 1))

    cart = sessions.apply_coupon(cart.session, code="hello ", revision=cart.session.revision)
    assert (cart.total, cart.coupon_why) == (D(8), "only once we know the customer")
    assert "only once we know the customer" in client.get(cart.session.get_absolute_url()).content.decode()

    ana = customers.create(name="Ana")
    cart = sessions.set_customer(cart.session, customer=ana, revision=cart.session.revision)
    assert cart.total == D("7.20")
    promotions.redeem(cart.quote.uses, reference="order:1", customer=ana.pk)  # type: ignore[union-attr]
    again = tab((coffee, 1))
    again = sessions.set_customer(again.session, customer=ana, revision=again.session.revision)
    again = sessions.apply_coupon(again.session, code="HELLO", revision=again.session.revision)
    assert (again.total, again.coupon_why) == (D(8), "used up")
