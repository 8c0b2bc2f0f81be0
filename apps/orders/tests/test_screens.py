"""The screens as a browser without scripts and as htmx see them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.tests.factories import make_product
from apps.crm.tests.build import customer
from apps.inventory.models import Hold
from apps.orders.models import Channel, Order, OrderSession, Payment
from apps.orders.services import orders, verify
from apps.orders.tests.build import D, counter, croissant, espresso, fresh, order, tab
from backoffice.kernel import clock
from backoffice.testing import screens as contract

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
TILL = ("orders.sell", "orders.view_order", "orders.advance_order", "orders.take_payment")


@pytest.fixture
def till(as_user: Any) -> Client:
    client: Client = as_user(*TILL)
    return client


def fields(page: Any, action: str) -> dict[str, str]:
    """What the (last) form with this action would send."""
    html = page.content.decode()
    forms = re.findall(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', html, re.S)
    assert forms, f"no form {action}"
    found = {}
    for tag in re.findall(r"<input[^>]*>", forms[-1]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            found[name[1]] = value[1] if value else ""
    return found


def test_a_whole_sale_without_scripts(till: Client):
    product, coffee = croissant(stock=5), espresso()
    channel = counter()
    page = till.get(reverse("orders:sale_start"))
    assert "Butter croissant" in page.content.decode()
    sent = fields(page, reverse("orders:open_tab"))
    answer = till.post(reverse("orders:open_tab"), {"product": product.pk, "channel": sent["channel"]})
    session = OrderSession.objects.get()
    assert answer["Location"] == session.get_absolute_url()

    page = till.get(session.get_absolute_url())
    add = reverse("orders:add", args=[session.pk])
    till.post(add, {"product": coffee.pk, "seen": fields(page, add)["seen"]})
    page = till.get(session.get_absolute_url())
    line = session.lines.get(product=product)
    step = reverse("orders:set_line", args=[session.pk, line.pk])
    till.post(step, {**fields(page, step), "step": "1"})
    page = till.get(session.get_absolute_url())
    till.post(step, {**fields(page, step), "quantity": "3"})
    assert session.lines.get(product=product).quantity == 3

    cash = reverse("orders:pay_cash", args=[session.pk])
    page = till.get(cash)
    sent = fields(page, cash)
    refused = till.post(cash, {**sent, "tendered": "10"})
    assert (refused.status_code, Order.objects.count()) == (409, 0)
    answer = till.post(cash, {**sent, "tendered": "50"})
    made = Order.objects.get()
    assert answer["Location"] == reverse("orders:sale_done", args=[made.pk])
    assert (made.status, made.total, made.channel) == ("completed", D("35.50"), channel)
    assert "14.50" in till.get(answer["Location"]).content.decode()
    assert till.get(session.get_absolute_url())["Location"] == made.get_absolute_url()
    assert verify.differences() == []


def test_paying_twice_makes_one_order(till: Client):
    session = tab((croissant(), 1)).session
    card = reverse("orders:pay_card", args=[session.pk])
    sent = fields(till.get(session.get_absolute_url()), card)
    first, second = till.post(card, sent), till.post(card, sent)
    assert first["Location"] == second["Location"]
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_a_tap_answers_with_the_tab_and_what_changed(till: Client):
    product = croissant(stock=5)
    session = tab((product, 1)).session
    add = reverse("orders:add", args=[session.pk])
    tap = {"product": product.pk, "revision": session.revision}
    answer = till.post(add, tap, headers={**HTMX, "HX-Target": "cart"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in html
    assert 'id="cart"' in html
    assert f'id="revision" value="{session.revision + 1}" hx-swap-oob' in html
    assert f'id="tile-{product.pk}"' in html
    assert "3 left" in html


def test_a_stale_tap_shows_the_tab_as_it_is_and_says_why(till: Client):
    product = croissant()
    session = tab((product, 1)).session
    answer = till.post(
        reverse("orders:add", args=[session.pk]),
        {"product": product.pk, "revision": 1},
        headers={**HTMX, "HX-Target": "cart"},
    )
    assert answer.status_code == 409
    assert 'id="cart"' in answer.content.decode()
    assert "changed by someone else" in answer.content.decode()
    assert session.lines.get().quantity == 1


@pytest.mark.parametrize(
    ("typed", "quantity"), [("CR-1", 1), ("cr-1", 1), ("3×CR-1", 3), ("2 x 7891000315507", 2), ("croissant", 1)]
)
def test_what_is_scanned_is_added_at_once(till: Client, typed: str, quantity: int):
    croissant(sku="CR-1", barcode="7891000315507")
    session = tab().session
    till.post(reverse("orders:find", args=[session.pk]), {"code": typed, "seen": session.revision})
    assert session.lines.get().quantity == quantity


def test_what_no_code_says_is_a_search(till: Client):
    croissant(name="Plain croissant"), croissant(name="Almond croissant")
    session = tab().session
    answer = till.post(reverse("orders:find", args=[session.pk]), {"code": "croissant", "seen": session.revision})
    assert answer["Location"].endswith("?q=croissant")
    page = till.get(answer["Location"]).content.decode()
    assert "Plain croissant" in page
    assert "Almond croissant" in page


@pytest.mark.parametrize("way", ["take", "remove", "preorder"])
def test_the_ways_out_of_a_shortage(till: Client, way: str):
    cart = tab((croissant(stock=2), 5))
    page = till.get(cart.session.get_absolute_url()).content.decode()
    assert "Only 2 × Butter croissant available." in page
    assert "inert" in page
    data = next(remedy.data for remedy in cart.issues[0].remedies if remedy.data["remedy"] == way)
    till.post(reverse("orders:remedy", args=[cart.session.pk]), {**data, "revision": cart.session.revision})
    assert "inert" not in till.get(cart.session.get_absolute_url()).content.decode() or way == "remove"
    kept = sum(line.quantity for line in fresh(cart.session).lines.all())
    assert kept == {"take": 2, "remove": 0, "preorder": 2}[way]


def test_the_customer_is_picked_and_removed(till: Client):
    person = customer()
    session = tab((espresso(), 1)).session
    picker = till.get(reverse("orders:customers", args=[session.pk]) + "?q=julia")
    assert "Júlia Prado" in picker.content.decode()
    url = reverse("orders:set_customer", args=[session.pk])
    till.post(url, {"customer": person.pk, "revision": session.revision})
    assert fresh(session).customer == person
    till.post(url, {"revision": fresh(session).revision})
    assert fresh(session).customer is None


def test_only_who_may_sets_a_price_by_hand(till: Client, as_user: Any):
    session = tab((croissant(), 1)).session
    url = reverse("orders:line_price", args=[session.pk, session.lines.get().pk])
    assert till.get(url).status_code == 403
    boss = as_user("orders.override_price", username="boss")
    answer = boss.post(url, {"revision": session.revision, "price": "5.00", "reason": "dented"})
    assert answer.status_code == 302
    assert session.lines.get().price_override == D(5)
    assert session.lines.get().override_by.username == "boss"


def test_a_preorder_is_arranged_and_paid_later(till: Client):
    session = tab((croissant(stock=0), 2)).session
    url = reverse("orders:arrange", args=[session.pk])
    when = clock.local(clock.now() + timedelta(days=2))
    answer = till.post(
        url,
        {
            "revision": session.revision, "handle": "Ana", "fulfilment": "pickup", "notes": "ring twice",
            "needed_at": when.strftime("%Y-%m-%dT%H:%M"),
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    later = reverse("orders:pay_later", args=[session.pk])
    answer = till.post(later, fields(till.get(session.get_absolute_url()), later))
    made = Order.objects.get()
    assert (made.status, made.handle, made.paid, made.notes) == ("accepted", "Ana", D(0), "ring twice")


def test_the_board_answers_with_nothing_when_nothing_changed(till: Client):
    made = order((croissant(), 1))
    till.get(reverse("orders:board"))
    url, lanes = reverse("orders:board"), {**HTMX, "HX-Target": "lanes"}
    with clock.fixed(clock.now()):
        page = till.get(url)
        etag = page["ETag"]
        assert made.code in page.content.decode()
        again = till.get(url, headers={**lanes, "If-None-Match": etag})
        seen = till.get(url + f"?seen={etag.strip(chr(34))}", headers=lanes)
        assert (again.status_code, again.content, seen.status_code) == (204, b"", 204)
        orders.advance(made, "preparing", revision=made.revision)
        changed = till.get(url, headers={**lanes, "If-None-Match": etag})
        assert changed.status_code == 200
        assert "<html" not in changed.content.decode()


def test_the_board_asks_the_same_for_one_and_three_orders(till: Client, django_assert_max_num_queries: Any):
    product = croissant(stock=50)
    order((product, 1))
    till.get(reverse("orders:board"))  # content types are known from here on
    with django_assert_max_num_queries(14):
        till.get(reverse("orders:board"))
    order((product, 1), (espresso(), 1)), order((product, 1))
    with django_assert_max_num_queries(14):
        till.get(reverse("orders:board"))


def test_an_order_is_moved_on_from_its_page(till: Client):
    made = order((croissant(), 1), paid=True)
    url = reverse("orders:order_advance", args=[made.pk])
    for label in ("Prepare", "Ready", "Hand over"):
        page = till.get(made.get_absolute_url())
        assert label in page.content.decode()
        till.post(url, fields(page, url))
    made.refresh_from_db()
    assert made.status == "completed"
    assert "order_advance" not in till.get(made.get_absolute_url()).content.decode()


def test_the_step_buttons_cannot_cancel(till: Client):
    made = order((croissant(), 1))
    answer = till.post(reverse("orders:order_advance", args=[made.pk]), {"to": "cancelled", "revision": made.revision})
    assert answer.status_code == 409
    assert Order.objects.get().status == "accepted"
    assert Hold.objects.of_origin(made).get().status == "active"


def test_cancelling_asks_for_a_reason(as_owner: Client):
    made = order((croissant(), 1), paid=True)
    url = reverse("orders:order_cancel", args=[made.pk])
    sent = fields(as_owner.get(url), url)
    assert as_owner.post(url, {**sent, "reason": ""}).status_code == 422
    assert as_owner.post(url, {**sent, "reason": "called off"}).status_code == 302
    assert Order.objects.get().status == "cancelled"
    assert "called off" in as_owner.get(made.get_absolute_url()).content.decode()


def test_a_payment_is_taken_and_given_back_on_the_page(as_owner: Client):
    made = order((croissant(), 2))
    url = reverse("orders:order_pay", args=[made.pk])
    sent = {"_key": "one", "method": "cash", "amount": "19.00", "tendered": "20.00"}
    as_owner.post(url, sent)
    as_owner.post(url, sent)
    payment = Payment.objects.get()
    back = reverse("orders:payment_refund", args=[made.pk, payment.pk])
    as_owner.post(back, {"_key": "two", "amount": "4.00", "reason": "one was dented"})
    made.refresh_from_db()
    assert made.paid == D("15.00")
    assert "one was dented" in as_owner.get(made.get_absolute_url()).content.decode()


def test_order_page_receipt_and_panels_are_there(as_owner: Client):
    product = croissant(stock=5)
    person = customer()
    made = order((product, 2), (espresso(), 1), hand_over=True, customer=person)
    page = as_owner.get(made.get_absolute_url()).content.decode()
    assert made.lines.get(position=1).lots.get().lot.code in page
    assert "Why this price" in page
    assert "Not a fiscal document" in as_owner.get(reverse("orders:receipt", args=[made.pk])).content.decode()
    for name, pk, target in (
        ("orders:product_sales", product.pk, "panel-sales"),
        ("orders:customer_orders", person.pk, "panel-orders"),
    ):
        contract.assert_fragment_is_part_of_page(as_owner, reverse(name, args=[pk]), target)
    for name, target in (
        ("orders:home_today", "part-sales-today"),
        ("orders:home_weeks", "part-sales-weeks"),
        ("orders:home_channels", "part-sales-channels"),
        ("orders:home_to_accept", "part-to-accept"),
        ("orders:home_late", "part-late"),
    ):
        contract.assert_fragment_is_part_of_page(as_owner, reverse(name), target)


def test_the_order_page_asks_the_same_for_one_and_three_lines(till: Client, django_assert_max_num_queries: Any):
    one = order((croissant(), 1), hand_over=True)
    three = order((croissant(name="A"), 1), (croissant(name="B"), 1), (croissant(name="C"), 1), hand_over=True)
    till.get(one.get_absolute_url())
    for made in (one, three):
        with django_assert_max_num_queries(16):
            till.get(made.get_absolute_url())


def test_orders_are_found_by_number_customer_and_tab(till: Client):
    person = customer()
    first = order((croissant(), 1), customer=person)
    second = order((croissant(name="B"), 1), handle="Table 9")
    url = reverse("orders:order_list")
    for text, found, not_found in (
        ("#1", first, second), ("2", second, first), ("julia", first, second), ("table 9", second, first),
    ):  # fmt: skip
        page = till.get(url, {"q": text}).content.decode()
        assert f"<a href={found.pk}/>" in page, text
        assert f"<a href={not_found.pk}/>" not in page, text


def test_the_list_keeps_the_contract(till: Client):
    order((croissant(), 1))
    contract.assert_fragment_is_part_of_page(till, reverse("orders:order_list"), "table")
    contract.assert_fragment_is_part_of_page(till, reverse("orders:board"), "lanes")


def test_every_screen_here_keeps_strangers_and_the_unentitled_out(as_user: Any):
    nobody = as_user(username="nobody")
    made = order((croissant(), 1))
    for view in contract.views():
        if view.name.startswith("orders:"):
            contract.assert_names_a_permission(view)
            contract.assert_anonymous_goes_to_login(view)
            contract.assert_forbidden(view, nobody)
    assert Order.objects.get() == made


def test_a_channel_is_made_and_changed(as_owner: Client):
    channel = counter()
    place = channel.places.get().location_id
    page = as_owner.get(reverse("orders:channel_edit", args=[channel.pk]))
    assert page.status_code == 200
    data = {
        "code": "web", "name": "Web", "kind": "web", "price_list": channel.price_list_id, "acceptance": "manual",
        "acceptance_minutes": "0", "hold_minutes": "15", "warn_minutes": "15", "expiry_margin_days": "0",
        "payment_terms": "hand_over", "position": "1", "preorder": "on", "is_active": "on", "locations": [place],
    }  # fmt: skip
    answer = as_owner.post(reverse("orders:channel_create"), data)
    assert answer.status_code == 302, answer.content.decode()
    web = Channel.objects.get(code="web")
    assert web.places.get().location_id == place
    answer = as_owner.post(
        reverse("orders:channel_edit", args=[web.pk]), {**data, "name": "Web shop", "revision": web.revision}
    )
    assert answer.status_code == 302, answer.content.decode()
    assert Channel.objects.get(code="web").name == "Web shop"


@pytest.mark.parametrize("junk", ["", "abc", "-1", "9" * 40, "NaN", "1e9", "\x00", "½"])
def test_junk_in_a_tap_is_refused_and_never_breaks(till: Client, junk: str):
    product = make_product("Bun", price="1.00", sell_policy="on_demand")
    session = tab((product, 1)).session
    line = session.lines.get().pk
    for name, args, data in (
        ("orders:add", [session.pk], {"product": junk, "revision": junk}),
        ("orders:find", [session.pk], {"code": junk, "revision": session.revision}),
        ("orders:find", [session.pk], {"code": f"{junk}×{product.sku}", "revision": session.revision}),
        ("orders:set_line", [session.pk, line], {"was": junk, "quantity": junk, "step": junk}),
        ("orders:remedy", [session.pk], {"remedy": junk, "line": junk, "quantity": junk, "revision": junk}),
        ("orders:pay_card", [session.pk], {"total": junk, "revision": junk}),
        ("orders:pay_cash", [session.pk], {"total": junk, "revision": junk, "tendered": junk}),
        ("orders:set_customer", [session.pk], {"customer": junk, "revision": junk}),
    ):
        answer = till.post(reverse(name, args=args), data)
        assert answer.status_code < 500, f"{name} {data}"
    assert not Order.objects.exists()


def test_a_sale_in_portuguese_reads_commas(user_with: Any):
    person = user_with(*TILL, language="pt-br")
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    product = make_product("Queijo", unit="kg", price="1234.50", sell_policy="on_demand")
    session = tab((product, 1)).session
    step = reverse("orders:set_line", args=[session.pk, session.lines.get().pk])
    client.post(step, {**fields(client.get(session.get_absolute_url()), step), "quantity": "1,5"})
    assert session.lines.get().quantity == D("1.5")
    page = client.get(session.get_absolute_url())
    assert "1.851,75" in page.content.decode()
    client.post(step, {**fields(page, step), "step": "1"})
    assert session.lines.get().quantity == D("2.5")
    cash = reverse("orders:pay_cash", args=[session.pk])
    page = client.get(cash)
    quick = re.findall(r'name="quick" value="([^"]*)"', page.content.decode())
    answer = client.post(cash, {**fields(page, cash), "quick": quick[1]})
    assert answer.status_code == 302, answer.content.decode()
    made = Order.objects.get()
    assert (made.total, made.payments.get().tendered) == (D("3086.25"), D("3090.00"))
