"""Reads of the queue for screens and counts."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from backoffice.kernel import clock
from backoffice.outbox.models import Directive

Status = Directive.Status


@dataclass(frozen=True)
class State:
    """How the queue is doing: how many are due, run, wait for later, were given up or parked, and the oldest due."""

    due: int
    later: int
    running: int
    dead: int
    parked: int
    oldest_due: datetime | None


def state() -> State:
    """One query over what is not finished."""
    now = clock.now()
    waiting = Q(status__in=(Status.QUEUED, Status.FAILED))
    due = waiting & Q(available_at__lte=now)
    unfinished = Directive.objects.exclude(status__in=(Status.DONE, Status.CANCELLED)).order_by()
    return State(
        **unfinished.aggregate(
            due=Count("pk", filter=due),
            later=Count("pk", filter=waiting & Q(available_at__gt=now)),
            running=Count("pk", filter=Q(status=Status.RUNNING)),
            dead=Count("pk", filter=Q(status=Status.DEAD)),
            parked=Count("pk", filter=Q(status=Status.PARKED)),
            oldest_due=Min("available_at", filter=due),
        )
    )


def needs_a_person() -> QuerySet[Directive]:
    """Those that were given up or parked, for the navigation."""
    return Directive.objects.filter(status__in=(Status.DEAD, Status.PARKED))
