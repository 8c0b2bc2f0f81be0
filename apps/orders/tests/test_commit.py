"""The commit: everything or nothing, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.catalog.tests.factories import make_price
from apps.crm.models import Interaction, Purchase
from apps.crm.tests.build import customer
from apps.inventory.errors import InsufficientStock
from apps.inventory.models import DailyDemand, Hold, StockOperation
from apps.inventory.selectors import availability
from apps.inventory.services import verify as stock_books
from apps.inventory.tests.factories import make_stock
from apps.orders.errors import NothingToOrder, PaymentRefused, SessionClosed, StillDue, TotalChanged
from apps.orders.models import Order, OrderLine, OrderLineLot, OrderSession, PaymentTransaction
from apps.orders.services import commit, sessions, verify
from apps.orders.services.payments import Tender
from apps.orders.tests.build import D, counter, croissant, espresso, fresh, order, shelf, tab
from backoffice.kernel import clock
from backoffice.kernel.errors import KeyReused, StaleRevision
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db


def seal(cart, key="k", **more):
    given = {"revision": cart.session.revision, "expected_total": cart.total, **more}
    return commit.commit(cart.session, key=key, **given)


def test_a_tab_becomes_an_order_with_its_number_and_its_stock():
    product = croissant(stock=10)
    cart = tab((product, 4), (espresso(), 1), handle="Tab 1")
    made = seal(cart)
    assert made.number.endswith("-000001")
    assert (made.status, made.total, made.units, made.handle) == ("accepted", D("45.00"), D(5), "Tab 1")
    assert [(line.name, line.quantity, line.total) for line in made.lines.order_by("position")] == [
        ("Butter croissant", D(4), D("38.00")),
        ("Espresso", D(1), D("7.00")),
    ]
    hold = Hold.objects.of_origin(made).get()
    assert (hold.status, hold.expires_at) == ("active", None)
    assert availability.of([product])[product.pk].available == 6
    assert fresh(cart.session).status == "committed"
    assert verify.differences() == []


def test_the_same_key_returns_the_same_order_and_another_key_too():
    cart = tab((croissant(), 1))
    first = seal(cart)
    assert seal(cart) == first
    assert seal(cart, key="other") == first
    assert Order.objects.count() == 1
    with pytest.raises(KeyReused):
        commit.commit(cart.session, key="k", revision=2, expected_total=D("1.00"))


def test_commit_without_stock_leaves_no_trace():
    cart = tab((croissant(stock=2), 9))
    with pytest.raises(InsufficientStock):
        seal(cart, expected_total=cart.total)
    session = fresh(cart.session)
    assert (session.status, session.revision) == ("open", cart.session.revision)
    assert (Order.objects.count(), OrderLine.objects.count(), Directive.objects.count()) == (0, 0, 0)
    assert order((espresso(), 1)).number.endswith("-000001")


def test_a_price_that_changed_is_refused_with_both_totals():
    product = croissant()
    cart = tab((product, 2))
    make_price(product, "10.00")
    with pytest.raises(TotalChanged) as caught:
        seal(cart)
    assert (caught.value.shown, caught.value.now) == (D("19.00"), D("20.00"))
    assert not Order.objects.exists()


def test_an_empty_a_stale_and_a_given_up_tab_are_refused():
    empty = tab()
    with pytest.raises(NothingToOrder):
        seal(empty, expected_total=D(0))
    cart = tab((croissant(), 1))
    with pytest.raises(StaleRevision):
        seal(cart, revision=1)
    sessions.abandon(cart.session, revision=cart.session.revision)
    with pytest.raises(SessionClosed):
        seal(cart)


def test_what_became_free_in_the_meantime_is_taken():
    product = croissant(stock=1)
    first, second = tab((product, 1)), tab((product, 1))
    assert second.blocking
    sessions.abandon(first.session, revision=first.session.revision)
    assert seal(second).status == "accepted"


def test_stock_that_somebody_else_took_after_the_hold_expired_is_refused():
    product = croissant(stock=1)
    slow = tab((product, 1))
    with clock.fixed(clock.now() + timedelta(minutes=31)):
        order((product, 1))
        with pytest.raises(InsufficientStock):
            seal(slow)


def test_a_preorder_is_promised_without_stock():
    product = croissant(stock=0)
    cart = tab((product, 5), needed_at=clock.now() + timedelta(days=1))
    made = seal(cart)
    assert made.status == "accepted"
    assert availability.of([product])[product.pk].promised == 5


def test_the_sale_at_the_counter_is_committed_paid_and_complete_in_one_go():
    product = croissant(stock=0)
    lots = [make_stock(product, 2, shelf(), cost="3"), make_stock(product, 5, shelf(), cost="4")]
    person = customer(email="julia@example.com")
    cart = tab((product, 3), (espresso(), 1))
    cart = sessions.set_customer(cart.session, customer=person, revision=cart.session.revision)
    made = seal(cart, tenders=[Tender("cash", cart.total, tendered=D("50.00"))], hand_over=True)

    assert (made.status, made.paid, made.due, made.is_fulfilled) == ("completed", D("35.50"), D(0), True)
    assert made.payments.get().change == D("14.50")
    assert {(row.lot_id, row.quantity, row.unit_cost) for row in OrderLineLot.objects.all()} == {
        (lots[0].pk, D(2), D(3)),
        (lots[1].pk, D(1), D(4)),
    }
    line = made.lines.get(position=1)
    assert line.unit_cost == D("3.333333")
    assert made.lines.get(position=2).unit_cost is None
    assert availability.of([product])[product.pk].on_hand == 4
    assert StockOperation.objects.filter(kind="sale").get().origin == made
    assert Purchase.objects.get().amount == D("35.50")
    assert Interaction.objects.filter(kind="order").get().origin == made
    assert DailyDemand.objects.filter(product=product).get().quantity == 3
    assert list(Directive.objects.values_list("topic", flat=True)) == ["loyalty.earn"]
    assert verify.differences() == []
    assert stock_books.differences() == []


def test_what_is_handed_over_must_be_paid_unless_it_goes_on_account():
    cart = tab((croissant(), 1))
    with pytest.raises(StillDue):
        seal(cart, hand_over=True)
    whole = counter(code="whole", kind="wholesale", acceptance="immediate")
    made = seal(tab((espresso(), 1), channel=whole), key="w", hand_over=True)
    assert (made.status, made.due) == ("completed", D("7.00"))


def test_a_split_payment_is_two_payments_and_too_much_is_refused():
    cart = tab((croissant(), 2))
    with pytest.raises(PaymentRefused):
        seal(cart, tenders=[Tender("card", D("30.00"))])
    made = seal(cart, tenders=[Tender("cash", D("9.00"), tendered=D("10.00")), Tender("card", D("10.00"))])
    assert (made.paid, made.due, PaymentTransaction.objects.count()) == (D("19.00"), D(0), 2)


def test_the_tax_inside_is_shown():
    cart = tab((croissant(price="11.00", tax_rate=D(10)), 2))
    assert seal(cart).tax == D("2.00")


def test_acceptance_by_hand_and_by_itself():
    web = counter(code="web", kind="web")
    assert order((espresso(), 1), channel=web).status == "new"
    auto = counter(code="auto", kind="marketplace")
    made = order((espresso(), 1), channel=auto)
    directive = Directive.objects.get(topic="order.auto_cancel")
    assert (made.status, directive.payload) == ("new", {"order": made.pk})
    assert directive.available_at > clock.now() + timedelta(minutes=9)


def test_a_three_line_order_stays_cheap(django_assert_max_num_queries):
    cart = tab((croissant(), 1), (croissant(name="A"), 2), (croissant(name="B"), 1))
    session = OrderSession.objects.get(pk=cart.session.pk)
    order((croissant(name="C"), 1))  # content types and the number series are warm
    with django_assert_max_num_queries(30):
        commit.commit(session, key="q", revision=session.revision, expected_total=cart.total)


def test_what_changes_between_the_look_at_a_tab_and_its_lock_counts(monkeypatch):
    """Without the next revision, as when two cards of a customer become one."""
    cart, buyer = tab((croissant(), 2)), customer()
    quote = commit.pricing.quote

    def slow(lines, context):
        monkeypatch.undo()
        OrderSession.objects.update(customer=buyer)
        return quote(lines, context)

    monkeypatch.setattr(commit.pricing, "quote", slow)
    assert seal(cart).customer == buyer


def test_a_tab_that_grows_between_the_look_at_it_and_its_lock_is_refused(monkeypatch):
    product = croissant()
    cart = tab((product, 2))
    quote = commit.pricing.quote

    def slow(lines, context):
        monkeypatch.undo()
        sessions.add_line(cart.session, product=product, revision=cart.session.revision)
        return quote(lines, context)

    monkeypatch.setattr(commit.pricing, "quote", slow)
    with pytest.raises(StaleRevision):
        seal(cart)
    assert not Order.objects.exists()
