"""A directive whose worker died twice is run alone, in a process of its own; if that dies too, it is a dead letter.

So one poisonous directive cannot take worker after worker with it.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from django.conf import settings
from django.utils.translation import gettext as _

from backoffice.outbox.models import Directive

if TYPE_CHECKING:
    from backoffice.outbox.runner import Outcome

log = logging.getLogger(__name__)

CRASHES = 2


def carry_out(
    directive: Directive, *, done: Callable[[Directive], None], bury: Callable[[Directive, str], Outcome]
) -> Outcome:
    """Run it in a child process and see what is left of it."""
    if directive.crashes > CRASHES:
        log.error("%s: its worker died %s times; given up.", directive, directive.crashes)
        reason = _("The worker died %(count)s times while carrying this out.")
        return bury(directive, reason % {"count": directive.crashes})
    log.error("%s: its worker died twice; it is now run alone.", directive)
    exit_code = run_alone(directive)
    now = Directive.objects.get(pk=directive.pk)
    if now.status == Directive.Status.RUNNING and now.lease_token == directive.lease_token:
        reason = _("The worker died twice, and the process that ran this alone ended with %(code)s.")
        return bury(directive, reason % {"code": exit_code})
    outcomes: dict[str, Literal["done", "failed", "dead", "parked"]] = {
        "done": "done", "failed": "failed", "dead": "dead", "parked": "parked",
    }  # fmt: skip
    return outcomes.get(now.status, "lost")


def run_alone(directive: Directive) -> int:
    """The exit code of `manage.py run_outbox --claimed <id> <token>`; -1 when it had to be stopped."""
    command = [
        sys.executable, str(settings.BASE_DIR / "manage.py"), "run_outbox",
        "--claimed", str(directive.pk), str(directive.lease_token),
    ]  # fmt: skip
    try:
        return subprocess.run(command, check=False, timeout=600).returncode  # noqa: S603 - our own program
    except subprocess.TimeoutExpired:
        return -1
