"""Claims one directive at a time and carries it out.

Safe with any number of workers, processes and machines: the claim is one conditional UPDATE, and what a handler did is
committed together with "done", guarded by the token of the claim. Whoever lost the lease rolls back.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Case, F, IntegerField, Value, When
from django.utils import translation
from django.utils.translation import gettext as _

from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.kernel.locks import is_conflict
from backoffice.observability.logs import mask
from backoffice.outbox import backoff, handlers, quarantine, wake
from backoffice.outbox.errors import LeaseLost, Permanent, RetryLater
from backoffice.outbox.handlers import Effect, Handler
from backoffice.outbox.models import Directive

log = logging.getLogger(__name__)
Status = Directive.Status
Outcome = Literal["done", "failed", "dead", "parked", "lost"]

HEAVY_JOBS = 1
CANDIDATES = 8
LOOK_EVERY = 0.2
ERRORS_KEPT = 10
ERROR_LENGTH = 2000
FIRST_LEASE = 120
CONFLICT_TRIES = 4


def drain(*, limit: int | None = None, linger: float = 0.0, apart: bool = False) -> int:
    """Carry out what is due, one after the other, until nothing has been due for `linger` seconds. Returns how many.

    `apart`: heavy ones run in processes of their own, with limits.
    """
    count = 0
    quiet_since = time.monotonic()
    while limit is None or count < limit:
        if directive := claim():
            carry_out(directive, apart=apart)
            count += 1
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since >= linger:
            break
        else:
            time.sleep(LOOK_EVERY)
    return count


def claim(pk: int | None = None) -> Directive | None:
    """Take one due directive (or the given one, if it is due) for this worker alone; None when there is none."""
    due = Directive.objects.due(clock.now()).order_by("available_at", "pk")
    if pk is not None:
        due = due.filter(pk=pk)
    elif (heavy := handlers.heavy_topics()) and _running(heavy) >= HEAVY_JOBS:
        due = due.exclude(topic__in=heavy)
    for candidate, topic in due.values_list("pk", "topic")[:CANDIDATES]:
        if directive := _take(candidate, topic):
            return directive
    return None


def _running(topics: list[str]) -> int:
    now = clock.now()
    return Directive.objects.filter(status=Status.RUNNING, topic__in=topics, available_at__gt=now).count()


def _take(pk: int, topic: str) -> Directive | None:
    now = clock.now()
    token = uuid.uuid4()
    handler = handlers.registry().get(topic)
    until = now + timedelta(seconds=handler.lease_seconds if handler else FIRST_LEASE)
    crashed = Case(When(status=Status.RUNNING, then=Value(1)), default=Value(0), output_field=IntegerField())
    taken = Directive.objects.due(now).filter(pk=pk)
    # The due condition is checked again by the UPDATE itself: of two workers one gets 1 row, the other 0.
    if not taken.update(
        status=Status.RUNNING, lease_token=token, lease_until=until, available_at=until, started_at=now, updated_at=now,
        attempts=F("attempts") + 1, crashes=F("crashes") + crashed,
    ):  # fmt: skip
        return None
    return Directive.objects.select_related("actor", "origin_type").filter(pk=pk, lease_token=token).first()


def carry_out(directive: Directive, *, apart: bool = False) -> Outcome:
    """Run the handler of a claimed directive and write down what came of it. Never raises for what a handler did."""
    found = handlers.find(directive.topic)
    if found is None:
        return _park(directive)
    if directive.crashes >= quarantine.CRASHES:
        return quarantine.carry_out(directive, done=done, bury=bury)
    if apart and found[0].heavy:
        wake.forget()
        wake.wake()  # another worker takes over what this one would keep waiting
        return quarantine.carry_out_apart(directive, bury=bury)
    return effect_of(directive, *found)


def effect_of(directive: Directive, handler: Handler, effect: Effect) -> Outcome:
    """Run the handler here and now."""
    system = f"{directive.topic} #{directive.pk}"
    # What the handler says to people, it says in the language of whoever is waiting for it.
    language = getattr(directive.actor, "language", "") or settings.LANGUAGE_CODE
    try:
        with translation.override(language), acting(
            user=directive.actor, reason=directive.reason, system="" if directive.reason else system,
            trace=directive.trace_id,
        ):  # fmt: skip
            if handler.heavy:
                wake.forget()
                wake.wake()  # another worker takes over what this one would keep waiting
            if handler.mode == "long":
                effect(directive)
                done(directive)
            else:
                _effect_and_done(directive, effect)
    except LeaseLost:
        log.warning("The lease of %s was lost; its work was rolled back.", directive)
        return "lost"
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is written down, and tried again
        return _failed(directive, error)
    return "done"


def _effect_and_done(directive: Directive, effect: Effect) -> None:
    for left in range(CONFLICT_TRIES, 0, -1):
        try:
            with transaction.atomic():
                effect(directive)
                done(directive)
            return
        except OperationalError as error:
            if left == 1 or not is_conflict(error):
                raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - jitter


def done(directive: Directive) -> None:
    """Mark as done, if the claim is still ours; LeaseLost rolls back everything in the caller's transaction."""
    now = clock.now()
    _write(directive, status=Status.DONE, finished_at=now, last_error="", lease_token=None, lease_until=None)


def bury(directive: Directive, reason: str) -> Outcome:
    """Give up on the directive: a dead letter, for a person to look at."""
    return _end(directive, Status.DEAD, reason)


def _park(directive: Directive) -> Outcome:
    try:
        _write(
            directive, status=Status.PARKED, lease_token=None, lease_until=None,
            attempts=max(directive.attempts - 1, 0),
            last_error=_("Nothing in this version of the program handles this topic."),
        )  # fmt: skip
    except LeaseLost:
        return "lost"
    log.error("Nothing handles %s; it is parked until something does.", directive)
    return "parked"


def _failed(directive: Directive, error: Exception) -> Outcome:
    text = f"{type(error).__name__}: {error}" if not isinstance(error, Permanent) else str(error)
    if isinstance(error, Permanent):
        log.error("%s failed for good: %s", directive, text)
        return bury(directive, text)
    if directive.attempts >= directive.max_attempts:
        log.error("%s failed %s times and is given up: %s", directive, directive.attempts, text, exc_info=error)
        return bury(directive, text)
    seconds = error.seconds if isinstance(error, RetryLater) else backoff.wait(directive.attempts)
    log.warning("%s failed (attempt %s), again in %.0f s: %s", directive, directive.attempts, seconds, text)
    outcome = _end(directive, Status.FAILED, text, available_at=clock.now() + timedelta(seconds=seconds))
    if outcome == "failed":
        wake.wake(max(seconds, 0.1))
    return outcome


def _end(directive: Directive, status: Directive.Status, error: str, **values: Any) -> Outcome:
    error = mask(error)[:ERROR_LENGTH]
    entry = {"at": clock.now().isoformat(timespec="seconds"), "attempt": directive.attempts, "error": error[:500]}
    if status == Status.DEAD:
        values["finished_at"] = clock.now()
    try:
        _write(
            directive, status=status, last_error=error, errors=[*directive.errors, entry][-ERRORS_KEPT:],
            lease_token=None, lease_until=None, **values,
        )  # fmt: skip
    except LeaseLost:
        return "lost"
    return "dead" if status == Status.DEAD else "failed"


def _write(directive: Directive, **values: Any) -> None:
    mine = Directive.objects.filter(pk=directive.pk, lease_token=directive.lease_token, status=Status.RUNNING)
    with transaction.atomic():
        if directive.lease_token is None or not mine.update(updated_at=clock.now(), **values):
            raise LeaseLost(str(directive))
    for name, value in values.items():
        setattr(directive, name, value)
