"""A thousand inputs a commit, half of them on each database, over all forms, filters and imports: no accident.

`make fuzz` sends ten thousand others; FUZZ=1000:7 says how many, and which.
"""

import io
import os

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client

from backoffice.accounts.models import User
from backoffice.observability import checks
from backoffice.testing.fuzz import Fuzz, Input

USUAL = {"sqlite": "500:1", "postgresql": "500:2"}
HOW_MANY, _colon, SEED = os.environ.get("FUZZ", USUAL[connection.vendor]).partition(":")


@pytest.fixture
def owner(db: None) -> Client:
    """Somebody who may do everything, in the demo bakery with its weeks of sales and open work."""
    call_command("seed_demo", verbosity=0, stdout=io.StringIO())
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username="owner"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_whatever_is_sent_is_answered(owner: Client) -> None:
    fuzz = Fuzz(owner, seed=int(SEED or 0))
    fuzz.walk()
    for number in range(int(HOW_MANY)):
        fuzz.send(number)

    assert fuzz.problems == []
    # It really was inside, and most of it was looked at: shown, done, or refused in words.
    assert len(fuzz.pages) > 150
    assert len(fuzz.forms) > 100
    assert sum(fuzz.answers[status] for status in (200, 302, 409, 422)) > 0.8 * int(HOW_MANY)
    assert fuzz.answers[302] < 0.4 * int(HOW_MANY)


def test_an_accident_is_noticed(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        vendor = "gone"

        def cursor(self) -> None:
            raise DatabaseError("gone")

    monkeypatch.setattr(checks, "connection", Gone())
    fuzz = Fuzz(client)
    fuzz.attempt(Input(1, "get", "/healthz", None, {}))

    assert fuzz.problems[0].startswith("#1 503")
