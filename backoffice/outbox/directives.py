"""Issuing directives, and what a handler may ask of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction

from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.outbox import handlers, wake
from backoffice.outbox.backoff import MAX_ATTEMPTS
from backoffice.outbox.errors import LeaseLost
from backoffice.outbox.models import Directive

PAYLOAD_LIMIT = 4000


def issue(
    topic: str,
    *,
    payload: Mapping[str, Any] | None = None,
    origin: models.Model | None = None,
    dedupe_key: str | None = None,
    available_at: datetime | None = None,
    max_attempts: int | None = None,
) -> Directive:
    """Write down a side effect inside the caller's transaction; a worker is woken once that commits.

    The payload holds ids only. With a `dedupe_key` the topic is issued once per key: again, it returns the first one.
    Who acts and why is taken along, so that the history of what the handler changes names the same person.
    Raises ValueError when the payload is not small JSON.
    """
    actor = current_actor()
    values = dict(payload or {})
    if len(json.dumps(values)) > PAYLOAD_LIMIT:
        raise ValueError("A directive's payload holds ids, not data.")
    if dedupe_key and (found := Directive.objects.filter(topic=topic, dedupe_key=dedupe_key).first()):
        return found
    now = clock.now()
    directive = Directive(
        topic=topic,
        payload=values,
        origin_type=ContentType.objects.get_for_model(origin) if origin is not None else None,
        origin_id=origin.pk if origin is not None else None,
        dedupe_key=dedupe_key or None,
        available_at=available_at or now,
        max_attempts=max_attempts or MAX_ATTEMPTS,
        actor=actor.user if getattr(actor.user, "pk", None) else None,
        reason=actor.why[:200],
        trace_id=actor.trace or uuid.uuid4().hex,
    )
    try:
        # bulk_create writes no history row: the directive is its own record, see the model.
        with transaction.atomic(savepoint=bool(dedupe_key)):
            Directive.objects.bulk_create([directive])
    except IntegrityError:
        if not dedupe_key:
            raise
        return Directive.objects.get(topic=topic, dedupe_key=dedupe_key)
    delay = (directive.available_at - now).total_seconds()
    transaction.on_commit(lambda: wake.wake(delay), robust=True)
    return directive


def issue_many(
    topic: str,
    payloads: Sequence[Mapping[str, Any]],
    *,
    origin: models.Model | None = None,
    available_at: datetime | None = None,
) -> list[Directive]:
    """The same for many payloads at once, in one statement and with one waking. None of them has a key."""
    if any(len(json.dumps(payload)) > PAYLOAD_LIMIT for payload in payloads):
        raise ValueError("A directive's payload holds ids, not data.")
    actor = current_actor()
    now = clock.now()
    trace = actor.trace or uuid.uuid4().hex
    rows = [
        Directive(
            topic=topic, payload=dict(payload),
            origin_type=ContentType.objects.get_for_model(origin) if origin is not None else None,
            origin_id=origin.pk if origin is not None else None, available_at=available_at or now,
            max_attempts=MAX_ATTEMPTS, actor=actor.user if getattr(actor.user, "pk", None) else None,
            reason=actor.why[:200], trace_id=trace,
        )
        for payload in payloads
    ]  # fmt: skip
    if rows:
        Directive.objects.bulk_create(rows)
        delay = ((available_at or now) - now).total_seconds()
        transaction.on_commit(lambda: wake.wake(delay), robust=True)
    return rows


def heartbeat(directive: Directive) -> None:
    """A long handler says that it is alive: the lease starts anew. Raises LeaseLost when it is no longer its own.

    Called inside the handler's transaction it also guards it: whoever lost the lease writes nothing.
    """
    handler = handlers.registry()[directive.topic]
    until = clock.now() + timedelta(seconds=handler.lease_seconds)
    mine = Directive.objects.filter(pk=directive.pk, lease_token=directive.lease_token, status=Directive.Status.RUNNING)
    if directive.lease_token is None or not mine.update(lease_until=until, available_at=until):
        raise LeaseLost(str(directive))
    directive.lease_until = directive.available_at = until
