"""Session, person and rights are read by kept statements; what changed counts at the next request all the same.

The database is changed behind the program's back, so that nothing here can hang on a screen that ends sessions.
"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts import services
from backoffice.accounts.models import User

PASSWORD = "a long enough pass phrase"
BACKEND = "django.contrib.auth.backends.ModelBackend"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(db):
    return services.create(username="ana", name="Ana Prado", password=PASSWORD)


@pytest.fixture
def browser(ana):
    client = Client()
    client.force_login(ana, backend=BACKEND)
    assert status(client) == 200
    return client


def status(client, url="accounts:profile"):
    return client.get(reverse(url)).status_code


def test_a_session_that_is_over_is_nobodys(browser):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert status(browser) == 302


def test_a_session_that_is_gone_is_nobodys(browser):
    Session.objects.all().delete()

    assert status(browser) == 302


def test_a_session_key_that_never_was_is_nobodys(client, ana):
    for key in ("x" * 32, "nonsense", "' or 1=1 --"):
        client.cookies["sessionid"] = key
        assert status(client) == 302


def test_who_left_is_out_at_the_next_request(browser):
    User.objects.update(is_active=False)

    assert status(browser) == 302


def test_a_person_who_is_gone_is_nobody(browser, ana):
    ana.delete()

    assert status(browser) == 302


def test_another_password_ends_the_session(browser, ana):
    ana.set_password("another long pass phrase")
    ana.save()

    assert status(browser) == 302


def test_a_replaced_key_of_the_house_keeps_sessions_while_the_old_one_is_named(browser, settings):
    old = settings.SECRET_KEY
    with override_settings(SECRET_KEY="n" * 50, SECRET_KEY_FALLBACKS=[old]):
        assert status(browser) == 200
    with override_settings(SECRET_KEY="m" * 50):
        assert status(browser) == 302


def test_a_session_of_a_way_in_that_is_closed_does_not_count(browser):
    with override_settings(AUTHENTICATION_BACKENDS=["axes.backends.AxesStandaloneBackend"]):
        assert status(browser) == 302


def test_rights_are_those_of_now(browser, ana):
    right = Permission.objects.get(content_type__app_label="accounts", codename="view_user")
    role = Group.objects.create(name="looks")
    assert status(browser, "accounts:user_list") == 403

    ana.groups.add(role)
    role.permissions.add(right)
    assert status(browser, "accounts:user_list") == 200

    role.permissions.clear()
    assert status(browser, "accounts:user_list") == 403

    ana.user_permissions.add(right)
    assert status(browser, "accounts:user_list") == 200
    ana.user_permissions.clear()
    assert status(browser, "accounts:user_list") == 403


def test_two_people_on_one_connection_are_told_apart(ana, browser):
    bo = services.create(username="bo", name="Bo", password=PASSWORD)
    bo.user_permissions.add(Permission.objects.get(content_type__app_label="accounts", codename="view_user"))
    other = Client()
    other.force_login(bo, backend=BACKEND)

    for _again in range(4):
        assert (status(browser, "accounts:user_list"), status(other, "accounts:user_list")) == (403, 200)
