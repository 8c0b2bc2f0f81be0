"""Can the backup be restored? Tried every week and whenever somebody asks, as a job; what came of it is kept.

A drill makes a fresh backup, restores it into a scratch database, counts every table again and compares the books of
the copy. The shop goes on meanwhile, and nothing of the copy stays.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Min

from backoffice.accounts.models import User
from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.observability.backup.errors import BackupError, NotPossible
from backoffice.observability.logs import mask
from backoffice.observability.models import RestoreDrill
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

log = logging.getLogger(__name__)

TOPIC = "backup.drill"
EVERY = timedelta(days=6, hours=12)
"""Older than that is the last one when the next night comes."""
LATE = timedelta(days=8)
"""A machine that is off at night drills by day when the last one is older than that."""
OVERDUE = timedelta(days=10)
YOUNG = timedelta(hours=6)
"""A shop that was begun this night is left alone until the next."""
NIGHT = range(3, 6)
LONGEST = 20 * 60
"""Seconds for all commands of a drill."""
PATIENCE = timedelta(hours=1)
"""A drill that has not ended for so long is given up; another may begin."""
Beat = Callable[[], None]


@transaction.atomic
def start() -> RestoreDrill:
    """Begin a drill as a job, in the name of whoever acts; the one that is under way, when there is one."""
    now, actor = clock.now(), current_actor().user
    busy = RestoreDrill.objects.filter(finished_at=None, started_at__gt=now - PATIENCE).order_by("-pk").first()
    if busy is not None:
        return busy
    drill = RestoreDrill.objects.create(started_at=now, asked_by=actor if getattr(actor, "pk", None) else None)
    directives.issue(TOPIC, payload={"drill": drill.pk}, origin=drill, dedupe_key=f"drill:{drill.pk}", max_attempts=2)
    return drill


def due() -> bool:
    """Whether it is time: in a night when the last one is a week old, by day when that night was missed."""
    now = clock.now()
    last = RestoreDrill.objects.order_by("-pk").values_list("started_at", flat=True).first()
    since = last or User.objects.aggregate(first=Min("date_joined"))["first"]
    if since is None:  # nobody works here yet
        return False
    by_night = clock.local(now).hour in NIGHT and now - since > (EVERY if last else YOUNG)
    return by_night or now - since > LATE


def carry_out(directive: Directive) -> None:
    """Do the drill of the job; what a crash had left half done is begun anew."""
    drill = RestoreDrill.objects.filter(pk=directive.payload.get("drill")).first()
    if drill is None:
        raise Permanent("The drill is gone.")

    def beat() -> None:
        with transaction.atomic():
            directives.heartbeat(directive)

    if drill.is_busy:
        _carry_out(drill, beat)


def now() -> RestoreDrill:
    """Do one here and now: for the command."""
    return _carry_out(RestoreDrill.objects.create(started_at=clock.now()), lambda: None)


def _carry_out(drill: RestoreDrill, beat: Beat) -> RestoreDrill:
    # Loaded by the job: the web processes, which only ask whether it is time, have no use for it.
    from backoffice.observability.backup import archive, encryption, rehearsal, scratch

    try:
        with scratch.folder() as work:
            identity = None
            recipients = list(settings.BACKUP_RECIPIENT)
            if recipients:
                # The server cannot read what is encrypted for others, so a key of this drill alone is added.
                identity = work / "key"
                recipients.append(encryption.new_key(identity))
            report = archive.create(work / "archive", recipients=recipients)
            drill.size, drill.rows, drill.encrypted = report.size, report.rows, report.encrypted
            beat()
            rehearsal.rehearse(work, report, identity=identity, seconds=LONGEST, beat=beat)
        outcome, reason = RestoreDrill.Outcome.GOOD, ""
    except NotPossible as error:
        outcome, reason = RestoreDrill.Outcome.NOT_POSSIBLE, str(error)
    except (BackupError, OSError, DatabaseError) as error:
        outcome, reason = RestoreDrill.Outcome.FAILED, f"{error}" or type(error).__name__
    drill.outcome, drill.reason, drill.finished_at = outcome, mask(reason), clock.now()
    with transaction.atomic():
        drill.save(update_fields=["size", "rows", "encrypted", "outcome", "reason", "finished_at"])
    if outcome != RestoreDrill.Outcome.GOOD:
        log.log(logging.ERROR if drill.has_failed else logging.WARNING, "Restore drill: %s. %s", outcome, reason)
    return drill
