"""Paying with points, and a customer written down at the till."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.crm.models import Customer, PointTransaction
from apps.crm.services import loyalty
from apps.crm.tests.build import CPF, customer, program
from apps.orders.errors import PaymentRefused
from apps.orders.models import Order, OrderSession, Payment, PaymentTransaction
from apps.orders.services import commit, orders, payments, points, verify
from apps.orders.services.payments import Tender
from apps.orders.tests.build import D, croissant, espresso, fresh, tab
from apps.orders.tests.test_concurrency import at_once
from backoffice.kernel.errors import KeyReused
from backoffice.outbox import runner

TILL = ("orders.sell", "orders.view_order", "orders.take_payment", "orders.cancel_order")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def till(as_user: Any) -> Client:
    return as_user(*TILL, "crm.redeem_points", "crm.add_customer", "crm.view_customer")


def member(balance: int = 200) -> Customer:
    """Somebody with points that are worth five cents each."""
    program()
    person = customer()
    loyalty.adjust(person, points=balance, reason="test")
    return person


def seal(cart: Any, *tenders: Tender, key: str = "", **more: Any) -> Order:
    return commit.commit(
        cart.session,
        key=key or f"k-{cart.session.pk}",
        revision=cart.session.revision,
        expected_total=cart.total,
        tenders=tenders,
        **more,
    )


@pytest.mark.django_db
def test_points_pay_a_part_and_are_spent_once():
    person = member(200)
    cart = tab((croissant(), 2), customer=person)  # 19.00
    first = points.tender(person, points=200, due=cart.total)
    assert (first.amount, first.points) == (D("10.00"), 200)
    rest = Tender(Payment.Method.CARD, D("9.00"))
    order = seal(cart, first, rest, hand_over=True)
    assert seal(cart, first, rest, hand_over=True) == order
    assert (order.total, order.paid, order.due) == (D("19.00"), D("19.00"), 0)
    spent = PointTransaction.objects.get(kind="redeem")
    assert (spent.points, spent.origin) == (-200, order)
    assert loyalty.balance(person) == 0
    runner.drain()
    assert loyalty.balance(person) == 9  # only what was paid in money earns
    assert verify.differences() == []


@pytest.mark.django_db
def test_points_are_never_worth_more_than_what_is_due():
    person = member(1000)
    cart = tab((espresso(), 1), customer=person)  # 7.00
    whole = points.tender(person, points=140, due=cart.total)
    assert whole.amount == D("7.00")
    for wrong in (141, 1000):
        with pytest.raises(points.PointsInvalid):
            points.tender(person, points=wrong, due=cart.total)
    with pytest.raises(points.PointsInvalid):
        points.tender(person, points=0, due=cart.total)
    seal(cart, whole, hand_over=True)
    assert loyalty.balance(person) == 860


@pytest.mark.parametrize("due", ["0.01", "0.04", "0.05", "0.06", "8.53", "999999.99"])
@pytest.mark.parametrize("value", ["0.05", "0.0333", "1", "0.0001"])
def test_the_fewest_points_that_pay_all(due: str, value: str):
    found = points.LoyaltyProgram(redeem_value=D(value))
    most = found.points_to_pay(D(due))
    assert found.worth(most) >= D(due) > found.worth(most - 1)


@pytest.mark.django_db
def test_a_sale_without_enough_points_does_not_happen(django_capture_on_commit_callbacks: Any):
    person = member(100)
    cart = tab((croissant(), 2), customer=person)
    too_many = points.tender(person, points=200, due=cart.total)
    with pytest.raises(loyalty.NotEnoughPoints):
        seal(cart, too_many, Tender(Payment.Method.CARD, D("9.00")))
    assert not Order.objects.exists()
    assert loyalty.balance(person) == 100
    assert fresh(cart.session).status == OrderSession.Status.OPEN


@pytest.mark.django_db
def test_points_of_nobody_and_points_worth_less_are_refused():
    member(200)
    nobody = tab((croissant(), 2))
    with pytest.raises(PaymentRefused):
        seal(nobody, Tender(Payment.Method.POINTS, D("5.00"), points=100))
    cart = tab((croissant(name="B"), 2), customer=Customer.objects.get(name="Júlia Prado"))
    with pytest.raises(PaymentRefused):
        seal(cart, Tender(Payment.Method.POINTS, D("5.01"), points=100))
    made = seal(cart)
    with pytest.raises(PaymentRefused):
        payments.capture(made, tender=Tender(Payment.Method.POINTS, D("5.00"), points=100), key="p")
    assert not PaymentTransaction.objects.exists()


@pytest.mark.django_db
def test_a_cancelled_order_gives_the_points_back():
    person = member(200)
    cart = tab((croissant(), 2), customer=person)
    order = seal(cart, points.tender(person, points=100, due=cart.total), Tender(Payment.Method.CARD, D("14.00")))
    paid_with_points = order.payments.get(method="points")
    with pytest.raises(PaymentRefused):
        payments.refund(paid_with_points, reason="by hand", key="r")
    orders.cancel(order, revision=order.revision, reason="changed their mind")
    assert loyalty.balance(person) == 200
    order.refresh_from_db()
    assert order.paid == 0
    assert verify.differences() == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_tabs_spend_the_same_points_and_one_does():
    person = member(200)
    product = croissant(stock=40)
    carts = [tab((product, 2), customer=person, handle=f"T{n}") for n in range(8)]

    def buy(cart: Any) -> object:
        first = points.tender(person, points=200, due=cart.total)
        return seal(cart, first, Tender(Payment.Method.CARD, cart.total - first.amount), hand_over=True)

    outcome, _results = at_once([lambda cart=cart: buy(cart) for cart in carts])
    assert outcome == {"done": 1, "NotEnoughPoints": 7}
    assert PointTransaction.objects.filter(kind="redeem").count() == 1
    assert loyalty.balance(person) == 0
    assert verify.differences() == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_one_sale_sent_ten_times_spends_once():
    person = member(200)
    cart = tab((croissant(), 2), customer=person)
    first = points.tender(person, points=100, due=cart.total)
    rest = Tender(Payment.Method.CASH, cart.total - first.amount)
    outcome, results = at_once([lambda: seal(cart, first, rest, key="same") for _ in range(10)])
    assert outcome == {"done": 10}
    assert len({made.pk for made in results}) == 1
    assert loyalty.balance(person) == 100


# --- the screens ---
@pytest.mark.django_db
def test_the_till_offers_points_and_takes_them(till: Client):
    person = member(200)
    cart = tab((croissant(), 2), customer=person)
    url = reverse("orders:pay_points", args=[cart.session.pk])
    assert url in till.get(cart.session.get_absolute_url()).content.decode()
    assert url in till.get(reverse("orders:pay_cash", args=[cart.session.pk])).content.decode()
    page = till.get(url).content.decode()
    assert "200 points" in page
    assert 'value="200"' in page
    part = till.get(url, {"points": "100"}, headers={**HTMX, "HX-Target": "points-rest"}).content.decode()
    assert "5.00 with points" in part
    assert "14.00" in part
    assert "<form" not in part
    data = {"revision": cart.session.revision, "total": "19.00", "points": "100", "rest": "cash", "tendered": "10"}
    assert till.post(url, data).status_code == 409  # four are missing
    assert till.post(url, {**data, "points": "500"}).status_code == 409
    assert till.post(url, {**data, "points": "-1"}).status_code == 422
    assert till.post(url, {**data, "points": "201", "tendered": ""}).status_code == 409
    assert not Order.objects.exists()
    assert till.post(url, {**data, "tendered": "20"}).status_code == 302
    order = Order.objects.get()
    assert [(one.method, one.amount, one.change) for one in order.payments.order_by("pk")] == [
        ("points", D("5.00"), 0),
        ("cash", D("14.00"), D("6.00")),
    ]
    assert loyalty.balance(person) == 100


@pytest.mark.django_db
def test_points_are_for_who_may_and_when_there_are_some(as_user: Any, till: Client):
    person = customer()
    program()
    cart = tab((croissant(), 1), customer=person)
    url = reverse("orders:pay_points", args=[cart.session.pk])
    assert url not in till.get(cart.session.get_absolute_url()).content.decode()
    assert "no points that could pay" in till.get(url).content.decode()
    loyalty.adjust(person, points=100, reason="test")
    plain = as_user(*TILL, username="plain")
    assert url not in plain.get(cart.session.get_absolute_url()).content.decode()
    assert plain.get(url).status_code == 403
    assert as_user("crm.redeem_points", username="nosell").get(url).status_code == 403  # points, but no till


@pytest.mark.django_db
def test_a_new_customer_is_written_down_and_chosen(till: Client):
    session = tab((espresso(), 1)).session
    picker = till.get(reverse("orders:customers", args=[session.pk]), {"q": "41 98840-2217"}).content.decode()
    url = reverse("orders:newcomer", args=[session.pk])
    assert f"{url}?q=41" in picker
    page = till.get(url, {"q": "41 98840-2217"}).content.decode()
    assert 'value="41 98840-2217"' in page
    assert f'value="{CPF}"' in till.get(url, {"q": CPF}).content.decode()
    assert 'value="Ana"' in till.get(url, {"q": "Ana"}).content.decode()
    data = {"name": "Ana Lima", "phone": "41 98840-2217", "document": CPF, "revision": session.revision, "_key": "k1"}
    assert till.post(url, {**data, "phone": "12"}).status_code == 422
    assert till.post(url, {**data, "document": "1"}).status_code == 422
    assert not Customer.objects.exists()
    assert till.post(url, data).status_code == 302
    assert till.post(url, data).status_code == 302  # sent twice: once
    person = Customer.objects.get()
    assert (person.name, person.phone, fresh(session).customer) == ("Ana Lima", "+5541988402217", person)
    stale = till.post(url, {**data, "document": "", "_key": "k2"})
    assert stale.status_code == 409
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_a_twin_is_refused_and_nobody_is_named(till: Client):
    customer("Bia", document=CPF)
    session = tab((espresso(), 1)).session
    url = reverse("orders:newcomer", args=[session.pk])
    data = {"name": "Bia again", "document": CPF, "revision": session.revision, "_key": "k"}
    refused = till.post(url, data)
    assert refused.status_code == 409
    assert "already has this document" in refused.content.decode()
    assert fresh(session).customer is None
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_who_may_not_add_customers_is_not_asked_to(as_user: Any):
    session = tab((espresso(), 1)).session
    plain = as_user(*TILL, username="plain")
    url = reverse("orders:newcomer", args=[session.pk])
    assert url not in plain.get(reverse("orders:customers", args=[session.pk])).content.decode()
    assert plain.get(url).status_code == 403


@pytest.mark.django_db
def test_one_key_with_other_content_is_refused(till: Client):
    person = member(200)
    cart = tab((croissant(), 2), customer=person)
    seal(cart, points.tender(person, points=100, due=cart.total), Tender(Payment.Method.CARD, D("14.00")), key="k")
    with pytest.raises(KeyReused):
        seal(cart, points.tender(person, points=200, due=cart.total), Tender(Payment.Method.CARD, D("9.00")), key="k")
