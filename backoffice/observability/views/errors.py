"""The pages that stand where no view could answer: a body that is too large, and what nobody foresaw."""

import logging
import sys
import time

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.defaults import bad_request as does_not_make_sense

from backoffice.kernel import disk
from backoffice.observability import trace
from backoffice.ui.middleware import refusal

log = logging.getLogger(__name__)

BLOCK = 1 << 16
READ_AT_MOST, READ_FOR = 64 * 1024 * 1024, 10.0
"""Bytes and seconds that are spent on a body only so that its sender hears the answer."""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """More was typed or pasted than one form takes: status 413 and a sentence. Anything else makes no sense: 400."""
    if not isinstance(exception, RequestDataTooBig):
        return does_not_make_sense(request, exception)
    _read_the_rest(request)
    most = filesizeformat(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    sentence = _("One form takes %(most)s; this is more, and nothing of it was saved. Send it in parts, or as a file.")
    return refusal(request, _("Too much at once"), sentence % {"most": most}, status=413)


def _read_the_rest(request: HttpRequest) -> None:
    """Who is still sending does not listen: a browser would show a broken connection instead of the answer."""
    left, until = READ_AT_MOST, time.monotonic() + READ_FOR
    try:
        while left > 0 and time.monotonic() < until and (block := request.read(BLOCK)):
            left -= len(block)
    except OSError:  # it is gone
        log.info("The sender of a body that was too large did not wait for the answer.")


def server_error(request: HttpRequest) -> HttpResponse:
    """A plain page with the id under which the log holds the rest. Never fails, whatever else does."""
    error_id = str(getattr(request, "request_id", "") or trace.current())
    try:
        # Django asks for this page while it handles what went wrong.
        full = disk.is_full(sys.exc_info()[1])
        body = render_to_string("500.html", {"request_id": error_id, "disk_full": full})
    except Exception:
        log.exception("The error page itself could not be drawn.")
        body = format_html("<!doctype html><title>500</title><h1>500</h1><p>{}</p>", error_id)
    response = HttpResponse(body, status=500)
    if request.headers.get("HX-Request") == "true":
        # The page would be put where a part belongs; let htmx show it as a page of its own.
        response["HX-Retarget"] = "body"
        response["HX-Reswap"] = "innerHTML"
    return response
