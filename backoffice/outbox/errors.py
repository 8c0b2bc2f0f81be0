"""What a handler raises to say how its failure is meant, and what the runner raises when it lost its claim."""

from datetime import timedelta

LONGEST_WAIT = timedelta(hours=24)


class Permanent(Exception):
    """Trying again cannot help: the directive is dead at once, with this sentence as its reason."""


class RetryLater(Exception):
    """Try again after so many seconds (a Retry-After of a provider); more than a day is cut to a day."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason or f"again in {seconds:g} s")
        self.seconds = min(max(seconds, 0.0), LONGEST_WAIT.total_seconds())


class LeaseLost(Exception):
    """The claim belongs to somebody else now, or was cancelled: stop at once and leave nothing behind."""
