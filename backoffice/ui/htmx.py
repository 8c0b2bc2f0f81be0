"""The protocol between browser and server, in one place: pages, fragments, and what success and refusal look like."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

DIALOG = "dialog"
FRAGMENT_HEADERS = ("HX-Request", "HX-Target")


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part. A history restore wants the whole page, as a browser does."""
    return request.headers.get("HX-Request") == "true" and not request.headers.get("HX-History-Restore-Request")


def target(request: HttpRequest) -> str:
    """The DOM id that the answer will be put into; empty when a whole page is asked for."""
    return request.headers.get("HX-Target", "") if is_htmx(request) else ""


def in_dialog(request: HttpRequest) -> bool:
    return target(request) == DIALOG


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragments: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or the one fragment of the list that HX-Target names. A target that is not listed gets the page."""
    listed = fragments or {}
    name = listed.get(target(request), template)
    response = HttpResponse(render_to_string(name, dict(context or {}), request), status=status)
    if DIALOG in listed and in_dialog(request):
        # The dialog itself stays; only what is in it changes.
        response["HX-Reswap"] = "innerHTML"
    patch_vary_headers(response, FRAGMENT_HEADERS)
    return response


def done(
    request: HttpRequest,
    *,
    to: Any,
    changed: str | Sequence[str] = (),
    leave: bool = False,
    close: bool = True,
) -> HttpResponse:
    """It worked. A browser is sent to `to`; htmx gets the events `changed:<name>` and `dialog:close`.

    The events come after the answer has settled, and the dialog's after the others: whoever asked from inside the
    dialog must still be there to tell. (htmx fires them for no 204, so the answer is a 200 that swaps nothing.)
    `leave` makes htmx go to `to` as well, for when the page that is shown has lost its subject or a new one was made.
    """
    url = resolve_url(to)
    if not is_htmx(request):
        return HttpResponseRedirect(url)
    if leave:
        return _go(url)
    response = HttpResponse(status=200)
    response["HX-Reswap"] = "none"
    patch_vary_headers(response, FRAGMENT_HEADERS)
    return tell(response, changed, close=close)


def tell(response: HttpResponse, changed: str | Sequence[str], *, close: bool = False) -> HttpResponse:
    """Let an answer that shows something also tell the page what changed."""
    names = [changed] if isinstance(changed, str) else list(changed)
    events = {f"changed:{name}": True for name in names if name} | ({"dialog:close": True} if close else {})
    response["HX-Trigger-After-Settle"] = json.dumps(events)
    return response


def _go(url: str) -> HttpResponse:
    response = HttpResponse(status=200)
    response["HX-Redirect"] = url
    patch_vary_headers(response, FRAGMENT_HEADERS)
    return response


def leave_for(url: str) -> HttpResponse:
    """Make htmx load another page, as a browser would. The messages wait for that page."""
    return _go(url)


def current_path(request: HttpRequest) -> str:
    """The address in the person's address bar, as a path of this site; empty when unknown or of another site."""
    address = request.headers.get("HX-Current-URL", "") if is_htmx(request) else request.get_full_path()
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}):
        return ""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
