"""Every URL, every role, GET and POST, with htmx and without: what `composition.ROLES` says is what happens."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from backoffice import composition
from backoffice.accounts.models import User
from backoffice.testing import screens
from backoffice.ui.permissions import PUBLIC, SIGNED_IN

VIEWS = list(screens.views())
WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("get", {}),
    ("get", {"HX-Request": "true"}),
    ("post", {}),
    ("post", {"HX-Request": "true"}),
)
OPEN_TO_ALL = {
    "accounts:login",
    "accounts:language",
    "accounts:theme",
    "accounts:locked",
    "accounts:logout",
    "observability:healthz",
    "observability:readyz",
    "ui:favicon",
}


@pytest.fixture
def client_of(db: None) -> Callable[[str], Client]:
    """A client logged in as someone with just this role."""
    call_command("sync_roles", verbosity=0)

    def login(role: str) -> Client:
        user = User.objects.create(username=role, name=role, is_superuser=role == "owner")
        user.groups.set(Group.objects.filter(name=role))
        client = Client(raise_request_exception=False)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return login


def test_the_public_pages_are_these():
    public = {view.name for view in VIEWS if view.permission == PUBLIC}

    assert public <= OPEN_TO_ALL, public - OPEN_TO_ALL


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_names_a_permission(view: Any):
    screens.assert_names_a_permission(view)


@pytest.mark.django_db
def test_strangers_are_sent_to_the_login():
    for view in VIEWS:
        screens.assert_anonymous_goes_to_login(view)


def allowed(user: Any, permission: str) -> bool:
    return permission in (PUBLIC, SIGNED_IN) or user.has_perm(permission)


@pytest.mark.parametrize("role", composition.ROLES)
def test_a_role_gets_what_it_may_and_nothing_else(client_of, role):
    """A page that a role may open may still answer 404 or 405 for a thing that is not there; never 403, never 500."""
    client = client_of(role)
    user = User.objects.get(username=role)
    wrong = []
    for view in VIEWS:
        if view.name in {"accounts:logout"}:
            continue
        may = allowed(user, view.permission or "")
        for method, headers in WAYS:
            said = getattr(client, method)(view.url(), headers=headers).status_code
            if said >= 500 or (may and said == 403) or (not may and said != 403):
                wrong.append(f"{method} {view.name}{' htmx' if headers else ''}: {said}, may: {may}")

    assert wrong == []


def test_every_answer_carries_the_headers(client_of):
    client = client_of("owner")
    for view in VIEWS:
        answer = client.get(view.url())
        policy = answer.get("Content-Security-Policy", "")

        assert "default-src 'self'" in policy, view.name
        assert "unsafe" not in policy, view.name
        assert answer["X-Frame-Options"] == "DENY", view.name
        assert answer["X-Content-Type-Options"] == "nosniff", view.name
        assert answer["Referrer-Policy"] == "same-origin", view.name


@pytest.mark.parametrize(
    ("status", "path", "sent"),
    [
        (400, "/orders/sale/open/", {f"field-{n}": "1" for n in range(5001)}),
        (413, "/orders/sale/open/", {"product": "1" * (5 * 1024 * 1024 + 1)}),
        (403, "/orders/sale/open/", {"product": "1", "csrfmiddlewaretoken": "old"}),
        (403, "/company/", None),
        (404, "/nowhere/", None),
        (404, "/orders/999/", None),
        (405, "/orders/sale/open/", None),
        (500, "/orders/", None),
    ],
)
def test_so_does_every_refusal_and_every_accident(client_of, monkeypatch, status, path, sent):
    def accident(*_args: Any) -> None:
        raise RuntimeError("The house's own fault")

    client = client_of("counter")
    if status == 500:
        monkeypatch.setattr("apps.orders.views.order.OrderList.get", accident)
    if status == 403:
        client.handler.enforce_csrf_checks = True
    answer = client.get(path) if sent is None else client.post(path, sent)

    assert answer.status_code == status
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Request-ID"]
    assert "RuntimeError" not in answer.content.decode()
    assert "own fault" not in answer.content.decode()


@pytest.mark.django_db
def test_so_do_files_and_the_way_to_https(client, settings):
    style = client.get("/static/css/tokens.css")
    assert style.status_code == 200
    settings.SECURE_SSL_REDIRECT = True
    onward = Client().get("/")
    assert (onward.status_code, onward["Location"][:8]) == (301, "https://")

    for answer in (style, onward):
        assert "default-src 'self'" in answer.get("Content-Security-Policy", "")
        assert answer["X-Frame-Options"] == "DENY"
