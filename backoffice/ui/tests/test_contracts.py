"""The contracts themselves, held against the test screens; `backoffice/tests` holds them against the whole URLconf."""

import pytest
from django.contrib.auth import get_user_model

from backoffice.testing import screens

pytestmark = [pytest.mark.django_db, pytest.mark.urls("backoffice.ui.tests.urls")]
User = get_user_model()


def ours():
    return [view for view in screens.views() if view.route.startswith("test/")]


def test_every_view_is_found_with_its_permission():
    found = {view.name: view.permission for view in ours()}

    assert len(found) == 14
    assert found["test_list"] == "accounts.view_user"
    assert found["test_touch"] == "accounts.change_user"
    assert found["test_in"] == "signed-in"
    assert found["test_open"] == "public"
    assert [view.name for view in screens.lists()] == ["test_list"]


def test_strangers_and_those_who_may_not(as_user):
    client = as_user()
    for view in ours():
        screens.assert_names_a_permission(view)
        screens.assert_anonymous_goes_to_login(view)
        screens.assert_forbidden(view, client)


def test_fragments_and_queries(as_user):
    client = as_user("accounts.view_user", "accounts.change_user")
    number = iter(range(99))

    def add(count):
        for _ in range(count):
            User.objects.create(username=f"u{next(number)}", name="Someone", theme="dark", email="a@example.com")

    asked = screens.assert_same_queries(client, "/test/users/?view=dark", add)

    screens.assert_fragment_is_part_of_page(client, "/test/users/?view=dark", "table")
    assert asked <= 12


def test_a_view_without_a_permission_is_found():
    def bare(request):
        return None

    view = screens.ViewAt("bare", "bare/", bare, ())

    with pytest.raises(AssertionError, match="names no permission"):
        screens.assert_names_a_permission(view)
