"""Too many wrong passwords: for a while, nobody gets in with that name from there, or from there at all."""

import logging
from datetime import timedelta
from typing import Any

from axes.helpers import get_client_ip_address, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers

from backoffice.kernel import clock

log = logging.getLogger(__name__)

# One address may be a whole shop behind one router, so it is allowed this many times what one account is.
FAILURES_OF_AN_ADDRESS = 5


def address_is_locked(request: HttpRequest) -> bool:
    """Whether this address failed so often, with whatever names, that nobody may try from it for now."""
    if not settings.AXES_ENABLED:
        return False
    failures = _recent(request).aggregate(n=Sum("failures_since_start"))["n"] or 0
    return failures >= settings.AXES_FAILURE_LIMIT * FAILURES_OF_AN_ADDRESS


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """The page that says so, and for how long. Status 429."""
    seconds = seconds_left(request)
    log.warning("locked out for %s s", seconds)
    context = {"minutes": -(-seconds // 60)}
    page = HttpResponse(render_to_string("accounts/locked.html", context, request), status=429)
    page["Retry-After"] = str(seconds)
    add_never_cache_headers(page)
    return page


def seconds_left(request: HttpRequest) -> int:
    """Until when trying is useless, from the last failure that counted."""
    whole = _cool_off(request)
    last = _recent(request).aggregate(at=Max("attempt_time"))["at"]
    left = (last + whole - clock.now()) if last else whole
    return max(int(left.total_seconds()), 1)


def _cool_off(request: HttpRequest) -> timedelta:
    return get_cool_off(request) or timedelta(minutes=15)


def _recent(request: HttpRequest) -> Any:
    since = clock.now() - _cool_off(request)
    return AccessAttempt.objects.filter(ip_address=get_client_ip_address(request), attempt_time__gte=since)
