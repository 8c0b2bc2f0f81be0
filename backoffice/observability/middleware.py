"""The outermost layer: an id for every request, and one log line about it."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from backoffice.observability import trace

log = logging.getLogger("backoffice.request")

QUIET = ("/healthz", "/readyz", "/static/")


class RequestId:
    """Takes X-Request-ID from the proxy or makes one, gives it back, and logs what was asked and answered.

    The path is logged without its query string, because people search for people.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = trace.begin(request.headers.get("X-Request-ID", ""))
        request.request_id = request_id  # type: ignore[attr-defined]
        began = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if not request.path.startswith(QUIET):
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            data = {"status": response.status_code, "ms": milliseconds, "user": self._user(request)}
            log.info("%s %s", request.method, request.path, extra={"data": data})
        return response

    def _user(self, request: HttpRequest) -> int | None:
        # Only when somebody looked already: logging must not cost a session query.
        user = getattr(request, "_cached_user", None)
        return user.pk if user is not None else None
