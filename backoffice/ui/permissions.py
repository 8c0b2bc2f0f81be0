"""Who may open what. Every view names its permission, and says so to the guard tests by an attribute."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST, require_safe

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

PUBLIC = "public"
SIGNED_IN = "signed-in"


def may(user: Any, permission: str | None) -> bool:
    """Whether the user has the permission. Nothing named, or SIGNED_IN, means anybody who is logged in."""
    if permission == PUBLIC:
        return True
    if not getattr(user, "is_authenticated", False):
        return False
    return permission in ("", None, SIGNED_IN) or bool(user.has_perm(permission))


_needed: dict[type, str | None] = {}  # what the pages of a kind of thing ask for; found out once


def may_open(user: Any, thing: Any, url: str) -> bool:
    """Whether the user may open the page of a thing, so that no link leads to a refusal. `url` is its address."""
    kind = type(thing)
    if kind not in _needed:
        try:
            _needed[kind] = getattr(resolve(url).func, "permission", None)
        except Resolver404:
            _needed[kind] = None
    return may(user, _needed[kind])


@lru_cache(maxsize=2048)
def _asked_by(url: str) -> str | None:
    try:
        return getattr(resolve(url).func, "permission", None)
    except Resolver404:
        return None


def may_follow(user: Any, url: str) -> bool:
    """The same for an address whose thing is not at hand. A blank one leads nowhere."""
    return bool(url) and may(user, _asked_by(url))


def check(request: HttpRequest, permission: str | None) -> HttpResponse | None:
    """The redirect to the login for a stranger; None for who may. Raises PermissionDenied for everybody else."""
    if may(request.user, permission):
        return None
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    raise PermissionDenied


def _guard(view: View[P], permission: str) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return check(request, permission) or view(request, *args, **kwargs)

    guarded.permission = permission  # type: ignore[attr-defined]
    return guarded


def requires(permission: str, *, safe: bool = True) -> Callable[[View[P]], View[P]]:
    """A view for GET (and POST too, with safe=False, for a form that is a view of its own) with this permission."""

    def decorate(view: View[P]) -> View[P]:
        return _guard(require_safe(view) if safe else view, permission)

    return decorate


def command(permission: str) -> Callable[[View[P]], View[P]]:
    """A view that changes something: POST only, with this permission."""

    def decorate(view: View[P]) -> View[P]:
        return _guard(require_POST(view), permission)

    return decorate


def signed_in(view: View[P]) -> View[P]:
    """A view for everybody who is logged in."""
    return _guard(view, SIGNED_IN)


def public(view: View[P]) -> View[P]:
    """A view for everybody. The list of these is pinned by a test."""
    open_view = login_not_required(_guard(view, PUBLIC))
    open_view.permission = PUBLIC  # type: ignore[attr-defined]
    return open_view
