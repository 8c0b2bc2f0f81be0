"""Waking a worker. A lost wake is harmless: the sweeper finds what is due."""

import logging
import threading
import time

from django.conf import settings

log = logging.getLogger(__name__)

# A woken worker keeps looking for new directives this long after it found the last one. It is longer than WAKE_EVERY,
# so one wake serves all commits of the second that follows it, and those need not write to the queue.
LINGER = 1.6
WAKE_EVERY = 1.0
SOON = 90.0

_lock = threading.Lock()
_woken_at: float | None = None


def wake(delay: float = 0.0) -> None:
    """Call a worker now, or in `delay` seconds; what is due later than the sweeper comes by is left to the sweeper."""
    global _woken_at
    from backoffice.outbox import tasks  # huey's tasks import the runner, which imports this

    if delay > SOON:
        return
    try:
        if delay > 0.05:
            tasks.run_due.schedule(delay=delay)
            return
        with _lock:
            now = time.monotonic()
            if _woken_at is not None and now - _woken_at < WAKE_EVERY and not settings.HUEY.get("immediate"):
                return
            _woken_at = now
        tasks.run_due()
    except Exception:  # the queue is down or its file gone: the business transaction is committed all the same
        log.exception("A worker could not be woken; the sweeper will find the directive.")


def forget() -> None:
    """Forget when the last wake was, so that the next one is sent for certain."""
    global _woken_at
    with _lock:
        _woken_at = None
