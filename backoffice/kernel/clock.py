"""The one clock. Instants are aware and in UTC; days are the business's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

_fixed: ContextVar[datetime | None] = ContextVar("fixed_instant", default=None)


def now() -> datetime:
    """This instant, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)


@contextmanager
def fixed(instant: datetime) -> Iterator[None]:
    """Inside, it is this instant: for the demo's past, and for tests. Rows' own time stamps stay real."""
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)


def today() -> date:
    """The business day of this instant."""
    return timezone.localdate(now())


def local(instant: datetime) -> datetime:
    """The instant as the wall clock of the business shows it."""
    return timezone.localtime(instant)


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """The instant at which the business's wall clock shows this day and time."""
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The half-open interval of instants that belong to the business day."""
    return at(day), at(day + timedelta(days=1))
