"""Buttons: what they say, where they lead, and who sees them when."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse

from backoffice.kernel import state

from .permissions import may

SAMPLE = 987654321


def url_for(name: str, pk: Any) -> str:
    """`reverse(name, args=[pk])`, at the price of putting two strings together: lists ask for hundreds."""
    return urls_of(name)(pk)


def urls_of(name: str) -> Callable[[Any], str]:
    """The same for many: a function of the pk, good for one request."""
    before, after = _around(name, get_urlconf(), get_script_prefix())

    def url(pk: Any) -> str:
        return f"{before}{pk}{after}" if after is not None and isinstance(pk, int) else reverse(name, args=[pk])

    return url


@lru_cache(maxsize=1024)
def _around(name: str, urlconf: str | None, prefix: str) -> tuple[str, str | None]:
    try:
        before, sample, after = reverse(name, args=[SAMPLE]).rpartition(str(SAMPLE))
    except NoReverseMatch:
        return "", None
    return before, after if sample else None


@dataclass(frozen=True)
class Action:
    """A button or menu entry. Shown to who has the permission, while the state allows `to` and `when` agrees.

    Leads to a page (which htmx opens in the dialog) or, with `post`, is a form with one button. `url_name` is reversed
    with the object's pk, or with what `args` returns for it.
    """

    label: Any
    url_name: str
    permission: str | None = None
    icon: str = ""
    primary: bool = False
    danger: bool = False
    dialog: bool = True
    post: bool = False
    to: str | None = None
    when: Callable[[Any], bool] | None = None
    args: Callable[[Any], Iterable[Any]] | None = None

    def allowed(self, user: Any, thing: Any = None) -> bool:
        """Whether this user sees it for this thing, as it stands."""
        if not may(user, self.permission):
            return False
        if self.to is not None and (thing is None or self.to not in state.allowed(thing)):
            return False
        return self.when is None or self.when(thing)

    def url(self, thing: Any = None) -> str:
        """The address for this thing; an address of its own is taken as it is."""
        if self.url_name.startswith(("/", "?", "#")):
            return self.url_name
        if self.args is not None:
            return reverse(self.url_name, args=list(self.args(thing)))
        return url_for(self.url_name, thing.pk) if thing is not None else reverse(self.url_name)


@dataclass(frozen=True)
class Button:
    """An action for one thing, ready to draw."""

    action: Action
    url: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.action, name)


def buttons(actions: Iterable[Action | None], request: HttpRequest, thing: Any = None) -> list[Button]:
    """The actions that this person may take on this thing now."""
    return [Button(a, a.url(thing)) for a in actions if a is not None and a.allowed(request.user, thing)]
