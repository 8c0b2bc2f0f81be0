"""Who did it, and why. `acting()` surrounds every request, job and command, and feeds the history tables."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from inspect import getattr_static
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone
from simple_history.models import HistoricalRecords

from backoffice.kernel import rows

T = TypeVar("T", bound=models.Model)


@dataclass(frozen=True)
class Actor:
    """Who acts: a person, or the system on its own; why; and the trace that ties rows and log lines together."""

    user: Any = None
    reason: str = ""
    system: str = ""
    trace: str = ""

    @property
    def why(self) -> str:
        """The reason as the history keeps it, with the system's part in front when a job acted."""
        return f"{self.system}: {self.reason}" if self.system and self.reason else self.system or self.reason


_actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039 - frozen


def current_actor() -> Actor:
    """Whoever acts now; nobody outside `acting()`."""
    return _actor.get()


@contextmanager
def acting(
    user: Any = None, reason: str | None = None, *, system: str | None = None, trace: str | None = None
) -> Iterator[Actor]:
    """Everything inside is done by `user`, for `reason`. Nested, what is not given stays as it was outside."""
    outer = _actor.get()
    given = {"user": user, "reason": reason, "system": system, "trace": trace}
    actor = replace(outer, **{name: value for name, value in given.items() if value is not None})
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


def _user(instance: Any = None, request: Any = None, **kwargs: Any) -> Any:
    return _actor.get().user


@contextmanager
def noting(thing: Any, sentence: str) -> Iterator[None]:
    """The entry that is written inside says, before the reason, what no column of the thing keeps."""
    why = current_actor().why
    thing._change_reason = f"{sentence} · {why}" if sentence and why else sentence or why
    try:
        yield
    finally:
        del thing._change_reason


class AuditTrail(HistoricalRecords):
    """History that knows the actor and the reason without a request."""

    def __init__(self, **kwargs: Any) -> None:
        # As long as people and jobs write it: the library's hundred characters stop the change on PostgreSQL.
        why = models.TextField(blank=True, null=True)
        super().__init__(get_user=_user, history_change_reason_field=why, **kwargs)

    def get_change_reason_for_object(self, instance: Any, history_type: str, using: str | None) -> str | None:
        return getattr(instance, "_change_reason", None) or _actor.get().why or None

    def create_historical_record(self, instance: Any, history_type: str, using: str | None = None) -> None:
        """Write one row beside the change. The library would make a manager's class and a statement for every row."""
        model: Any = type(instance)
        kept = _history_of(model, self.manager_name)
        row = kept(
            history_date=getattr(instance, "_history_date", None) or timezone.now(),
            history_type=history_type,
            history_user=self.get_history_user(instance),
            history_change_reason=self.get_change_reason_for_object(instance, history_type, using),
            **{field.attname: getattr(instance, field.attname) for field in self.fields_included(instance)},
        )
        rows.insert([row])


class Audited(models.Model):
    """A record whose every change is kept with who, when and why.

    What was kept is never changed or deleted: the migration that makes its history also names it in `AppendOnly`.
    """

    history = AuditTrail(inherit=True)

    class Meta:
        abstract = True


@cache
def _history_of(model: type[models.Model], manager_name: str) -> Any:
    """The model of its history. Asked for the manager, the library makes a class for it each time."""
    return getattr_static(model, manager_name).model


def insert(row: T) -> T:
    """Insert one new audited row with its history, by statements that are kept: what `save` does for it, in a third of
    the time. No signal is sent. The actor and reason are those of `acting()`."""
    history = _history_of(type(row), "history")
    actor = _actor.get()
    rows.insert([row])
    kept = history(
        history_date=timezone.now(),
        history_type="+",
        history_user_id=getattr(actor.user, "pk", None),
        history_change_reason=getattr(row, "_change_reason", None) or actor.why or None,
        **{field.attname: getattr(row, field.attname) for field in history.tracked_fields},
    )
    rows.insert([kept])
    return row


def bulk_create(objects: Sequence[T]) -> list[T]:
    """Insert many audited rows, with their history. The actor and reason are those of `acting()`."""
    from backoffice.kernel import bulk

    with transaction.atomic(savepoint=False):
        return bulk.insert(objects)


def bulk_update(objects: Sequence[T], fields: Iterable[str]) -> int:
    """Change the named fields of many audited rows, with their history. Returns how many rows were changed."""
    from backoffice.kernel import bulk

    with transaction.atomic(savepoint=False):
        return bulk.update(objects, fields)
