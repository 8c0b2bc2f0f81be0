"""What is asked of a running house, with the reason when the answer is no."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.kernel import clock
from backoffice.observability import drills
from backoffice.observability.models import LedgerRun, RestoreDrill
from backoffice.outbox.models import Directive

OLDEST_DUE_SECONDS = 120


@dataclass(frozen=True)
class Check:
    """One question, its answer as a number or word, and a sentence when it is not well.

    `warns`: nothing is broken, but somebody should look; the house is ready all the same.
    """

    key: str
    label: str
    value: int | str
    ok: bool
    reason: str = ""
    warns: bool = False


def database() -> Check:
    """Whether the database answers."""
    label = _("Database")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError as error:
        reason = _("The database does not answer (%(error)s).") % {"error": type(error).__name__}
        return Check("database", label, connection.vendor, ok=False, reason=reason)
    return Check("database", label, connection.vendor, ok=True)


_migrated = False


def migrations() -> Check:
    """Whether the database has every migration of this code. Asked until it has: a process's code does not change."""
    global _migrated
    label = _("Migrations")
    waiting = 0
    if not _migrated:
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        _migrated = waiting == 0
    reason = _("%(count)s migrations are not applied.") % {"count": waiting} if waiting else ""
    return Check("migrations", label, waiting, ok=not waiting, reason=reason)


def queue_age() -> Check:
    """How long the oldest due directive has been waiting: a long wait means that no worker runs."""
    now = clock.now()
    oldest = Directive.objects.due(now).order_by("available_at").values_list("available_at", flat=True).first()
    seconds = int((now - oldest).total_seconds()) if oldest else 0
    late = seconds > OLDEST_DUE_SECONDS
    reason = _("The oldest due job has waited for %(seconds)s seconds. Is the worker running?") % {"seconds": seconds}
    return Check("queue_age", _("Oldest due job, seconds"), seconds, ok=not late, reason=reason if late else "")


def dead_letters() -> Check:
    """How many directives were given up and wait for a person."""
    dead = Directive.objects.filter(status=Directive.Status.DEAD).count()
    reason = _("%(count)s jobs were given up and wait for a person.") % {"count": dead} if dead else ""
    return Check("dead_letters", _("Jobs given up"), dead, ok=not dead, reason=reason)


def books() -> Check:
    """What the last look at the ledgers found. A house that nobody looked at yet is not unwell."""
    label = _("Differences in the books")
    last = LedgerRun.objects.ended().order_by("-pk").first()
    if last is None:
        return Check("books", label, _("not looked at yet"), ok=True)
    reason = _("The books do not agree: %(count)s differences, found %(when)s.") % {"count": last.found, "when": last}
    return Check("books", label, last.found, ok=not last.found, reason=reason if last.found else "")


def restore_drill() -> Check:
    """Whether a backup could be restored lately. A house that is too young to have tried it is not unwell."""
    label = _("Restore drill")
    ended = RestoreDrill.objects.exclude(finished_at=None).order_by("-pk")
    last = ended.first()
    good = ended.filter(outcome=RestoreDrill.Outcome.GOOD).first()
    value = str(good) if good else _("not yet")
    if last is not None and last.has_failed:
        reason = _("The last restore drill failed, %(when)s: %(reason)s") % {"when": last, "reason": last.reason}
        return Check("restore_drill", label, value, ok=False, reason=reason)
    since = good.started_at if good else User.objects.aggregate(first=Min("date_joined"))["first"]
    reason = ""
    if last is not None and last.outcome == RestoreDrill.Outcome.NOT_POSSIBLE:
        reason = _("A backup could not be tried: %(reason)s") % {"reason": last.reason}
    elif since is not None and clock.now() - since > drills.OVERDUE:
        reason = _("No backup was restored on trial for more than %(days)s days.") % {"days": drills.OVERDUE.days}
    return Check("restore_drill", label, value, ok=True, reason=reason, warns=bool(reason))


READY: tuple[Callable[[], Check], ...] = (migrations, queue_age, dead_letters, books, restore_drill)


def ready() -> list[Check]:
    """Every check. Without a database the others are not tried."""
    first = database()
    if not first.ok:
        return [first]
    answers = [first]
    for check in READY:
        try:
            answers.append(check())
        except DatabaseError as error:
            answers.append(Check(check.__name__, check.__name__, "", ok=False, reason=type(error).__name__))
    return answers
