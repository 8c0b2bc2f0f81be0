"""Managing people, one's own profile, and roles as data."""

import re

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from backoffice import composition
from backoffice.accounts import roles, services
from backoffice.accounts.models import User

PASSWORD = "a long enough pass phrase"
BACKEND = "django.contrib.auth.backends.ModelBackend"

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_role():
    return Group.objects.create(name=roles.OWNER)


@pytest.fixture
def ana(owner_role):
    return services.create(username="ana", name="Ana Prado", password=PASSWORD, roles=[owner_role])


def test_roles_are_made_from_the_composition(monkeypatch):
    monkeypatch.setattr(composition, "ROLES", {"owner": [], "viewer": ["accounts.view_user"]})

    counts = roles.sync()
    again = roles.sync()

    assert counts == again
    assert counts["viewer"] == 1
    assert counts["owner"] > 100
    assert Group.objects.get(name="viewer").permissions.get().codename == "view_user"


def test_a_permission_that_does_not_exist_stops_the_sync_before_it_changed_anything(monkeypatch):
    monkeypatch.setattr(composition, "ROLES", {"viewer": ["accounts.view_user", "accounts.fly"]})

    with pytest.raises(roles.UnknownPermission, match=r"accounts\.fly"):
        roles.sync()

    assert not Group.objects.filter(name="viewer").exists()


def test_a_weak_password_is_refused():
    with pytest.raises(services.WeakPassword):
        services.create(username="bo", name="Bo", password="short")

    assert not User.objects.filter(username="bo").exists()


def test_the_last_owner_stays(ana):
    with pytest.raises(services.LastOwner):
        services.deactivate(ana)
    with pytest.raises(services.LastOwner):
        services.update(ana, roles=[])

    ana.refresh_from_db()
    assert ana.is_active
    assert roles.OWNER in ana.groups.values_list("name", flat=True)


def test_somebody_who_is_shut_out_is_out_at_once(ana, owner_role):
    bo = services.create(username="bo", name="Bo", password=PASSWORD, roles=[owner_role])
    client = Client()
    client.force_login(bo, backend=BACKEND)

    services.deactivate(bo)

    assert client.get(reverse("accounts:profile")).status_code == 302
    assert client.post(reverse("accounts:login"), {"username": "bo", "password": PASSWORD}).status_code == 422


def test_new_roles_count_at_once(ana):
    bo = services.create(username="bo", name="Bo", password=PASSWORD)
    client = Client()
    client.force_login(bo, backend=BACKEND)
    assert Session.objects.count() == 1

    services.update(bo, roles=[Group.objects.create(name="viewer")])

    assert Session.objects.count() == 0


def test_a_person_is_made_edited_and_shut_out_on_the_screens(as_owner, owner_role):
    made = as_owner.post(
        reverse("accounts:user_create"),
        {
            "name": "Bo Lima",
            "username": "bo",
            "email": "",
            "language": "pt-br",
            "roles": [owner_role.pk],
            "password": PASSWORD,
        },
    )
    bo = User.objects.get(username="bo")
    edited = as_owner.post(
        reverse("accounts:user_edit", args=[bo.pk]),
        {"name": "Bo R. Lima", "username": "bo", "email": "", "language": "", "roles": []},
    )
    out = as_owner.post(reverse("accounts:user_deactivate", args=[bo.pk]), {})

    bo.refresh_from_db()
    assert [answer.status_code for answer in (made, edited, out)] == [302, 302, 302]
    assert (bo.name, bo.is_active, list(bo.groups.all())) == ("Bo R. Lima", False, [])
    assert as_owner.get(reverse("accounts:user_history", args=[bo.pk])).status_code == 200
    as_owner.post(reverse("accounts:user_reactivate", args=[bo.pk]))
    bo.refresh_from_db()
    assert bo.is_active


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_much_for_three_as_for_one(as_user, django_assert_max_num_queries, rows):
    for number in range(rows):
        services.create(username=f"p{number}", name=f"P {number}", password=PASSWORD)
    client = as_user("accounts.view_user")

    with django_assert_max_num_queries(14):
        assert client.get(reverse("accounts:user_list")).status_code == 200


def test_who_may_log_in_is_said_without_a_heading_too(as_owner, ana):
    """On a phone, where rows are cards, it was "Yes" and nobody knew to what."""
    User.objects.filter(pk=ana.pk).update(is_active=False)

    text = as_owner.get(reverse("accounts:user_list")).content.decode()

    assert re.findall("may (?:not )?log in<", text).count("may not log in<") == 1
    assert "<td>Yes" not in text


def test_people_are_not_for_everybody(as_user):
    assert as_user().get(reverse("accounts:user_list")).status_code == 403


def test_ones_own_password_needs_the_old_one(client, ana):
    client.force_login(ana, backend=BACKEND)
    url = reverse("accounts:password")
    new = "another long pass phrase"

    wrong = client.post(url, {"old": "no", "password": new, "again": new})
    differ = client.post(url, {"old": PASSWORD, "password": new, "again": "x"})
    right = client.post(url, {"old": PASSWORD, "password": new, "again": new})

    assert [wrong.status_code, differ.status_code, right.status_code] == [422, 422, 302]
    assert client.get(reverse("accounts:profile")).status_code == 200, "still logged in here"
    assert User.objects.get(pk=ana.pk).check_password(new)


def test_language_and_look_follow_the_person(client, ana):
    client.force_login(ana, backend=BACKEND)
    form = {"name": "Ana Prado", "email": "", "language": "pt-br", "theme": "dark", "density": "compact"}
    client.post(reverse("accounts:profile"), form)

    page = client.get(reverse("accounts:profile"))

    text = page.content.decode()
    assert '<html lang="pt-br" data-theme="dark" data-density="compact">' in text
    assert page["Content-Language"] == "pt-br"


def test_no_language_is_that_of_the_house(as_owner, ana):
    for name, arguments in (("profile", []), ("user_create", []), ("user_edit", [ana.pk])):
        page = as_owner.get(reverse(f"accounts:{name}", args=arguments)).content.decode()
        assert "---" not in page
        assert "the house&#x27;s" in page


def test_before_login_the_browser_remembers_the_look(client):
    client.post(reverse("accounts:theme"), {"theme": "dark"})
    client.post(reverse("accounts:language"), {"language": "pt-br"})

    assert '<html lang="pt-br" data-theme="dark">' in client.get(reverse("accounts:login")).content.decode()


def test_nonsense_preferences_are_ignored(client):
    client.post(reverse("accounts:theme"), {"theme": "<b>"})
    client.post(reverse("accounts:language"), {"language": "xx"})
    client.cookies["theme"] = '"><script>'
    for strange in ("0001-01-01T00:00", "*", "http://elsewhere.example/"):
        back = client.post(reverse("accounts:theme"), {"theme": "dark"}, headers={"Referer": strange})
        assert (back.status_code, back["Location"]) == (302, "/")
    client.cookies["theme"] = '"><script>'

    text = client.get(reverse("accounts:login")).content.decode()

    assert '<html lang="en">' in text


def test_the_history_says_who_gave_which_roles(as_owner, ana):
    """Roles are no column of the person, and are what an owner most wants to find again."""
    counter, baker = (Group.objects.create(name=name) for name in ("counter", "baker"))
    bo = services.create(username="bo", name="Bo", password=PASSWORD, roles=[counter])

    sent = {"name": "Bo", "username": "bo", "roles": [counter.pk, baker.pk]}
    answer = as_owner.post(reverse("accounts:user_edit", args=[bo.pk]), sent)

    assert answer.status_code == 302
    last, first = bo.history.order_by("-history_date", "-history_id")
    assert first.history_change_reason == "Roles: no role → Counter"
    assert last.history_change_reason == "Roles: Counter → Baker, Counter"
    assert last.history_user is not None
    as_owner.post(reverse("accounts:user_password", args=[bo.pk]), {"password": "another long pass phrase"})
    page = as_owner.get(reverse("accounts:user_history", args=[bo.pk])).content.decode()
    assert "Roles: Counter → Baker, Counter" in page
    assert "A new password was set." in page
    assert "another long pass phrase" not in page
