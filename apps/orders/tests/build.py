"""A small shop for tests, made through the services: a counter, a shelf, a few things to sell."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from apps.catalog.models import Category, Product
from apps.catalog.tests.factories import make_price_list, make_product
from apps.inventory.models import Location
from apps.inventory.tests.factories import make_location, make_stock
from apps.orders.models import Channel, Order, OrderSession
from apps.orders.selectors.carts import Cart
from apps.orders.services import channels, commit, sessions
from apps.orders.services.payments import Tender

D = Decimal
_numbers = count(1)


def shelf() -> Location:
    return Location.objects.filter(code="SHOP").first() or make_location("Shop", kind="sale", code="SHOP")


def counter(**rules: Any) -> Channel:
    """The counter, which sells from the shelf."""
    found = Channel.objects.filter(code=rules.get("code", "counter")).first()
    if found is not None:
        return found
    given = {"code": "counter", "name": "Counter", "kind": "counter", **rules}
    return channels.create(price_list=make_price_list(), locations=[shelf()], **given)


def category(name: str = "Pastry") -> Category:
    found = Category.objects.filter(name=name).first()
    return found or Category.objects.create(name=name, slug=name.lower())


def croissant(stock: int | str = 10, price: str = "9.50", **fields: Any) -> Product:
    """Something to sell, with stock on the shelf."""
    fields = {"sell_policy": "planned_ok", "category": category(), **fields}
    product = make_product(fields.pop("name", "Butter croissant"), price=price, **fields)
    if D(stock):
        make_stock(product, stock, shelf(), cost="3.42")
    return product


def espresso(price: str = "7.00") -> Product:
    return make_product("Espresso", price=price, sell_policy="on_demand")


def tab(*wanted: tuple[Product, int | str], channel: Channel | None = None, **fields: Any) -> Cart:
    """An open tab with these quantities."""
    cart = sessions.open(channel=channel or counter(), **fields)
    for product, quantity in wanted:
        cart = sessions.add_line(cart.session, product=product, quantity=D(quantity), revision=cart.session.revision)
    return cart


def order(*wanted: tuple[Product, int | str], paid: bool = False, hand_over: bool = False, **fields: Any) -> Order:
    """A committed order of these quantities."""
    cart = tab(*wanted, **fields)
    tenders = [Tender("cash", cart.total)] if paid or hand_over else []
    return commit.commit(
        cart.session,
        key=f"test-{next(_numbers)}",
        revision=cart.session.revision,
        expected_total=cart.total,
        tenders=tenders,
        hand_over=hand_over,
    )


def fresh(session: OrderSession) -> OrderSession:
    return OrderSession.objects.get(pk=session.pk)
