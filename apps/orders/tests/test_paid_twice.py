"""Enter pressed twice, an answer that got lost, two windows: the till shows the one order that there is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.orders.models import Order
from apps.orders.services import sessions
from apps.orders.tests.build import croissant, tab

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Target": "dialog"}


@pytest.fixture
def till(as_user: Any) -> Client:
    client: Client = as_user("orders.sell", "orders.view_order")
    return client


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("way", ["cash", "split"])
def test_the_same_payment_sent_twice_shows_its_order(till: Client, way: str, headers: dict[str, str]):
    session = tab((croissant(stock=5), 2)).session
    url = reverse(f"orders:pay_{way}", args=[session.pk])
    paid = {"revision": session.revision, "total": str(session.total), "tendered": "50", "cash": "5"}

    first, again = (till.post(url, paid, headers=headers) for _time in range(2))

    done = reverse("orders:sale_done", args=[Order.objects.get().pk])
    for answer in (first, again):
        assert answer.get("HX-Redirect", answer.get("Location")) == done
    page = till.get(done).content.decode()
    assert "was ordered already; nothing was taken a second time." in page


def test_a_payment_form_that_was_left_open_leads_to_the_order(till: Client):
    session = tab((croissant(stock=5), 2)).session
    url = reverse("orders:pay_cash", args=[session.pk])
    till.post(reverse("orders:pay_card", args=[session.pk]), {"revision": session.revision, "total": session.total})

    assert till.get(url)["Location"] == reverse("orders:sale_done", args=[Order.objects.get().pk])


def test_a_tab_that_was_given_up_takes_no_money(till: Client):
    session = tab((croissant(stock=5), 2)).session
    sessions.abandon(session, revision=session.revision)
    url = reverse("orders:pay_cash", args=[session.pk])

    answer = till.post(url, {"revision": session.revision, "total": session.total, "tendered": "50"})

    assert answer["Location"] == reverse("orders:sale_start")
    assert "is closed; open a new tab" in till.get(answer["Location"]).content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(("quantity", "says"), [(1, "1 line · 1 unit<"), (3, "1 line · 3 units<")])
def test_one_line_is_not_called_lines(till: Client, quantity: int, says: str):
    session = tab((croissant(stock=5), quantity)).session
    till.post(reverse("orders:pay_card", args=[session.pk]), {"revision": session.revision, "total": session.total})

    assert says in till.get(Order.objects.get().get_absolute_url()).content.decode()
