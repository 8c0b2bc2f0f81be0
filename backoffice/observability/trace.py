"""The id that ties a request, its log lines, its directives and their log lines together."""

import re
import uuid
from contextvars import ContextVar

ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request or job that runs here; empty outside of one."""
    from backoffice.kernel.audit import current_actor  # logging is configured before models can be imported

    return current_actor().trace or _request_id.get()


def begin(given: str = "") -> str:
    """Start a trace: the id that a proxy gave, when it is a plain one, else a new one."""
    request_id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
    _request_id.set(request_id)
    return request_id
