"""What surrounds every request: who acts, how a refusal is shown, and where messages go."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _

from backoffice.kernel import disk
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import DomainError

from . import htmx

Next = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)


class Acting:
    """Whatever the request changes is done by its user. What it shows to a user is not kept by browser or proxy."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if request.user.is_authenticated else None
        with acting(user=user, trace=str(getattr(request, "request_id", "") or getattr(request, "id", ""))):
            response = self.get_response(request)
        if user is not None and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
            response["Cache-Control"] = "no-store, private"
        return response


class Toasts:
    """Messages become toasts: a page shows its own, an htmx answer gets them appended out-of-band.

    Also here, because it is the other thing that htmx cannot do by itself: an answer that redirects to the login makes
    the browser go there, back to the page that the person was on.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not htmx.is_htmx(request):
            return response
        if isinstance(response, HttpResponseRedirect) and response.url.split("?")[0] == resolve_url(settings.LOGIN_URL):
            back = htmx.current_path(request)
            return htmx.leave_for(redirect_to_login(back).url if back else response.url)
        if self._may_carry(response):
            self._append(request, response)
        return response

    def _may_carry(self, response: HttpResponse) -> bool:
        return (
            not response.streaming
            and (response.status_code < 300 or response.status_code in (403, 404, 409, 413, 422, 507))
            and response.status_code not in (204, 286)
            and response.get("Content-Type", "").startswith("text/html")
            and not response.has_header("HX-Redirect")
        )

    def _append(self, request: HttpRequest, response: HttpResponse) -> None:
        storage: Any = messages.get_messages(request)
        if not len(storage) or storage.used:
            return
        response.content += render_to_string("ui/toasts_oob.html", {"messages": storage}, request).encode()


class DomainErrors:
    """A refusal by a rule is a sentence: a toast for htmx, a page for a browser. So are a missing right, a full disk.

    So is the address of a button, opened like a page (from the browser's history, or after logging in again).
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 404 and htmx.is_htmx(request):
            if request.headers.get("X-Background"):  # nobody asked
                response["HX-Reswap"] = "none"
                return response
            sentence = _("That is no longer there: somebody removed it meanwhile. Load the page again.")
            return refusal(request, "", sentence, status=404)
        if response.status_code != 405 or response.content:
            return response
        sentence = _("This address belongs to a button, not to a page. Go back and press it there.")
        page = refusal(request, _("Nothing to show here"), sentence, status=405)
        page["Allow"] = response.get("Allow", "")
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DomainError):
            title = _("That is not possible")
            return refusal(request, title, error.message, status=error.status, remedies=error.remedies)
        if isinstance(error, PermissionDenied):
            sentence = _("Your role does not allow this. Ask someone who manages people here.")
            return refusal(request, _("Not allowed"), sentence, status=403)
        if disk.is_full(error):
            log.critical("The disk is full: %s %s was not carried out.", request.method, request.path)
            sentence = _("The disk of this system is full. Nothing of this was saved. Make room, then try again.")
            return refusal(request, _("No room left"), sentence, status=507)
        return None


def refusal(request: HttpRequest, title: str, sentence: str, *, status: int, remedies: Any = ()) -> HttpResponse:
    """Say no, in the form that the asker can show."""
    if htmx.is_htmx(request):
        messages.error(request, sentence)
        response = HttpResponse(status=status)
        response["HX-Reswap"] = "none"
    else:
        context = {"title": title, "sentence": sentence, "remedies": remedies, "status": status}
        response = HttpResponse(render_to_string("ui/error.html", context, request), status=status)
    patch_vary_headers(response, htmx.FRAGMENT_HEADERS)
    return response
