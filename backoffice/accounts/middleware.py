"""Who asks, how long a session lasts, and in which language and look its pages are."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import logout
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from backoffice.accounts.models import User
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.memory import remembering

Next = Callable[[HttpRequest], HttpResponse]

STARTED, SEEN = "started", "seen"
# The session is written at most this often for being looked at: reading a page should not take the write lock.
RESOLUTION = 60
THEMES = ("light", "dark")
DENSITIES = ("comfortable", "compact")
THEME_COOKIE, DENSITY_COOKIE = "theme", "density"


_people: Compiled[User] = Compiled(lambda pk: User.objects.filter(pk=pk))


class Authentication(AuthenticationMiddleware):
    """Django's own, with the person read by a kept statement, because every request reads one.

    Only the plain case is decided here: somebody who works here and whose session is as the login left it. All else
    (a changed password, a replaced key, somebody who left) is Django's to decide.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _cached(request))  # type: ignore[assignment]


def _cached(request: Any) -> Any:
    if not hasattr(request, "_cached_user"):
        request._cached_user = _plainly(request) or auth.get_user(request)
    return request._cached_user


def _plainly(request: HttpRequest) -> User | None:
    session = request.session
    key, signed = str(session.get(auth.SESSION_KEY, "")), session.get(auth.HASH_SESSION_KEY)
    known = session.get(auth.BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    if not signed or not known or not key.isdecimal():
        return None
    for person in _people(int(key)):
        if person.is_active and constant_time_compare(signed, person.get_session_auth_hash()):
            return person
    return None


class SessionLimits:
    """Twelve hours after logging in, or an hour after the last thing somebody did, one logs in again.

    What a page does by itself (polling boards send `X-Background`) does not count as doing something.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(clock.now().timestamp())
            started = request.session.get(STARTED)
            seen = request.session.get(SEEN)
            if started is None or seen is None:
                request.session[STARTED], request.session[SEEN] = now, now
            elif now - started > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS:
                return self._ended(request)
            elif now - seen > RESOLUTION and "X-Background" not in request.headers:
                request.session[SEEN] = now
        return self.get_response(request)

    def _ended(self, request: HttpRequest) -> HttpResponse:
        logout(request)
        asked = (
            "/" if request.headers.get("HX-Request") == "true" or request.method != "GET" else request.get_full_path()
        )
        response = redirect_to_login(asked)
        response["Location"] += "&ended=1"
        if request.headers.get("HX-Request") == "true":
            gone = HttpResponse(status=200)
            gone["HX-Redirect"] = response["Location"]
            return gone
        return response


class Preferences:
    """Language, theme and density: the person's own, else the browser's cookie, else the house's.

    Sets `request.theme` ("" follows the device) and `request.density`. Also the place where the company is remembered
    for the length of the request, because every page shows it.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if request.user.is_authenticated else None
        language = self._language(request, getattr(user, "language", ""))
        theme = getattr(user, "theme", "") or request.COOKIES.get(THEME_COOKIE, "")
        density = getattr(user, "density", "") or request.COOKIES.get(DENSITY_COOKIE, "")
        request.theme = theme if theme in THEMES else ""  # type: ignore[attr-defined]
        request.density = density if density in DENSITIES else DENSITIES[0]  # type: ignore[attr-defined]
        request.LANGUAGE_CODE = language
        with translation.override(language), remembering():
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            response.streaming_content = _spoken(response.streaming_content, language)
        return response

    @staticmethod
    def _language(request: HttpRequest, own: str) -> str:
        known = dict(settings.LANGUAGES)
        for code in (own, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")):
            if code in known:
                return code
        return settings.LANGUAGE_CODE


def _spoken(parts: Iterable[bytes], language: str) -> Iterator[bytes]:
    """What is written only while it is sent, after the request is over, in the language of the request."""
    rest = iter(parts)
    while True:
        with translation.override(language):
            part = next(rest, None)
        if part is None:
            return
        yield part
