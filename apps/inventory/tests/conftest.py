"""What the tests of the stock room's screens share."""

from typing import Any

import pytest

from apps.inventory.models import Location
from apps.inventory.tests.factories import make_location


@pytest.fixture
def sign_in(client, user_with):
    """A client of somebody with these permissions of the stock room."""

    def make(*permissions: str):
        client.force_login(user_with(*(f"inventory.{name}" for name in permissions)))
        return client

    return make


@pytest.fixture
def shop() -> Location:
    return make_location("Shop", kind="sale")


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    """What is done inside is committed, so that what follows a commit happens."""

    def run(function: Any, *args: Any, **kwargs: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return function(*args, **kwargs)

    return run
