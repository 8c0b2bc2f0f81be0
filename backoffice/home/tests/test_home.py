"""The first page shows what each may see, and what waits leads to the list that proves it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from backoffice import composition
from backoffice.kernel import clock
from backoffice.ui import dashboard
from backoffice.ui.actions import Action

pytestmark = pytest.mark.django_db


def figures(user):
    return [dashboard.Figure("late", "Late orders", 2, "of 9", "/orders/?late=1", "bad", "clock")]


@pytest.fixture
def house(monkeypatch):
    monkeypatch.setattr(
        composition,
        "DASHBOARD",
        [
            Action("New person", "accounts:user_create", "accounts.add_user", primary=True),
            dashboard.Figures(f"{__name__}.figures", "accounts.view_user"),
            dashboard.Part("people", "People", "accounts:user_list", "accounts.view_user"),
            dashboard.Part("gone", "Gone", "nowhere:nothing"),
        ],
    )


def test_everything_for_who_may(house, as_user):
    text = as_user("accounts.view_user", "accounts.add_user").get("/").content.decode()

    assert 'href="/orders/?late=1"' in text
    assert 'id="part-people"' in text
    assert "New person" in text
    assert "Gone" not in text, "a part whose page is not there is left out"


def test_nothing_for_who_may_not(house, as_user):
    text = as_user().get("/").content.decode()

    assert "Late orders" not in text
    assert "part-people" not in text
    assert "Nothing for you here yet" in text


def test_the_whole_page_asks_twelve_times_at_most(as_user, django_assert_max_num_queries):
    client = as_user(*composition.ROLES["manager"])
    client.get("/")

    with django_assert_max_num_queries(12):
        text = client.get("/").content.decode()

    assert "?view=low" in text


def test_the_strip_is_a_part_of_the_page(house, as_user):
    client = as_user("accounts.view_user")
    moment = datetime(2026, 11, 23, 10, 42, tzinfo=ZoneInfo("America/Sao_Paulo"))
    with clock.fixed(moment):
        page = client.get("/").content.decode()
        strip = client.get("/", headers={"HX-Request": "true", "HX-Target": "waits"}).content.decode()

    assert strip.strip() in page
    assert "Good morning, Someone" in page


def test_strangers_go_to_the_login(client):
    assert client.get("/")["Location"].startswith(reverse("accounts:login"))


def test_a_worklist_and_its_page(as_user, rf, user_with):
    request = rf.get("/x/")
    request.user = user_with()
    row = dashboard.Row(
        "<b>#1</b>", "/o/1", "3 items", "R$ 4.00", "14 min", action=dashboard.RowAction("Accept", "/o/1/accept")
    )
    worklist = dashboard.Worklist("part-x", "Orders", [row], tone="bad")
    request.META["HTTP_HX_REQUEST"], request.META["HTTP_HX_TARGET"] = "true", "part-x"

    text = dashboard.render_worklist(request, worklist).content.decode()

    assert "&lt;b&gt;#1" in text
    assert 'hx-post="/o/1/accept"' in text
    assert "csrfmiddlewaretoken" in text
