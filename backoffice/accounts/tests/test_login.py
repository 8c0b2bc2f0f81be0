"""Coming in, being kept out, and being logged out."""

from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from backoffice.accounts import services
from backoffice.kernel import clock

PASSWORD = "a long enough pass phrase"

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(db):
    return services.create(username="ana", name="Ana Prado", password=PASSWORD)


def attempt(client, username="ana", password=PASSWORD, address="10.0.0.1", **more):
    data = {"username": username, "password": password, **more}
    return client.post(reverse("accounts:login"), data, REMOTE_ADDR=address)


def test_the_right_password_opens_the_page_one_wanted(client, person):
    answer = attempt(client, next="/accounts/profile/")

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/profile/")


@override_settings(AXES_FAILURE_LIMIT=2)
def test_who_comes_in_and_who_does_not_is_logged_without_what_was_typed(client, person, caplog):
    caplog.set_level("INFO", "backoffice.accounts")
    attempt(client)
    client.logout()
    attempt(client, password="typed-by-mistake")
    attempt(client, password="typed-by-mistake")
    ours = [record for record in caplog.records if record.name.startswith("backoffice.accounts")]
    said = [(record.getMessage(), getattr(record, "data", {})) for record in ours]

    assert said[0] == ("login", {"user": person.pk})
    assert said[1] == ("login refused", {})
    assert said[-1][0].startswith("locked out for")
    assert "typed-by-mistake" not in caplog.text


def test_one_is_not_sent_to_another_site(client, person):
    assert attempt(client, next="https://evil.example/")["Location"] == "/"


def test_a_wrong_password_says_so_and_not_which_part_was_wrong(client, person):
    known, unknown = attempt(client, password="x"), attempt(client, username="nobody", password="x")

    assert (known.status_code, unknown.status_code) == (422, 422)
    assert "do not match" in known.content.decode()
    assert "do not match" in unknown.content.decode()


@override_settings(AXES_FAILURE_LIMIT=3)
def test_after_too_many_wrong_passwords_the_name_must_wait_there(client, person):
    for _number in range(3):
        last = attempt(client, password="wrong")

    assert last.status_code == 429
    assert "minute" in last.content.decode()
    assert int(last["Retry-After"]) > 0
    assert attempt(client).status_code == 429, "not even with the right one"
    assert attempt(Client(), address="10.0.0.2").status_code == 302, "from elsewhere they come in"


@override_settings(AXES_FAILURE_LIMIT=2)
def test_a_new_password_by_the_owner_ends_the_waiting_as_the_page_says(client, person):
    for _number in range(2):
        kept_out = attempt(client, password="wrong")
    assert "ask an owner for a new password" in kept_out.content.decode()

    services.set_password(person, password="another long pass phrase")

    assert attempt(client, password="another long pass phrase").status_code == 302


@override_settings(AXES_FAILURE_LIMIT=2)
def test_an_address_that_tries_many_names_must_wait(client, person):
    for number in range(10):
        attempt(client, username=f"guess{number}", password="wrong", address="10.9.9.9")

    assert attempt(client, address="10.9.9.9").status_code == 429
    assert attempt(Client(), address="10.0.0.2").status_code == 302


def test_leaving_is_a_post(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(reverse("accounts:logout")).status_code == 405
    client.post(reverse("accounts:logout"))
    assert "_auth_user_id" not in client.session


def test_the_address_of_a_button_says_so_when_it_is_opened_like_a_page(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("accounts:logout"))

    assert "belongs to a button" in page.content.decode()
    assert page["Allow"]


def test_demo_logins_are_shown_in_a_demo_only(client):
    with override_settings(DEMO=True):
        shown = client.get(reverse("accounts:login")).content.decode()

    assert "let-me-in-demo" in shown
    assert "let-me-in-demo" not in client.get(reverse("accounts:login")).content.decode()


@pytest.mark.parametrize(
    ("after", "active_every", "inside"),
    [
        (timedelta(minutes=59), None, True),
        (timedelta(minutes=61), None, False),
        (timedelta(hours=11), timedelta(minutes=50), True),
        (timedelta(hours=12, minutes=10), timedelta(minutes=50), False),
    ],
    ids=["soon", "idle", "busy", "too long"],
)
def test_a_session_ends_when_idle_and_after_half_a_day(client, person, after, active_every, inside):
    start = clock.now()
    page = reverse("accounts:profile")
    with clock.fixed(start):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        client.get(page)
    step = active_every or after
    at = step
    while at < after:
        with clock.fixed(start + at):
            client.get(page)
        at += step

    with clock.fixed(start + after):
        answer = client.get(page)

    assert (answer.status_code == 200) is inside
    if not inside:
        assert answer["Location"].startswith(reverse("accounts:login"))
        assert "ended=1" in answer["Location"]


def test_a_board_that_polls_does_not_keep_the_session_open(client, person):
    start = clock.now()
    page = reverse("accounts:profile")
    with clock.fixed(start):
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        client.get(page)
    for minutes in (20, 40):
        with clock.fixed(start + timedelta(minutes=minutes)):
            client.get(page, headers={"X-Background": "1", "HX-Request": "true"})

    with clock.fixed(start + timedelta(minutes=61)):
        answer = client.get(page, headers={"HX-Request": "true"})

    assert answer["HX-Redirect"].startswith(reverse("accounts:login"))
