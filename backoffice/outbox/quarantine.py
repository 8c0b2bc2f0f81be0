"""A directive whose worker died twice is run alone, in a process of its own; if that dies too, it is a dead letter.

So one poisonous directive cannot take worker after worker with it.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from django.conf import settings
from django.utils.translation import gettext as _

from backoffice.outbox import handlers
from backoffice.outbox.models import Directive

if TYPE_CHECKING:
    from backoffice.outbox.runner import Outcome

log = logging.getLogger(__name__)

CRASHES = 2
LONGEST = 2 * 3600
# The signal of the CPU limit, and how libraries written in C end when they get no memory.
OUT_OF_BOUNDS = {-signal.SIGXCPU, -signal.SIGABRT, -signal.SIGSEGV}


def carry_out(
    directive: Directive, *, done: Callable[[Directive], None], bury: Callable[[Directive, str], Outcome]
) -> Outcome:
    """Run it in a child process and see what is left of it."""
    if directive.crashes > CRASHES:
        log.error("%s: its worker died %s times; given up.", directive, directive.crashes)
        reason = _("The worker died %(count)s times while carrying this out.")
        handlers.tell_of_death(directive)
        return bury(directive, reason % {"count": directive.crashes})
    log.error("%s: its worker died twice; it is now run alone.", directive)
    exit_code = run_alone(directive)
    now = Directive.objects.get(pk=directive.pk)
    if now.status == Directive.Status.RUNNING and now.lease_token == directive.lease_token:
        reason = _("The worker died twice, and the process that ran this alone ended with %(code)s.")
        handlers.tell_of_death(directive)
        return bury(directive, reason % {"code": exit_code})
    return _outcome(now)


def carry_out_apart(directive: Directive, *, bury: Callable[[Directive, str], Outcome]) -> Outcome:
    """Run a heavy one in a child process with limits, so that a hostile or huge file harms nothing but itself.

    A child that was stopped from outside leaves its claim to lapse, and the directive is tried again.
    """
    exit_code = run_alone(directive, limited=True)
    now = Directive.objects.get(pk=directive.pk)
    if now.status != Directive.Status.RUNNING or now.lease_token != directive.lease_token:
        return _outcome(now)
    if exit_code in OUT_OF_BOUNDS:
        log.error("%s needed more than it may: its process ended with %s.", directive, exit_code)
        handlers.tell_of_death(directive)
        return bury(directive, _("This needed more memory or time than is allowed."))
    log.warning("The process of %s ended with %s; it is tried again.", directive, exit_code)
    return "lost"


def _outcome(now: Directive) -> Outcome:
    outcomes: dict[str, Literal["done", "failed", "dead", "parked"]] = {
        "done": "done", "failed": "failed", "dead": "dead", "parked": "parked",
    }  # fmt: skip
    return outcomes.get(now.status, "lost")


def run_alone(directive: Directive, *, limited: bool = False) -> int:
    """The exit code of `manage.py run_outbox --claimed <id> <token>`; -1 when it had to be stopped."""
    command = [
        sys.executable, str(settings.BASE_DIR / "manage.py"), "run_outbox",
        "--claimed", str(directive.pk), str(directive.lease_token), *(["--limited"] if limited else []),
    ]  # fmt: skip
    try:
        return subprocess.run(command, check=False, timeout=LONGEST).returncode  # noqa: S603 - our own program
    except subprocess.TimeoutExpired:
        return -1
