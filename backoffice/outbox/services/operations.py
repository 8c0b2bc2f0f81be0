"""What a person does to a directive. Each leaves a line in its history."""

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import DomainError
from backoffice.kernel.locks import lock
from backoffice.outbox import wake
from backoffice.outbox.models import Directive

Status = Directive.Status


@transaction.atomic
def retry(directive: Directive, *, reason: str = "") -> Directive:
    """Put it back into the queue, due now, with all its attempts. DomainError when it is running or done."""
    found = lock(directive)
    if Status.QUEUED not in Directive.TRANSITIONS.get(Status(found.status), ()):
        raise DomainError(_("%(job)s is %(status)s and cannot be tried again.") % _words(found))
    found.status = Status.QUEUED
    found.attempts = found.crashes = 0
    found.available_at = clock.now()
    found.lease_token = found.lease_until = found.finished_at = None
    with acting(reason=reason or None):
        found.save(
            update_fields=[
                "status", "attempts", "crashes", "available_at", "lease_token", "lease_until", "finished_at",
                "updated_at",
            ]
        )  # fmt: skip
    transaction.on_commit(wake.wake, robust=True)
    return found


@transaction.atomic
def cancel(directive: Directive, *, reason: str = "") -> Directive:
    """Never carry it out. One that is running loses its lease: what it has not committed is rolled back.

    DomainError when it is done or cancelled already.
    """
    found = lock(directive)
    if Status.CANCELLED not in Directive.TRANSITIONS.get(Status(found.status), ()):
        raise DomainError(_("%(job)s is %(status)s and cannot be cancelled.") % _words(found))
    found.status = Status.CANCELLED
    found.lease_token = found.lease_until = None
    found.finished_at = clock.now()
    with acting(reason=reason or None):
        found.save(update_fields=["status", "lease_token", "lease_until", "finished_at", "updated_at"])
    return found


def _words(directive: Directive) -> dict[str, str]:
    return {"job": str(directive), "status": directive.get_status_display()}
