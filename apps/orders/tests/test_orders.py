"""After the commit: steps, money, and what can never change."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from apps.crm.models import Interaction
from apps.crm.selectors import timeline
from apps.crm.services import loyalty
from apps.crm.tests.build import customer, program
from apps.inventory.errors import InsufficientStock
from apps.inventory.models import Hold
from apps.inventory.selectors import availability
from apps.inventory.services import holds
from apps.inventory.tests.factories import make_stock
from apps.orders import search as palette
from apps.orders.errors import PaymentRefused, ReasonMissing, StillDue, WrongWay
from apps.orders.models import Order, OrderLine, OrderLineLot, PaymentTransaction
from apps.orders.selectors import board
from apps.orders.services import loyalty_jobs, notifications, order_jobs, orders, payments, verify
from apps.orders.services.payments import Tender
from apps.orders.tests.build import D, counter, croissant, espresso, order, shelf
from backoffice.kernel import clock
from backoffice.kernel.errors import LedgerIsAppendOnly, NotAllowed, StaleRevision
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db


def step(made: Order, *statuses: str) -> Order:
    for status in statuses:
        made = orders.advance(made, status, revision=made.revision)
    return made


def test_an_order_goes_its_way_and_its_stock_leaves_at_the_end():
    product = croissant(stock=5)
    made = step(order((product, 2), paid=True), "preparing", "ready")
    assert availability.of([product])[product.pk].on_hand == 5
    made = step(made, "completed")
    assert availability.of([product])[product.pk].on_hand == 3
    assert OrderLineLot.objects.get().quantity == 2
    assert [row.status for row in made.history.order_by("pk")] == ["accepted", "preparing", "ready", "completed"]
    assert verify.differences() == []


@pytest.mark.parametrize(("text", "found"), [("JULIA", 1), ("Júlia", 1), ("\u0301", 0), ("Pedro", 0)])
def test_an_order_is_found_by_its_customer_without_accents_and_case(text: str, found: int):
    order((croissant(), 1), customer=customer())
    assert board.search(Order.objects.all(), text).count() == found


def test_two_letters_in_the_palette_are_no_customer_but_beside_a_word_they_are(user_with):
    made = order((croissant(), 1), customer=customer())
    seller = user_with("orders.view_order")

    def found(text):
        return [hit.url for hit in palette.orders(text, seller)]

    assert found("júl") == found("júl ia") == [made.get_absolute_url()]
    assert found("jú") == found("jú ia") == []
    assert list(board.search(Order.objects.all(), "jú")) == [made], "the list of orders looks at them all"


def test_an_order_is_found_by_each_of_its_names():
    product = croissant(stock=5)
    made, other = order((product, 1), customer=customer()), order((product, 1))
    Order.objects.filter(pk=made.pk).update(handle="Table Four", external_id="WEB-9")
    year, running = made.number.split("-")

    for text in ("table", "FOUR", "WEB-9", "#WEB-9", f"#{int(running)}", running, made.number, f"{year}-0"):
        assert made in board.search(Order.objects.all(), text), text
    assert list(board.search(Order.objects.all(), f"julia four #{int(running)} WEB-9")) == [made]
    assert list(board.search(Order.objects.all(), "four xyz")) == []
    assert list(board.search(Order.objects.all(), "#")) == []
    assert list(board.search(Order.objects.all(), other.number)) == [other]
    assert list(board.search(Order.objects.all(), "9" * 90)) == []


def test_a_step_that_the_table_does_not_have_is_refused():
    made = order((croissant(), 1), paid=True)
    for to in ("completed", "new", "delivered"):
        with pytest.raises(NotAllowed):
            orders.advance(made, to, revision=made.revision)
    with pytest.raises(StaleRevision):
        orders.advance(made, "preparing", revision=99)


def test_a_delivery_is_sent_out_and_a_pickup_handed_over():
    product = croissant()
    made = step(order((product, 1), paid=True, fulfilment="delivery"), "preparing", "ready")
    with pytest.raises(WrongWay):
        orders.advance(made, "completed", revision=made.revision)
    made = step(made, "dispatched")
    assert availability.of([product])[product.pk].on_hand == 9
    made = step(made, "delivered", "completed")
    assert availability.of([product])[product.pk].on_hand == 9
    pickup = step(order((product, 1), paid=True), "preparing", "ready")
    with pytest.raises(WrongWay):
        orders.advance(pickup, "dispatched", revision=pickup.revision)


def test_what_is_not_paid_is_not_handed_over():
    made = step(order((croissant(), 1)), "preparing", "ready")
    with pytest.raises(StillDue):
        orders.advance(made, "completed", revision=made.revision)
    payments.capture(made, tender=Tender("card", made.due), key="p")
    assert step(Order.objects.get(pk=made.pk), "completed").status == "completed"


def test_a_preorder_whose_batch_is_missing_is_not_handed_over():
    product = croissant(stock=0)
    made = order((product, 3), paid=True, needed_at=clock.now() + timedelta(hours=30))
    made = step(made, "preparing", "ready")
    with pytest.raises(InsufficientStock):
        orders.advance(made, "completed", revision=made.revision)
    assert Order.objects.get(pk=made.pk).status == "ready"
    make_stock(product, 3, shelf())
    assert step(made, "completed").is_fulfilled


def test_another_day_is_another_day_for_what_is_kept_and_for_production():
    product, today = croissant(stock=0), clock.today()
    make_stock(product, 3, shelf(), expires_on=today + timedelta(days=1))
    made = order((product, 3), needed_at=clock.at(today + timedelta(days=1), 9))
    made = orders.reschedule(made, needed_at=clock.at(today + timedelta(days=4), 9), revision=made.revision)
    assert Hold.objects.get().needed_on == today + timedelta(days=4)
    numbers = availability.of_one(product)
    assert (numbers.available, numbers.promised) == (3, 3), "what is too old by then is for others"
    orders.reschedule(made, needed_at=None, revision=made.revision)
    assert Hold.objects.get().needed_on == today
    assert availability.of_one(product).promised == 0


def test_the_page_says_what_is_kept_what_waits_and_what_nobody_keeps(as_user):
    product = croissant(stock=2)
    made = order((product, 5), (espresso(), 1), needed_at=clock.now() + timedelta(days=1))

    def said() -> list[str]:
        page = as_user("orders.view_order").get(made.get_absolute_url()).content.decode()
        page = page.replace("\N{NO-BREAK SPACE}", " ")
        return re.findall(r'class="badge [a-z]+[^"]*">(?:<[^>]*>)?(Kept|to make|[0-9]+ [a-z ]+|Waits for [^<]+)', page)

    assert said() == ["3 waiting"]
    make_stock(product, 3, shelf())
    assert said() == ["Kept"]
    holds.release(Hold.objects.get(), reason="not paid")
    assert said() == ["5 not kept"]
    make_stock(product, 9, shelf())
    assert said() == ["5 not kept"], "nobody asks for it any more"


def test_cancelling_frees_the_stock_gives_the_money_back_and_says_why():
    product = croissant(stock=3)
    made = order((product, 2), paid=True)
    with pytest.raises(ReasonMissing):
        orders.cancel(made, revision=made.revision, reason=" ")
    made = orders.cancel(made, revision=made.revision, reason="called off by phone")
    assert (made.status, made.paid) == ("cancelled", D(0))
    assert availability.of([product])[product.pk].available == 3
    assert made.payments.get().status == "refunded"
    assert made.history.latest().history_change_reason == "called off by phone"
    assert verify.differences() == []
    with pytest.raises(NotAllowed):
        orders.cancel(made, revision=made.revision, reason="again")


def test_a_payment_is_taken_once_a_key_and_given_back_in_parts():
    made = order((croissant(), 2))
    first = payments.capture(made, tender=Tender("card", D("19.00")), key="p1")
    assert payments.capture(made, tender=Tender("card", D("19.00")), key="p1") == first
    with pytest.raises(PaymentRefused):
        payments.capture(made, tender=Tender("card", D("1.00")), key="p2")
    payments.refund(first, amount=D("4.00"), reason="dented", key="r1")
    payments.refund(first, amount=D("4.00"), reason="dented", key="r1")
    made.refresh_from_db()
    assert (made.paid, made.due) == (D("15.00"), D("4.00"))
    with pytest.raises(PaymentRefused):
        payments.refund(first, amount=D("15.01"), reason="more", key="r2")
    payments.refund(first, reason="all of it", key="r3")
    first.refresh_from_db()
    assert first.status == "refunded"
    assert verify.differences() == []


def test_too_little_cash_is_refused():
    made = order((croissant(), 1))
    with pytest.raises(PaymentRefused):
        payments.capture(made, tender=Tender("cash", D("9.50"), tendered=D("5.00")), key="p")
    with pytest.raises(PaymentRefused):
        payments.capture(made, tender=Tender("pix", D("9.50")), key="p")


def test_points_follow_the_order_once():
    program()
    person = customer()
    made = order((croissant(), 2), hand_over=True, customer=person)
    directive = Directive.objects.get(topic="loyalty.earn")
    loyalty_jobs.earn(directive)
    loyalty_jobs.earn(directive)
    assert loyalty.balance(person) == 19
    assert made.customer == person


def test_the_customer_is_told_once():
    person = customer(email="julia@example.com")
    order((croissant(), 1), customer=person)
    directive = Directive.objects.get(topic="notify.customer")
    notifications.customer(directive)
    notifications.customer(directive)
    (message,) = mail.outbox
    assert message.to == ["julia@example.com"]
    assert "Butter croissant" in message.body
    assert f"directive-{directive.pk}@" in message.extra_headers["Message-ID"]
    assert Interaction.objects.filter(channel="email").count() == 1
    (told,) = [entry for entry in timeline.of(person).entries if "email" in entry.small]
    assert (told.lead, told.origin) == ("Order:", None), "a job is no document of the customer's"


def test_an_order_is_accepted_or_called_off_by_itself():
    auto = counter(code="auto", kind="marketplace")
    made = order((espresso(), 1), channel=auto)
    order_jobs.auto_cancel(Directive.objects.get(topic="order.auto_cancel"))
    made.refresh_from_db()
    assert made.status == "cancelled"
    confirm = counter(code="web", kind="web", acceptance="auto_confirm", acceptance_minutes=3)
    made = order((espresso(), 1), channel=confirm)
    order_jobs.auto_confirm(Directive.objects.get(topic="order.auto_confirm"))
    made.refresh_from_db()
    assert made.status == "accepted"


@pytest.mark.parametrize("column", OrderLine.FROZEN)
def test_what_was_agreed_is_frozen_in_the_database(column: str):
    order((croissant(), 1))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE orders_orderline SET {column} = {column}")


@pytest.mark.parametrize("table", ["orders_orderline", "orders_orderlinelot", "orders_paymenttransaction"])
def test_rows_cannot_be_deleted_by_raw_sql(table: str):
    order((croissant(), 1), hand_over=True)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")


def test_model_and_manager_refuse_too():
    order((croissant(), 1), hand_over=True)
    line, row = OrderLine.objects.get(), PaymentTransaction.objects.get()
    line.quantity = D(2)
    for forbidden in (
        line.save,
        line.delete,
        OrderLine.objects.all().delete,
        lambda: OrderLine.objects.update(total=D(1)),
        lambda: line.save(update_fields=["total"]),
        row.save,
        row.delete,
    ):
        with pytest.raises(LedgerIsAppendOnly):
            forbidden()
    assert OrderLine.objects.update(unit_cost=D(1)) == 1


def test_a_forged_figure_is_found():
    made = order((croissant(), 1), hand_over=True)
    Order.objects.filter(pk=made.pk).update(total=D("1.00"), paid=D("2.00"))
    assert {difference.kind for difference in verify.differences()} == {"order total", "order paid"}


def test_a_held_order_that_is_not_fulfilled_keeps_its_hold():
    made = order((croissant(), 1))
    assert Hold.objects.of_origin(made).get().status == "active"
