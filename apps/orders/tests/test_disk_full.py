"""The disk fills up while the till is selling: who is refused is told why, who was served keeps what they bought."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.inventory.services import verify as stock_books
from apps.orders.models import Order, OrderSession
from apps.orders.services import verify
from apps.orders.tests.build import counter, croissant, espresso, tab
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db(transaction=True)
SENTENCE = "The disk of this system is full. Nothing of this was saved."
MOST = 400
SERVED = (200, 302)
# What PostgreSQL says when a file cannot grow; a test cannot give its server a small disk.
REFUSE = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
END $$;
CREATE TRIGGER no_room BEFORE INSERT ON orders_orderline FOR EACH STATEMENT EXECUTE FUNCTION no_room();
"""
ALLOW = "DROP TRIGGER no_room ON orders_orderline; DROP FUNCTION no_room();"


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of the database grows while this lasts."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(REFUSE)
        else:
            cursor.execute("PRAGMA max_page_count = 1")  # as few as it has
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(ALLOW if connection.vendor == "postgresql" else "PRAGMA max_page_count = 1000000000")


@pytest.fixture
def sell(as_owner: Client) -> Callable[..., tuple[int, str]]:
    """One croissant, from the tile to the card: the last answer's status and page. A waiting tab is only paid."""
    as_owner.raise_request_exception = False
    counter()
    product = croissant(stock=MOST)

    def sale(waiting: OrderSession | None = None, **headers: str) -> tuple[int, str]:
        if waiting is None:
            opened = as_owner.post(reverse("orders:open_tab"), {"product": product.pk}, headers=headers)
            if opened.status_code not in SERVED:
                return opened.status_code, opened.content.decode()
            waiting = OrderSession.objects.latest("pk")
        fields = {"revision": waiting.revision, "total": str(waiting.total)}
        paid = as_owner.post(reverse("orders:pay_card", args=[waiting.pk]), fields, headers=headers)
        return paid.status_code, paid.content.decode()

    return sale


def test_a_full_disk_is_said_nothing_acknowledged_is_lost_and_work_goes_on(sell):
    def until_refused(**headers: str) -> tuple[int, int, str]:
        for served in range(MOST // 3):
            status, page = sell(**headers)
            if status not in SERVED:
                return served, status, page
        raise AssertionError("The disk was never full.")

    waiting = tab((espresso(), 1)).session
    with full_disk():
        served, status, page = until_refused()
        assert (status, SENTENCE in page, "No room left" in page) == (507, True, True)
        more, status, part = until_refused(**{"HX-Request": "true"})
        assert (status, SENTENCE in part, "<html" in part) == (507, True, False)  # a toast: the cart stays in its place
        assert Order.objects.count() == served + more

    assert sell(waiting)[0] == sell()[0] == 302
    assert Order.objects.count() == served + more + 2
    assert [*verify.differences(), *stock_books.differences()] == []
    assert not Directive.objects.filter(status="dead").exists()


def test_a_login_that_cannot_be_kept_is_told_too(client, django_user_model, monkeypatch):
    """The session is written after the page is made, where only the last page can answer."""
    from django.contrib.sessions.backends.db import SessionStore

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    django_user_model.objects.create_user(username="counter", password="let-me-in-demo", name="Counter")
    monkeypatch.setattr(SessionStore, "save", full)
    client.raise_request_exception = False
    answer = client.post(reverse("accounts:login"), {"username": "counter", "password": "let-me-in-demo"})

    assert answer.status_code in (500, 507)
    assert SENTENCE in answer.content.decode()
