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

from backoffice.kernel import ledger


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that flush the database get back what the migrations had put there (units, virtual locations)."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        names = getattr(item, "fixturenames", [])
        transactional = marker is not None and marker.kwargs.get("transaction")
        if (transactional or {"transactional_db", "live_server"} & set(names)) and (
            "django_db_serialized_rollback" not in names
        ):
            names.insert(0, "django_db_serialized_rollback")
            if marker is not None:
                marker.kwargs["serialized_rollback"] = True


@pytest.fixture(autouse=True, scope="session")
def _flush_and_refill() -> Iterator[None]:
    """A flush leaves what the migrations had left, whichever test comes next.

    Django refills when the *next* transactional test begins and trusts that only such tests follow; with several
    workers any test may follow. On SQLite a flush is DELETE, which the ledgers' triggers refuse; PostgreSQL truncates.
    """
    teardown = TransactionTestCase._fixture_teardown

    def flush_and_refill(self: TransactionTestCase) -> None:
        if connection.vendor == "sqlite":
            with ledger.lifted():
                teardown(self)
        else:
            teardown(self)
        if not isinstance(self, TestCase):
            connection.creation.deserialize_db_from_string(connection._test_serialized_contents)  # type: ignore[attr-defined]

    TransactionTestCase._fixture_teardown = flush_and_refill  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]


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
