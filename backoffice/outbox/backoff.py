"""How long to wait before the next attempt."""

import random

BASE_SECONDS = 5.0
CAP_SECONDS = 3 * 3600.0
# With full jitter the wait is on average half of the bound; 40 attempts then span two days, and never less than one
# (a test draws a thousand sequences). A receiver that is down overnight costs nobody a message.
MAX_ATTEMPTS = 40


def bound(attempt: int) -> float:
    """The longest wait after the given attempt (1 is the first), in seconds."""
    return min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(attempt - 1, 30))


def wait(attempt: int, rng: random.Random | None = None) -> float:
    """Seconds until the next attempt: anything up to the bound, so that those who failed together do not return so."""
    return (rng or random).uniform(0.0, bound(attempt))
