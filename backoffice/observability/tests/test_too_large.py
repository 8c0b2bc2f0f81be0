"""Who sends more than a form takes reads why, in a real browser's words: no broken connection, nothing saved."""

import http.client
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.accounts.models import User
from backoffice.testing.crowd import TOKEN

SAYS = "One form takes 5.0 MB; this is more, and nothing of it was saved."
FORM = "application/x-www-form-urlencoded"
LARGE = "name=" + "x" * (5 * 1024 * 1024)


def said(page: str) -> str:
    return " ".join(unescape(page).split())


@pytest.mark.django_db
def test_too_much_at_once_is_told_on_a_page(as_user):
    answer = as_user().generic("POST", reverse("accounts:profile"), LARGE, content_type=FORM)

    assert answer.status_code == 413
    assert SAYS in said(answer.content.decode())
    assert "Too much at once" in answer.content.decode()
    assert not User.objects.filter(name__startswith="xxx").exists()


@pytest.mark.django_db
def test_fields_beside_a_file_are_counted_too(as_user):
    sent = {"name": "x" * (5 * 1024 * 1024 + 1), "email": ""}
    answer = as_user().post(reverse("accounts:profile"), sent)

    assert answer.status_code == 413


@pytest.mark.django_db
def test_a_part_of_a_page_gets_it_as_a_toast(as_user):
    answer = as_user().generic(
        "POST", reverse("accounts:profile"), LARGE, content_type=FORM, headers={"HX-Request": "true"}
    )

    assert answer.status_code == 413
    assert answer["HX-Reswap"] == "none"
    assert SAYS in said(answer.content.decode())


@pytest.mark.django_db
def test_before_login_too(client):
    answer = client.generic("POST", reverse("accounts:login"), LARGE, content_type=FORM)

    assert answer.status_code == 413
    assert SAYS in said(answer.content.decode())


@pytest.mark.django_db
def test_what_makes_no_sense_is_still_a_400():
    client = Client(raise_request_exception=False)
    answer = client.get("/", headers={"Host": "elsewhere.example.org"})

    assert answer.status_code == 400


def test_the_real_server_reads_to_the_end_and_answers(visitor: Any):
    """The whole body is sent before anything is read, as browsers do; before, the connection broke meanwhile."""
    connection = http.client.HTTPConnection(visitor.address, timeout=60)
    body = ("name=" + "x" * (12 * 1024 * 1024)).encode()
    cookies = f"sessionid={visitor.session}; csrftoken={TOKEN}"
    connection.request("POST", reverse("accounts:profile"), body, {"Content-Type": FORM, "Cookie": cookies})
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()

    assert answer.status == 413
    assert SAYS in said(page)
