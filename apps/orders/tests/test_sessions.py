"""A tab: what is priced, held and said of it after each change."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.catalog.errors import NoPrice
from apps.catalog.tests.factories import make_price, make_price_list, make_product
from apps.crm.tests.build import customer
from apps.inventory.models import Hold
from apps.inventory.selectors import availability
from apps.orders.errors import BadQuantity, HandleTaken, NotSellable, ReasonMissing, SessionClosed
from apps.orders.models import OrderSession
from apps.orders.selectors import carts
from apps.orders.services import sessions
from apps.orders.tests.build import D, counter, croissant, espresso, fresh, tab
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError, StaleRevision

pytestmark = pytest.mark.django_db


def test_a_line_is_priced_and_its_stock_is_held():
    product = croissant(stock=10)
    cart = tab((product, 4))
    assert (cart.total, cart.session.total, cart.units, cart.issues) == (D("38.00"), D("38.00"), D(4), ())
    assert availability.of([product])[product.pk].available == 6
    assert cart.session.revision == 2


def test_the_same_product_joins_its_line_and_another_note_does_not():
    product = croissant()
    cart = tab((product, 1), (product, 2))
    assert [entry.line.quantity for entry in cart.lines] == [D(3)]
    cart = sessions.add_line(cart.session, product=product, revision=cart.session.revision, note="sliced")
    assert [entry.line.quantity for entry in cart.lines] == [D(3), D(1)]


def test_short_stock_is_an_issue_with_ways_out_and_not_an_error():
    product = croissant(stock=2)
    other = croissant(stock=9, name="Pain au chocolat", price="11.00")
    cart = tab((product, 4))
    (issue,) = cart.blocking
    assert (cart.lines[0].held, cart.lines[0].short, cart.ready) == (D(2), D(2), False)
    assert [remedy.data["remedy"] for remedy in issue.remedies] == ["take", "substitute", "preorder", "remove"]
    assert issue.remedies[1].data["product"] == other.pk
    assert "2" in issue.text


def test_made_on_demand_is_never_short_and_never_held():
    cart = tab((espresso(), 50))
    assert cart.issues == ()
    assert not Hold.objects.exists()


def test_no_quantity_drops_the_line_and_frees_the_stock():
    product = croissant(stock=3)
    cart = tab((product, 3))
    cart = sessions.set_quantity(
        cart.session, line=cart.lines[0].line.pk, quantity=D(0), revision=cart.session.revision
    )
    assert (cart.lines, cart.total) == ((), D(0))
    assert availability.of([product])[product.pk].available == 3


@pytest.mark.parametrize("quantity", ["-1", "0", "0.5", "1000000"])
def test_a_quantity_that_cannot_be_sold_is_refused(quantity: str):
    product = croissant()
    cart = tab()
    with pytest.raises(BadQuantity):
        sessions.add_line(cart.session, product=product, quantity=D(quantity), revision=cart.session.revision)
    assert not fresh(cart.session).lines.exists()


def test_what_is_not_for_sale_or_has_no_price_is_refused_and_nothing_stays():
    cart = tab()
    with pytest.raises(NotSellable):
        sessions.add_line(
            cart.session, product=make_product("Flour", is_sellable=False), revision=cart.session.revision
        )
    with pytest.raises(NoPrice):
        sessions.add_line(cart.session, product=make_product("Unpriced"), revision=cart.session.revision)
    session = fresh(cart.session)
    assert (session.revision, session.lines.count()) == (1, 0)


def test_a_stale_revision_changes_nothing():
    product = croissant()
    cart = tab((product, 1))
    with pytest.raises(StaleRevision):
        sessions.add_line(cart.session, product=product, revision=1)
    assert fresh(cart.session).lines.get().quantity == 1


def test_a_price_by_hand_needs_a_reason_and_is_explained():
    cart = tab((croissant(), 2))
    line = cart.lines[0].line.pk
    with pytest.raises(ReasonMissing):
        sessions.override_price(cart.session, line=line, price=D("5"), revision=cart.session.revision)
    cart = sessions.override_price(
        cart.session, line=line, price=D("5"), reason="dented", revision=cart.session.revision
    )
    assert (cart.total, cart.subtotal, cart.discount) == (D("10.00"), D("19.00"), D("9.00"))
    assert "dented" in cart.lines[0].priced.explanation[-1]
    cart = sessions.override_price(cart.session, line=line, price=None, revision=cart.session.revision)
    assert cart.total == D("19.00")


def test_a_customer_brings_their_own_price_list():
    product = croissant()
    gold = make_price_list("gold")
    make_price(product, "8.00", price_list=gold)
    person = customer(price_list=gold)
    cart = tab((product, 1))
    cart = sessions.set_customer(cart.session, customer=person, revision=cart.session.revision)
    assert cart.total == D("8.00")
    cart = sessions.set_customer(cart.session, customer=None, revision=cart.session.revision)
    assert cart.total == D("9.50")


def test_a_name_is_open_once_in_a_channel():
    first = tab(handle="Tab 4").session
    with pytest.raises(HandleTaken):
        sessions.open(channel=counter(), handle="Tab 4")
    sessions.abandon(first, revision=first.revision)
    assert sessions.open(channel=counter(), handle="Tab 4").session.pk != first.pk


def test_giving_up_frees_the_stock_and_ends_the_tab():
    product = croissant(stock=2)
    cart = tab((product, 2))
    sessions.abandon(cart.session, revision=cart.session.revision)
    assert availability.of([product])[product.pk].available == 2
    with pytest.raises(SessionClosed):
        sessions.add_line(cart.session, product=product, revision=fresh(cart.session).revision)


def test_the_rest_is_preordered_for_tomorrow_on_a_tab_of_its_own():
    product = croissant(stock=1)
    cart = tab((product, 3), handle="Tab 12")
    cart = sessions.preorder_rest(cart.session, line=cart.lines[0].line.pk, revision=cart.session.revision)
    assert (cart.issues, cart.units, cart.ready) == ((), D(1), True)
    rest = carts.read(OrderSession.objects.open().exclude(pk=cart.session.pk).get())
    assert (rest.units, rest.ready) == (D(2), True)
    assert [issue.severity for issue in rest.issues] == ["warn"]
    assert rest.session.needed_at == carts.tomorrow(clock.now())
    assert Hold.objects.of_origin(rest.session).get().needed_on == clock.today() + timedelta(days=1)


def test_what_is_only_sold_from_stock_cannot_be_promised():
    product = croissant(stock=0, sell_policy="stock_only")
    cart = tab((product, 1), needed_at=clock.now() + timedelta(days=2))
    assert len(cart.blocking) == 1
    assert "preorder" not in {remedy.data["remedy"] for remedy in cart.blocking[0].remedies}


def test_a_time_that_is_over_is_refused():
    cart = tab()
    with pytest.raises(DomainError):
        sessions.set_needed_at(
            cart.session, needed_at=clock.now() - timedelta(minutes=1), revision=cart.session.revision
        )


def test_stock_that_was_kept_too_long_is_free_to_others_and_kept_again():
    product = croissant(stock=2)
    cart = tab((product, 2))
    with clock.fixed(clock.now() + timedelta(minutes=31)):
        assert availability.of([product])[product.pk].available == 2
        stale = carts.read(fresh(cart.session))
        assert [issue.severity for issue in stale.issues] == ["warn"]
        again = sessions.renew(cart.session, revision=cart.session.revision)
        assert again.issues == ()
        assert availability.of([product])[product.pk].available == 0


def test_a_product_is_replaced_and_joins_its_like():
    short, plenty = croissant(stock=0), croissant(stock=9, name="Pain", price="11.00")
    cart = tab((short, 2), (plenty, 1))
    cart = sessions.replace_product(
        cart.session, line=cart.lines[0].line.pk, product=plenty, revision=cart.session.revision
    )
    assert [(entry.line.product_id, entry.line.quantity) for entry in cart.lines] == [(plenty.pk, D(3))]
    assert cart.total == Decimal("33.00")


def test_reading_a_tab_costs_the_same_for_one_and_three_lines(django_assert_max_num_queries):
    cart = tab((croissant(), 1), (croissant(name="A"), 1), (croissant(name="B"), 1))
    session = OrderSession.objects.select_related("channel", "customer").get(pk=cart.session.pk)
    with django_assert_max_num_queries(4):  # lines, prices, rules, what is held
        carts.read(session)


def test_a_tab_opens_with_its_first_products_kept_and_priced():
    product, coffee = croissant(stock=10), espresso()
    wanted = [sessions.Wanted(product, D(3)), sessions.Wanted(coffee), sessions.Wanted(product, note="sliced")]
    cart = sessions.open(channel=counter(), wanted=[*wanted, sessions.Wanted(product)])
    assert [(entry.line.quantity, entry.held, entry.priced and entry.priced.amount) for entry in cart.lines] == [
        (D(4), D(4), D("38.00")),
        (D(1), D(0), D("7.00")),
        (D(1), D(1), D("9.50")),
    ]
    read = carts.read(fresh(cart.session))
    assert (read.total, read.units, read.quote) == (D("54.50"), D(6), cart.quote)
    assert (read.session.total, read.session.expires_at) == (D("54.50"), cart.session.expires_at)
    assert availability.of([product])[product.pk].available == 5


def test_a_tab_whose_first_product_is_refused_is_not_opened():
    gone, dear = make_product("Gone", is_active=False, price="1"), make_product("No price")
    for product, refusal in ((gone, NotSellable), (dear, NoPrice)):
        with pytest.raises(refusal):
            sessions.open(channel=counter(), wanted=[sessions.Wanted(croissant()), sessions.Wanted(product)])
    assert not OrderSession.objects.exists()
    assert not Hold.objects.exists()
