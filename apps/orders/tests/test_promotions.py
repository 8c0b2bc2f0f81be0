"""Promotions and coupons from the tab to the order and back."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from apps.catalog.errors import CouponRefused
from apps.catalog.models import Promotion, PromotionUse
from apps.catalog.services import price_lists, products, promotions
from apps.catalog.tests.factories import make_price, make_price_list
from apps.crm.services import customers
from apps.inventory.tests.factories import make_stock
from apps.orders.models import Order
from apps.orders.services import commit, orders, sessions, verify
from apps.orders.tests.build import counter, croissant, espresso, shelf, tab
from backoffice import composition
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError

D = Decimal
PAGE = "orders:order_detail"


def rule(name: str = "Half", **fields: Any) -> Promotion:
    fields = {"kind": "percent", "value": D(50), "valid_from": clock.now() - timedelta(days=1), **fields}
    return promotions.create(name=name, **fields)


def sealed(cart: Any, key: str = "k") -> Order:
    return commit.commit(cart.session, key=key, revision=cart.session.revision, expected_total=cart.total)


@pytest.mark.django_db
def test_a_discount_reaches_the_order_with_its_reason() -> None:
    rule(channels=["counter"])
    cart = tab((espresso(), 1))

    assert cart.discounts == [("Half", cart.subtotal - cart.total)]
    order = sealed(cart)

    (line,) = order.lines.all()
    assert (line.discount, order.discount) == (order.subtotal / 2, order.subtotal / 2)
    assert any("Half" in why for why in line.explanation)
    assert not PromotionUse.objects.exists()
    assert verify.differences() == []


def paper(client: Any, order: Order) -> list[list[str]]:
    """What the receipt and the order's page say below the lines: what it is, and how much."""
    texts = (client.get(reverse(name, args=[order.pk])).content.decode() for name in ("orders:receipt", PAGE))
    pairs = r"<dt[^>]*>([^<]*(?:<[^d/][^>]*>)?[^<]*)</dt><dd[^>]*>([^<]*)</dd>"
    return [[f"{what}: {much}" for what, much in re.findall(pairs, text)] for text in texts]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "off"),
    [
        ({"value": D(10)}, "3.50"),
        ({"kind": "amount", "value": D("1.50")}, "7.50"),
        ({"kind": "fixed", "value": D(5)}, "10.00"),
        ({"kind": "buy_pay", "buy": 5, "pay": 4}, "7.00"),
        ({"level": "order", "value": D(20)}, "7.00"),
        ({"kind": "amount", "level": "order", "value": D(100)}, "35.00"),
        ({"value": D(10), "minimum": D(35)}, "3.50"),
        ({"value": D(10), "channels": ["counter"], "customer_tags": ["friend"]}, "3.50"),
    ],
)
def test_each_kind_of_rule_is_named_on_the_receipt(as_user: Any, fields: dict[str, Any], off: str) -> None:
    rule("Happy day", **fields)
    cart = tab((espresso(), 5))
    ana = customers.create(name="Ana", tags=["friend"])
    order = sealed(sessions.set_customer(cart.session, customer=ana, revision=cart.session.revision))

    for said in paper(as_user("orders.view_order"), order):
        assert f"Happy day: −{off}" in said


@pytest.mark.django_db
def test_rules_and_prices_by_hand_are_told_apart_on_the_receipt(as_user: Any) -> None:
    rule("Tenth", value=D(10))
    rule("Thanks", kind="amount", level="order", value=D(1))
    cart = tab((espresso(), 1), (croissant(), 1))
    line, revision = cart.lines[0].line.pk, cart.session.revision
    cart = sessions.override_price(cart.session, line=line, price=D(5), reason="cold", revision=revision)

    order = sealed(cart)

    for said in paper(as_user("orders.view_order"), order):
        assert {"Tenth: −0.95", "Thanks: −1.00", "Prices by hand: −2.00"} <= set(said)
    assert sum(off for _name, off in order.discounts) == order.discount
    Order.objects.filter(pk=order.pk).update(snapshot={})  # orders of before the names were kept
    assert "Less: −3.95" in paper(as_user("orders.view_order", username="b"), order)[0]


@pytest.mark.django_db
def test_free_delivery_is_for_what_is_delivered_and_told_until_it_is_there(as_user: Any) -> None:
    (coupon,) = promotions.add_coupons(rule("To your door", kind="delivery", by_coupon=True), code="DOOR")
    ana = customers.create(name="Ana")
    cart = tab((espresso(), 1), fulfilment="pickup")
    cart = sessions.set_customer(cart.session, customer=ana, revision=cart.session.revision)
    cart = sessions.apply_coupon(cart.session, code="door", revision=cart.session.revision)
    assert (cart.coupon_counts, cart.coupon_why) == (False, "only when it is delivered")

    home = customers.add_address(ana, street="Rua A", number="1", city="Natal", state="RN")
    revision = cart.session.revision
    cart = sessions.set_fulfilment(cart.session, fulfilment="delivery", address=home, revision=revision)
    shown = as_user("orders.sell").get(cart.session.get_absolute_url()).content.decode()
    assert cart.coupon_counts
    assert "Delivery · To your door" in shown
    order = sealed(cart)

    for said in paper(as_user("orders.view_order", username="b"), order):
        assert "Delivery · To your door: free" in said
    coupon.refresh_from_db()
    assert coupon.uses == 1


@pytest.mark.django_db
def test_a_coupon_is_used_by_the_order_and_comes_back_when_it_is_cancelled() -> None:
    (coupon,) = promotions.add_coupons(rule(by_coupon=True), code="HELLO")
    cart = tab((espresso(), 1))
    full = cart.total
    with pytest.raises(CouponRefused):
        sessions.apply_coupon(cart.session, code="nope", revision=cart.session.revision)

    cart = sessions.apply_coupon(cart.session, code="hello", revision=cart.session.revision)
    assert (cart.total, cart.coupon_counts) == (full / 2, True)
    order = sealed(cart)
    coupon.refresh_from_db()
    assert (coupon.uses, order.snapshot["coupon"]) == (1, "HELLO")
    assert PromotionUse.objects.get().amount == full / 2

    orders.cancel(order, revision=order.revision, reason="no")
    coupon.refresh_from_db()
    assert coupon.uses == 0


@pytest.mark.django_db
def test_a_coupon_that_was_used_meanwhile_shows_in_the_total() -> None:
    promotions.add_coupons(rule(by_coupon=True), code="HELLO")
    coffee = espresso()
    carts = [tab((coffee, 1)) for _n in range(2)]
    carts = [sessions.apply_coupon(one.session, code="HELLO", revision=one.session.revision) for one in carts]
    sealed(carts[0], "a")

    with pytest.raises(DomainError):
        sealed(carts[1], "b")

    assert Order.objects.count() == 1


@pytest.mark.django_db
def test_tax_on_top_is_in_the_total_and_the_books_agree() -> None:
    channel = counter()
    coffee = products.update(espresso(), tax_rate=D(10))
    price_lists.update(channel.price_list, tax_inclusive=False)
    cart = tab((coffee, 1))

    order = sealed(cart)

    assert order.tax_on_top == order.tax == (order.subtotal * D("0.1")).quantize(D("0.01"))
    assert order.total == order.subtotal + order.tax
    assert verify.differences() == []


@pytest.mark.django_db
def test_lots_that_expire_soon_are_cheaper() -> None:
    rule(expires_within=2)
    old, fresh = croissant(0), croissant(0, name="Fresh one")
    make_stock(old, 9, shelf(), expires_on=clock.today() + timedelta(days=2))
    make_stock(fresh, 9, shelf(), expires_on=clock.today() + timedelta(days=3))

    cart = tab((old, 1), (fresh, 1), (espresso(), 1))

    assert [entry.priced.reasons for entry in cart.lines if entry.priced] == [["Half"], [], []]


@pytest.mark.django_db
def test_the_till_shows_the_reason_and_takes_a_coupon(as_user: Any) -> None:
    promotions.add_coupons(rule(by_coupon=True), code="HELLO")
    cart = tab((espresso(), 1))
    client = as_user("orders.sell")
    url, page = reverse("orders:coupon", args=[cart.session.pk]), cart.session.get_absolute_url()

    bad = client.post(url, {"coupon": "x\x00", "revision": cart.session.revision}, follow=True)
    assert "no coupon" in bad.content.decode()
    client.post(url, {"coupon": "hello", "revision": cart.session.revision})
    shown = client.get(page).content.decode()
    assert "HELLO" in shown
    assert "Half" in shown
    client.post(url, {"coupon": "", "revision": cart.session.revision + 1})
    assert "HELLO" not in client.get(page).content.decode()
    assert as_user("orders.view_order", username="other").post(url, {"coupon": "hello"}).status_code == 403


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["of all", "of one customer", "of a coupon"])
def test_of_many_orders_at_once_with_a_limit_so_many_get_it(limit: str) -> None:
    """The tabs were priced before anybody ordered, so each of them counts on the rule."""
    coffee = espresso()
    limited = rule(
        by_coupon=limit == "of a coupon",
        max_uses=3 if limit == "of all" else None,
        max_uses_each=3 if limit == "of one customer" else None,
    )
    ana = customers.create(name="Ana")
    if limited.by_coupon:
        promotions.add_coupons(limited, code="HELLO", max_uses=3)
    carts = []
    for _n in range(8):
        cart = tab((coffee, 1))
        cart = sessions.set_customer(cart.session, customer=ana, revision=cart.session.revision)
        if limited.by_coupon:
            cart = sessions.apply_coupon(cart.session, code="HELLO", revision=cart.session.revision)
        assert cart.discount
        carts.append(cart)
    ready = Barrier(8)

    def seal(place: int) -> Any:
        try:
            ready.wait(30)
            return sealed(carts[place], f"k{place}")
        except DomainError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(seal, range(8)))

    limited.refresh_from_db()
    orders = [one for one in results if isinstance(one, Order)]
    assert len(orders) == 3, results
    assert all(order.discount for order in orders)
    assert (limited.uses, PromotionUse.objects.count()) == (3, 3)


@pytest.mark.django_db
def test_tiles_show_the_price_of_the_customer_who_is_chosen(as_user: Any) -> None:
    coffee, bun = espresso(), croissant()
    friends = make_price_list("friends")
    make_price(coffee, "5.50", price_list=friends)
    ana = customers.create(name="Ana", price_list=friends)
    cart = tab((bun, 1))
    client = as_user(*composition.ROLES["manager"])
    page = reverse("orders:sale", args=[cart.session.pk])

    def shown() -> dict[str, Decimal | None]:
        return {tile.product.name: tile.price for tile in client.get(page).context["tiles"]}

    assert shown() == {"Espresso": Decimal("7"), "Butter croissant": Decimal("9.5")}
    sessions.set_customer(cart.session, customer=ana, revision=cart.session.revision)
    assert shown() == {"Espresso": Decimal("5.5"), "Butter croissant": Decimal("9.5")}
    # The tab that fetches itself after the customer changed brings the tiles along.
    part = client.get(page, headers={"HX-Request": "true", "HX-Target": "cart"}).content.decode()
    assert 'id="tiles" hx-swap-oob="true"' in part
    assert "5.50" in part
