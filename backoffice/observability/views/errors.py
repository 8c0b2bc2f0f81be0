"""The last page: something went wrong that nobody foresaw."""

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html

from backoffice.kernel import disk
from backoffice.observability import trace

log = logging.getLogger(__name__)


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
