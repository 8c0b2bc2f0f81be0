"""Seals over the history: every night the rows that are older than an hour get a digest that rests on the one before.

Who writes a history pays nothing for it. A seal says which rows of which table it covers, which columns they had, and
two digests: `content` is SHA-256 over the rows, `digest` is SHA-256 over the seal's own columns and the digest of the
seal before it, whatever table that was of. So there is one chain; see docs/adr/0018.

A row is a line of JSON: its values in the order of the columns, in ASCII, keys of objects sorted, without spaces.
Exact numbers are texts with all their decimals, instants are ISO texts in UTC with six digits of a second, nothing is
null. So SQLite and PostgreSQL give the same.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Min
from simple_history.models import HistoricalChanges

from backoffice.kernel import clock
from backoffice.observability.models import AuditSeal
from backoffice.outbox import directives
from backoffice.outbox.models import Directive

TOPIC = "audit.seal"
NIGHT = 2
"""From this hour on what the day before wrote is sealed."""
AGE = timedelta(hours=1)
"""What is younger is not sealed yet: it may still be written."""
ROWS = 10_000
"""So many rows a seal, at most."""
AT_ONCE = 2_000
"""So many rows are in memory."""

logger = logging.getLogger("backoffice.audit")


def histories() -> dict[str, Any]:
    """The models of all histories, by their tables."""
    found = [model for model in apps.get_models() if issubclass(model, HistoricalChanges)]
    return {model._meta.db_table: model for model in sorted(found, key=lambda model: model._meta.db_table)}


def start() -> Directive:
    """Seal as a job, once a night."""
    return directives.issue(TOPIC, dedupe_key=f"night:{clock.today()}")


def due() -> bool:
    """Whether the night of this day has begun."""
    return clock.now() >= clock.at(clock.today(), NIGHT)


def carry_out(directive: Directive) -> None:
    """Seal what is old enough; a job that was interrupted goes on where the chain ends."""
    seal(settled(), lambda: directives.heartbeat(directive))


def settled() -> datetime:
    """What was noted before this instant is complete: an hour before now, and before whatever is still written."""
    oldest = clock.now()
    if connection.vendor == "postgresql":  # on SQLite rows appear in the order of their keys: there is one writer
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT min(xact_start) FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            began = cursor.fetchone()[0]
        oldest = min(oldest, began or oldest)
    return oldest - AGE


def seal(before: datetime, alive: Callable[[], Any] = lambda: None) -> int:
    """Seal all rows noted before this instant, table by table. Returns how many. Whoever else does it meanwhile, there
    is one chain. `alive` is called inside each transaction."""
    count = 0
    for table, model in histories().items():
        until = _until(model, _sealed_to(table), before)
        while until is not None and (rows := _next(table, model, until, alive)) is not None:
            count += rows
    if count:
        # Beside the database, where nobody who can write there can change it.
        logger.info("history sealed: rows=%d seals=%d chain=%s", count, AuditSeal.objects.count(), head())
    return count


def again(table: str, reason: str, before: datetime) -> int:
    """Seal a table anew from its first row on, as it is now, and say why: after a migration changed its columns, or
    when a difference was looked into. The old seals stay, but what they say is not compared any more. Raises
    ValueError."""
    model = histories().get(table)
    if model is None:
        raise ValueError(f"There is no history {table}.")
    if not reason.strip():
        raise ValueError("Say why.")
    until = _until(model, 0, before)
    if until is None:
        return 0
    logger.warning("history sealed anew: table=%s reason=%s", table, reason.strip())
    return (_next(table, model, until, lambda: None, reason=reason.strip()) or 0) + seal(before)


def head() -> str:
    """The digest of the newest seal; blank when there is none."""
    return AuditSeal.objects.order_by("-pk").values_list("digest", flat=True).first() or ""


def content(model: Any, columns: Sequence[str], first: int, last: int) -> tuple[int, str]:
    """How many rows have these keys, and the digest of them. Raises LookupError when a column is not there."""
    named = {field.column: field for field in model._meta.concrete_fields}
    fields = [named[column].attname for column in columns]
    said, count, key = hashlib.sha256(), 0, fields.index(model._meta.pk.attname)
    rows = model.objects.filter(pk__lte=last).order_by("pk").values_list(*fields)
    rest = rows.filter(pk__gte=first) if first > 1 else rows  # a key below the first would be forged
    while True:
        lines = list(rest[:AT_ONCE])
        for line in lines:
            said.update(_line(line).encode("ascii") + b"\n")
        count += len(lines)
        if len(lines) < AT_ONCE:
            return count, said.hexdigest()
        rest = rows.filter(pk__gt=lines[-1][key])


def digest(seal: AuditSeal) -> str:
    """What its own columns and the digest before it come to."""
    said = [
        seal.previous, seal.table, seal.first_id, seal.last_id, seal.rows, seal.columns, seal.content, seal.sealed_at,
        seal.reason,
    ]  # fmt: skip
    return hashlib.sha256(_line(said).encode("ascii")).hexdigest()


def _next(table: str, model: Any, until: int, alive: Callable[[], Any], *, reason: str = "") -> int | None:
    """Write the next seal of a table, up to this key. None when there was nothing left to seal."""
    while True:
        done = 0 if reason else _sealed_to(table)
        if done >= until:
            return None
        keys = model.objects.filter(pk__gt=done, pk__lte=until).order_by("pk").values_list("pk", flat=True)
        last = keys[ROWS - 1 : ROWS].first() or until
        columns = [field.column for field in model._meta.concrete_fields if not field.generated]
        rows, said = content(model, columns, done + 1, last)
        try:
            with transaction.atomic():
                alive()
                # The end of the chain is read first: whoever sealed these rows since has moved one of the two.
                link = AuditSeal(
                    previous=head(), table=table, first_id=done + 1, last_id=last, rows=rows, columns=columns,
                    content=said, sealed_at=clock.now(), reason=reason,
                )  # fmt: skip
                if not reason and _sealed_to(table) != done:
                    continue
                link.digest = digest(link)
                link.save(force_insert=True)
        except IntegrityError:  # somebody else went on with the chain
            continue
        return rows


def _sealed_to(table: str) -> int:
    """The last key that is sealed."""
    newest = AuditSeal.objects.filter(table=table).order_by("-pk")
    return newest.values_list("last_id", flat=True).first() or 0


def _until(model: Any, done: int, before: datetime) -> int | None:
    """The last key below which everything was noted before this instant."""
    fresh = model.objects.filter(pk__gt=done)
    young = fresh.filter(history_date__gte=before).aggregate(key=Min("pk"))["key"]
    old = fresh if young is None else fresh.filter(pk__lt=young)
    last: int | None = old.aggregate(key=Max("pk"))["key"]
    return last


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    raise TypeError(f"{value!r} cannot be sealed.")


_encoder = json.JSONEncoder(separators=(",", ":"), sort_keys=True, allow_nan=False, default=_plain)


def _line(values: Sequence[Any]) -> str:
    return _encoder.encode(values)
