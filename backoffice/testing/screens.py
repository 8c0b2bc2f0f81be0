"""Contracts that every screen of the URLconf keeps: what it is allowed to, and how it answers htmx."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from backoffice.ui.permissions import PUBLIC, SIGNED_IN
from backoffice.ui.screens import ListScreen

NOT_OURS = ("django.views.static", "django.views.i18n", "django.contrib.staticfiles")
SECRETS = re.compile(r'(name="(?:csrfmiddlewaretoken|_key)" value=|"X-CSRFToken": )"[^"]*"')


@dataclass(frozen=True)
class ViewAt:
    """One pattern of the URLconf."""

    name: str
    route: str
    callback: Any
    parameters: tuple[str, ...]

    @property
    def permission(self) -> str | None:
        """What the view asks for: a permission, "public", "signed-in"; None when it names nothing."""
        return getattr(self.callback, "permission", None)

    @property
    def screen(self) -> Any:
        """The class of a class screen."""
        return getattr(self.callback, "view_class", None)

    @property
    def is_list(self) -> bool:
        return isinstance(self.screen, type) and issubclass(self.screen, ListScreen)

    @property
    def methods(self) -> set[str]:
        """The methods that a class screen answers; a function is asked to find out."""
        if self.screen is None:
            return set()
        return {verb for verb in ("get", "post") if hasattr(self.screen, verb)}

    def url(self, **arguments: Any) -> str:
        """The address; every parameter that is not given is 1 (or "1"), a day the first of this year."""
        given = {"day": date(2026, 1, 1), **arguments}
        return reverse(self.name, kwargs={name: given.get(name, 1) for name in self.parameters})


def views(urlconf: str | None = None) -> Iterator[ViewAt]:
    """Every view of the URLconf, ours only."""
    yield from _walk(get_resolver(urlconf).url_patterns, "", "")


def lists(urlconf: str | None = None) -> Iterator[ViewAt]:
    """Every ListScreen that needs no arguments."""
    return (view for view in views(urlconf) if view.is_list and not view.parameters)


def _walk(patterns: list[Any], route: str, namespace: str) -> Iterator[ViewAt]:
    for entry in patterns:
        path = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inside = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry.url_patterns, path, inside)
        elif isinstance(entry, URLPattern) and not str(entry.callback.__module__).startswith(NOT_OURS):
            names = tuple(re.findall(r"<(?:\w+:)?(\w+)>", path))
            yield ViewAt(f"{namespace}{entry.name}", path, entry.callback, names)


def without_secrets(html: str) -> str:
    """The HTML without what differs from answer to answer: tokens and once-only keys."""
    return SECRETS.sub(r"\1", html).strip()


def assert_names_a_permission(view: ViewAt) -> None:
    """Every view says who may open it; one that says nothing would be open to all who log in."""
    assert view.permission, f"{view.name} ({view.route}) names no permission."
    known = view.permission in (PUBLIC, SIGNED_IN) or re.fullmatch(r"\w+\.\w+", view.permission)
    assert known, f"{view.name} names {view.permission!r}."


def assert_anonymous_goes_to_login(view: ViewAt, **arguments: Any) -> None:
    """A stranger is sent to the login, whatever the method, with htmx and without."""
    if view.permission == PUBLIC:
        return
    for method in ("get", "post"):
        plain = getattr(Client(), method)(view.url(**arguments))
        part = getattr(Client(), method)(view.url(**arguments), headers={"HX-Request": "true"})
        assert plain.status_code == 302, f"{method} {view.name}: {plain.status_code}"
        assert "login" in plain["Location"], f"{method} {view.name}: {plain['Location']}"
        assert "login" in part.get("HX-Redirect", ""), f"{method} {view.name} with htmx"


def assert_forbidden(view: ViewAt, client: Client, **arguments: Any) -> None:
    """Someone who is logged in without the permission is told so, before anything is looked up."""
    if view.permission in (PUBLIC, SIGNED_IN):
        return
    for method in ("get", "post"):
        for headers in ({}, {"HX-Request": "true", "HX-Target": "dialog"}):
            answer = getattr(client, method)(view.url(**arguments), headers=headers)
            assert answer.status_code == 403, f"{method} {view.name} {headers}: {answer.status_code}"


def assert_fragment_is_part_of_page(client: Client, url: str, target: str) -> None:
    """What htmx gets is exactly a part of what a browser gets; a history restore gets the page."""
    headers = {"HX-Request": "true", "HX-Target": target}
    page = client.get(url)
    part = client.get(url, headers=headers)
    again = client.get(url, headers=headers | {"HX-History-Restore-Request": "true"})

    assert page.status_code == part.status_code == again.status_code == 200, url
    assert without_secrets(part.content.decode()) in without_secrets(page.content.decode()), f"{url}#{target}"
    assert "<html" not in part.content.decode(), f"{url}#{target}"
    assert "<html" in again.content.decode(), f"{url}: history restore"
    assert "HX-Target" in part.get("Vary", ""), f"{url}: Vary"


def assert_same_queries(client: Client, url: str, add_rows: Callable[[int], Any]) -> int:
    """The page asks the database as often for one row as for three. `add_rows(n)` makes n more rows."""
    counts = []
    for more in (1, 2):
        add_rows(more)
        client.get(url)  # warm: content types, the company, permissions
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200, url
        counts.append(len(asked))
    assert counts[0] == counts[1], f"{url}: {counts[0]} queries for one row, {counts[1]} for three"
    return counts[0]
