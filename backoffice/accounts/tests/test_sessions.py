"""Who may do something else than before, or has another password, goes on under another key; others are out."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from backoffice.accounts import roles, services
from backoffice.accounts.models import User
from backoffice.kernel import clock

PASSWORD = "a long enough pass phrase"
OTHER = "another long pass phrase"

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_role() -> Any:
    roles.sync()
    return Group.objects.get(name=roles.OWNER)


@pytest.fixture
def ana(owner_role: Any) -> User:
    return services.create(username="ana", name="Ana Prado", password=PASSWORD, roles=[owner_role])


@pytest.fixture
def bo(owner_role: Any) -> User:
    return services.create(username="bo", name="Bo Lima", password=PASSWORD, roles=[owner_role])


def signed_in(name: str, password: str = PASSWORD) -> Client:
    client = Client()
    assert client.post(reverse("accounts:login"), {"username": name, "password": password}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return bool(client.get(reverse("accounts:profile")).status_code == 200)


def key(client: Client) -> str:
    return client.cookies["sessionid"].value


def form(user: User, *given: str) -> dict[str, Any]:
    wanted = list(Group.objects.filter(name__in=given).values_list("pk", flat=True))
    return {"name": user.name, "username": user.username, "email": "", "language": "", "roles": wanted}


def at(name: str, user: User) -> str:
    return reverse(f"accounts:{name}", args=[user.pk])


CHANGES = [
    ("user_edit", lambda user: form(user, roles.OWNER, "baker")),
    ("user_edit", lambda user: form(user)),
    ("user_password", lambda user: {"password": OTHER}),
    ("user_deactivate", lambda user: {}),
]


@pytest.mark.parametrize(("screen", "fields"), CHANGES, ids=["one role more", "no role", "password", "shut out"])
def test_who_is_changed_is_out_everywhere_and_who_changed_them_stays(ana, bo, screen, fields):
    till, telephone, office = signed_in("bo"), signed_in("bo"), signed_in("ana")
    before = key(office)

    assert office.post(at(screen, bo), fields(bo)).status_code == 302

    assert [is_in(till), is_in(telephone)] == [False, False]
    assert is_in(office)
    assert key(office) == before


def test_a_change_that_is_none_of_these_ends_nothing(ana, bo):
    till, office = signed_in("bo"), signed_in("ana")

    sent = {**form(bo, roles.OWNER), "name": "Bo R. Lima"}
    assert office.post(at("user_edit", bo), sent).status_code == 302

    assert User.objects.get(pk=bo.pk).name == "Bo R. Lima"
    assert is_in(till)


@pytest.mark.parametrize(("screen", "fields"), [CHANGES[0], CHANGES[2]], ids=["one role more", "password"])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=5)], ids=["at once", "after a while"])
def test_who_changes_oneself_stays_in_under_another_key(ana, bo, monkeypatch, screen, fields, later):
    """After a while the session was to be written again, was gone, and the answer was a bad request."""
    here, elsewhere = signed_in("ana"), signed_in("ana")
    assert is_in(here)
    before, now = key(here), clock.now() + later
    monkeypatch.setattr(clock, "now", lambda: now)

    answer = here.post(at(screen, ana), fields(ana))

    assert answer.status_code == 302
    assert is_in(here)
    assert key(here) != before
    assert not is_in(elsewhere)
    stolen = Client()
    stolen.cookies["sessionid"] = before
    assert not is_in(stolen)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=5)], ids=["at once", "after a while"])
def test_who_shuts_oneself_out_is_out(ana, bo, monkeypatch, later):
    here, elsewhere = signed_in("ana"), signed_in("ana")
    assert is_in(here)
    now = clock.now() + later
    monkeypatch.setattr(clock, "now", lambda: now)

    answer = here.post(at("user_deactivate", ana), {})

    assert answer.status_code == 302
    assert here.get(answer["Location"]).status_code == 302
    assert [is_in(here), is_in(elsewhere)] == [False, False]


def test_ones_own_new_password_leaves_one_in_here_only(ana):
    here, elsewhere = signed_in("ana"), signed_in("ana")
    before = key(here)

    sent = {"old": PASSWORD, "password": OTHER, "again": OTHER}
    assert here.post(reverse("accounts:password"), sent).status_code == 302

    assert is_in(here)
    assert key(here) != before
    assert not is_in(elsewhere)


def test_who_is_let_in_again_begins_anew(ana, bo):
    """A session of before, however it came to be left, is none."""
    till, office = signed_in("bo"), signed_in("ana")
    User.objects.filter(pk=bo.pk).update(is_active=False)

    office.post(at("user_reactivate", bo))

    assert not is_in(till)
    assert is_in(signed_in("bo"))


def test_coming_in_changes_the_key(ana):
    client = Client()
    client.cookies["sessionid"] = "chosenbysomebodyelse1234567890ab"
    client.post(reverse("accounts:login"), {"username": "ana", "password": PASSWORD})

    assert is_in(client)
    assert key(client) != "chosenbysomebodyelse1234567890ab"
