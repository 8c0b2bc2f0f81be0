"""What every test may use. The database is the one that DATABASE_URL names; the Makefile runs the suite on both."""

import os
from collections.abc import Callable, Iterator
from typing import Any

# The browser's driver runs a loop in the main thread; without this Django would refuse the ORM there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, TestCase, TransactionTestCase
from hypothesis import HealthCheck, settings

from backoffice.testing import databases
from backoffice.testing.crowd import Crowd, Visitor, serving

# How long an example takes says how busy the machine is, not whether the program is right.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """Each process gets a copy of the migrated template; after a test that really wrote it is put back.

    Django flushes instead, refills when the *next* transactional test begins, and trusts that only such tests follow;
    with several workers any test may follow.
    """
    teardown = TransactionTestCase._fixture_teardown

    def put_back(self: TransactionTestCase) -> None:
        if isinstance(self, TestCase):
            teardown(self)
        else:
            databases.restore()

    with django_db_blocker.unblock():
        original, name = str(connection.settings_dict["NAME"]), connection.creation._get_test_db_name()
        databases.create(name)
    TransactionTestCase._fixture_teardown = put_back  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]
    with django_db_blocker.unblock():
        databases.drop(name, original)


@pytest.fixture
def user_with(db: None, django_user_model: Any) -> Callable[..., Any]:
    """Make a user with just these permissions: user_with("catalog.view_product", …)."""

    def make(*permissions: str, username: str = "someone", **fields: Any) -> Any:
        fields.setdefault("name", username.title())
        user, _ = django_user_model.objects.get_or_create(username=username, defaults=fields)
        for name in permissions:
            app, _, codename = name.partition(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        return django_user_model.objects.get(pk=user.pk)

    return make


@pytest.fixture
def as_user(user_with: Callable[..., Any]) -> Callable[..., Client]:
    """A client logged in as a user with just these permissions."""

    def login(*permissions: str, **fields: Any) -> Client:
        client = Client()
        client.force_login(user_with(*permissions, **fields), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return login


@pytest.fixture
def as_owner(db: None, django_user_model: Any) -> Client:
    """A client logged in as someone who may do everything."""
    client = Client()
    owner = django_user_model.objects.create_superuser(username="owner", password=None, name="Owner")
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(scope="session")
def crowd_of_processes(django_db_setup: None) -> Iterator[Crowd]:
    """Four more processes on the test database, started once."""
    crowd = Crowd(str(connection.settings_dict["NAME"]))
    yield crowd
    crowd.close()


@pytest.fixture
def crowd(crowd_of_processes: Crowd, transactional_db: None) -> Crowd:
    """Four processes with as many threads as one wants: `crowd.do("module:function", [arguments, …])`."""
    return crowd_of_processes


@pytest.fixture(scope="session")
def web_server(django_db_setup: None) -> Iterator[str]:
    """The address of the real web server, four processes with ten threads each, on the test database."""
    with serving(str(connection.settings_dict["NAME"])) as served:
        yield served.address


@pytest.fixture
def visitor(web_server: str, transactional_db: None, django_user_model: Any) -> Visitor:
    """The owner, signed in at the real web server."""
    client = Client()
    owner = django_user_model.objects.create_superuser(username="visitor", password=None, name="Visitor")
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return Visitor(web_server, client.cookies["sessionid"].value)
