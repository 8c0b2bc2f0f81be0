"""What finds the directives that nobody was woken for, and tidies up."""

import logging
from datetime import timedelta

from django.db import transaction

from backoffice.kernel import clock
from backoffice.outbox import handlers, runner
from backoffice.outbox.models import Directive

log = logging.getLogger(__name__)

KEEP_DAYS = 90
PURGE_BATCH = 2000


def sweep() -> int:
    """Un-park what has a handler again, delete what has been done for long, work off what is due. Returns how many."""
    unpark()
    purge()
    return runner.drain()


def unpark() -> int:
    """Queue the parked directives whose topic this version of the code knows again."""
    topics = Directive.objects.filter(status=Directive.Status.PARKED).values_list("topic", flat=True).distinct()
    known = [topic for topic in topics.order_by() if handlers.find(topic)]
    if not known:
        return 0
    now = clock.now()
    parked = Directive.objects.filter(status=Directive.Status.PARKED, topic__in=known)
    return parked.update(status=Directive.Status.QUEUED, available_at=now, last_error="", updated_at=now)


def purge() -> int:
    """Delete some of what was finished `KEEP_DAYS` ago; the rest is left to the next minute."""
    before = clock.now() - timedelta(days=KEEP_DAYS)
    finished = (Directive.Status.DONE, Directive.Status.CANCELLED)
    old = Directive.objects.filter(finished_at__lt=before, status__in=finished)
    if not (ids := list(old.values_list("pk", flat=True)[:PURGE_BATCH])):
        return 0
    with transaction.atomic():
        return Directive.objects.filter(pk__in=ids).delete()[0]
