"""The list of alerts, one alert, and what one is told: with htmx, without scripts, without permission."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.formats import date_format

from apps.catalog.models import PriceList
from apps.catalog.services import prices
from apps.inventory.models import AlertChoice, ReorderRule, StockAlert
from apps.inventory.services import alerts, holds, reorder, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.testing.screens import assert_fragment_is_part_of_page

pytestmark = pytest.mark.django_db
D = Decimal
HTMX = {"HX-Request": "true"}
VIEW, SEE = "inventory.view_stockalert", "inventory.acknowledge_stockalert"


def low(*names: str) -> list[StockAlert]:
    products = [make_product(name) for name in names]
    for product in products:
        reorder.set_minimum(product, minimum=D(5))
    alerts.settle([product.pk for product in products])
    return list(StockAlert.objects.filter(product__in=products).order_by("pk"))


def test_the_list_asks_as_much_for_one_as_for_three(as_user):
    client = as_user(VIEW, SEE)
    counts = []
    for name in ("Bun", "Roll", "Loaf"):
        low(name)
        client.get(reverse("inventory:alert_list"))
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(reverse("inventory:alert_list"), headers={**HTMX, "HX-Target": "table"})
        counts.append(len(captured))
    assert counts[0] == counts[2] <= 12
    assert "Loaf" in answer.content.decode()
    page = client.get(reverse("inventory:alert_list"), {"view": "new", "kind": "low"}).content.decode()
    assert "Bun" in page
    assert "Bun" not in client.get(reverse("inventory:alert_list"), {"kind": "margin"}).content.decode()
    for kind in ("csv", "xlsx"):
        assert client.get(reverse("inventory:alert_list"), {"export": kind}).status_code == 200
    assert_fragment_is_part_of_page(client, reverse("inventory:alert_list"), "table")


def test_the_bell_counts_what_nobody_has_seen_without_asking_more(as_user):
    client = as_user(VIEW)
    url = reverse("inventory:alert_choices")
    client.get(url)
    with CaptureQueriesContext(connection) as before:
        page = client.get(url).content.decode()
    assert 'class="btn ghost icon-only bell"' in page
    assert "<b aria-hidden" not in page
    low("Bun", "Roll")
    with CaptureQueriesContext(connection) as after:
        page = client.get(url).content.decode()
    assert '<b aria-hidden="true">2</b>' in page
    assert len(after) == len(before)


def test_seen_once_with_a_note_and_the_second_tab_is_told(as_user):
    (alert,) = low("Bun")
    client = as_user(VIEW, SEE, username="olga")
    url = reverse("inventory:alert_acknowledge", args=[alert.pk])
    assert "Seen" in client.get(url).content.decode()
    assert client.post(url, {"note": "<b>ordered</b>"}).status_code == 302
    answer = client.post(url, {"note": "again"}, headers=HTMX)
    assert answer.status_code == 409
    assert "Olga saw it" in answer.content.decode()
    page = client.get(alert.get_absolute_url()).content.decode()
    assert "changed:inventory-stockalert from:body, changed" in page, "who saw it stands there at once"
    assert "Olga" in page
    assert "&lt;b&gt;ordered&lt;/b&gt;" in page
    assert url not in page, "what is seen has no button"


def test_what_is_low_leads_to_what_to_buy(as_user):
    (alert,) = low("Bun")
    way = reverse("inventory:purchase_suggestions")
    assert way in as_user(VIEW, "inventory.view_purchaseorder").get(alert.get_absolute_url()).content.decode()
    assert way not in as_user(VIEW, username="other").get(alert.get_absolute_url()).content.decode()


def test_several_are_seen_at_once_and_refused_ones_are_named(as_user):
    bun, roll = low("Bun", "Roll")
    alerts.acknowledge(roll)
    client = as_user(VIEW, SEE)
    sent = {"action": "acknowledge", "ids": [bun.pk, roll.pk]}
    asked = client.post(reverse("inventory:alert_list"), sent)
    assert "Note" in asked.content.decode()
    answer = client.post(reverse("inventory:alert_list"), {**sent, "confirm": "1", "note": "ordered"})
    assert "Roll" in answer.content.decode()
    assert StockAlert.objects.get(pk=bun.pk).note == "ordered"
    assert not StockAlert.objects.unseen().exists()


def test_what_is_over_has_its_tab_and_its_page_shows_the_other_times(as_user):
    (first,) = low("Bun")
    bun, shop = first.product, make_location("Shop", kind="sale")
    make_stock(bun, 9, shop)
    alerts.settle([bun.pk])
    client = as_user(VIEW)
    assert "Bun" not in client.get(reverse("inventory:alert_list")).content.decode()
    assert "Bun" in client.get(reverse("inventory:alert_list"), {"view": "over"}).content.decode()
    reorder.set_minimum(bun, minimum=D(20))
    alerts.settle([bun.pk])
    second = StockAlert.objects.open().get()
    page = client.get(second.get_absolute_url()).content.decode()
    assert first.get_absolute_url() in page
    assert reverse("inventory:product_card", args=[bun.pk]) in page


@pytest.mark.parametrize("name", ["alert_list", "alert_choices", "home_alerts"])
def test_who_may_not_see_alerts_sees_none(as_user, name):
    (alert,) = low("Bun")
    assert as_user("inventory.view_lot").get(reverse(f"inventory:{name}")).status_code == 403
    only_looks = as_user(VIEW, username="looks")
    assert only_looks.post(reverse("inventory:alert_acknowledge", args=[alert.pk])).status_code == 403
    answer = only_looks.post(reverse("inventory:alert_list"), {"action": "acknowledge", "ids": [alert.pk]})
    assert answer.status_code == 403
    assert StockAlert.objects.unseen().count() == 1


def test_the_home_page_names_the_newest_and_leads_to_all(as_user):
    (alert,) = low("Bun")
    client = as_user(VIEW, SEE, "inventory.view_stockbalance")
    part = client.get(reverse("inventory:home_alerts"), headers={**HTMX, "HX-Target": "part-alerts"}).content.decode()
    assert alert.get_absolute_url() in part
    assert reverse("inventory:alert_acknowledge", args=[alert.pk]) in part
    assert reverse("inventory:alert_list") + "?view=new" in part
    assert reverse("inventory:home_alerts") in client.get(reverse("home:home")).content.decode()


def test_one_chooses_what_one_is_told(as_user):
    client = as_user(VIEW, username="olga", email="olga@example.com")
    url = reverse("inventory:alert_choices")
    assert "olga@example.com" in client.get(url).content.decode()
    assert client.post(url, {"kinds": ["low", "expired"]}).status_code == 302
    assert client.post(url, {"kinds": ["low"]}).status_code == 302
    assert client.post(url, {"kinds": ["weather"]}).status_code == 422
    choice: Any = AlertChoice.objects.get()
    assert (choice.user.username, choice.kind) == ("olga", "low")
    assert re.findall(r'value="(\w+)"[^>]*\bchecked', client.get(url).content.decode()) == ["low"]


def test_the_bell_draws_itself_again_only_when_it_says_something_else(as_user, django_assert_max_num_queries):
    client = as_user(VIEW)
    url = reverse("ui:bell")
    asked = {**HTMX, "HX-Target": "bell"}
    page = client.get(reverse("inventory:alert_list")).content.decode()
    assert f'hx-get="{url}?shown="' in page
    assert "changed:inventory-stockalert from:body" in page
    assert client.get(url, {"shown": ""}, headers=asked).status_code == 204
    (alert,) = low("Bun")
    with django_assert_max_num_queries(4):
        answer = client.get(url, {"shown": ""}, headers=asked)
    assert '<b aria-hidden="true">1</b>' in answer.content.decode()
    assert f'hx-get="{url}?shown=1"' in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert client.get(url, {"shown": "1"}, headers=asked).status_code == 204
    alerts.acknowledge(alert)
    assert "<b aria-hidden" not in client.get(url, {"shown": "1"}, headers=asked).content.decode()
    assert client.get(url).url == reverse("inventory:alert_list")  # without scripts


def test_who_may_not_see_alerts_has_no_bell_that_counts(as_user):
    low("Bun")
    client = as_user("catalog.view_product", username="stranger")
    assert client.get(reverse("ui:bell"), {"shown": ""}, headers=HTMX).status_code == 204
    assert client.get(reverse("ui:bell")).url == "/"


def test_the_figures_are_those_of_now_wherever_an_alert_is_read(as_user):
    """Nothing crosses a line between 9 and 4 of a minimum of 10, so nothing is written: it is worked out."""
    shop, other = make_location("Shop", kind="sale"), make_location("Store")
    bun, cake, jam, loaf = (make_product(name) for name in ("Bun", "Cake", "Jam", "Loaf"))
    rule = reorder.set_minimum(bun, minimum=D(10), location=shop)
    today = clock.today()
    lots = {
        "bun": make_stock(bun, 9, shop),
        "cake": make_stock(cake, 9, shop, expires_on=today + timedelta(days=1), lot_code="SOON"),
        "loaf": make_stock(loaf, 5, shop, cost="6"),
    }
    with clock.fixed(clock.at(today - timedelta(days=3), 9)):
        lots["old"] = make_stock(cake, 8, shop, expires_on=today - timedelta(days=1), lot_code="OLD")
    make_stock(bun, 70, other)
    wants = PriceList.objects.create(code="w", name="Wholesale")
    prices.set_price(loaf, wants, amount=D(4))
    holds.place(
        origin=make_origin(), lines=[HoldLine(jam, D(3), today + timedelta(days=5))], locations=[shop], partial=True
    )
    alerts.sweep()
    stock.waste(lot=lots["bun"], location=shop, quantity=D(5), reason="fell")
    ReorderRule.objects.filter(pk=rule.pk).update(minimum=D(12), target=D(12))
    stock.waste(lot=lots["cake"], location=shop, quantity=D(6), reason="fell")
    stock.waste(lot=lots["old"], location=shop, quantity=D(1), reason="fell")
    make_stock(loaf, 5, shop, cost="8")
    prices.set_price(loaf, wants, amount=D("4.50"))
    holds.place(
        origin=make_origin(), lines=[HoldLine(jam, D(2), today + timedelta(days=2))], locations=[shop], partial=True
    )

    needed = date_format(today + timedelta(days=2), "j M")
    said = {
        "low": "4 un available at Shop, minimum 12 un",
        "expiring": f"3 un, good until {date_format(today + timedelta(days=1), 'j M')}",
        "expired": f"7 un still here, was good until {date_format(today - timedelta(days=1), 'j M')}",
        "margin": "4.50 in Wholesale, costs 7.00",
        "waiting": f"5 un short, needed from {needed}",
    }
    client = as_user(VIEW, SEE)
    for url in ("alert_list", "home_alerts"):
        page = plain(client.get(reverse(f"inventory:{url}")))
        for sentence in said.values():
            assert sentence in page, url
    file: Any = client.get(reverse("inventory:alert_list"), {"export": "csv"})
    lines = b"".join(file.streaming_content).decode().replace("\N{NO-BREAK SPACE}", " ")
    assert [sentence for sentence in said.values() if sentence not in lines] == []
    for alert in StockAlert.objects.open():
        assert said[alert.kind] in plain(client.get(alert.get_absolute_url()))
        assert said[alert.kind] in plain(client.get(reverse("inventory:alert_acknowledge", args=[alert.pk])))
        assert said[alert.kind] not in alert.says, "nobody wrote it down"
    StockAlert.objects.update(resolved_at=clock.now())
    over = plain(client.get(reverse("inventory:alert_list"), {"view": "over"}))
    assert "9 un available at Shop, minimum 10 un" in over, "what is over keeps its figures"


def plain(answer: Any) -> str:
    return unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")
