"""The one clock. Instants are aware and in UTC; days are the business's own."""

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The business day of this instant."""
    return timezone.localdate()


def local(instant: datetime) -> datetime:
    """The instant as the wall clock of the business shows it."""
    return timezone.localtime(instant)


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """The instant at which the business's wall clock shows this day and time."""
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The half-open interval of instants that belong to the business day."""
    return at(day), at(day + timedelta(days=1))
