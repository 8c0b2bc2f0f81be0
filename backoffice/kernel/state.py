"""States from one table. Buttons are drawn from it, and services go through it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models

from backoffice.kernel.errors import NotAllowed, StaleRevision
from backoffice.kernel.locks import lock

T = TypeVar("T", bound=models.Model)


def allowed(thing: Any) -> tuple[str, ...]:
    """The states that the thing may move to from where it is."""
    return tuple(type(thing).TRANSITIONS.get(thing.status, ()))


def check_revision(thing: Any, revision: int | None) -> None:
    """Raise StaleRevision when the caller saw another revision. None means that the caller does not care."""
    if revision is not None and thing.revision != int(revision):
        raise StaleRevision(thing, expected=int(revision), found=thing.revision)


def _label(thing: Any, status: str) -> str:
    return str(dict(type(thing)._meta.get_field("status").flatchoices).get(status, status))


def advance(thing: T, to: str, *, revision: int | None = None, fields: Sequence[str] = (), locked: bool = False) -> T:
    """Move the thing to another state, under lock, and save it with history and the next revision.

    `fields` names other fields that were set on `thing` and are saved with it. The thing passed in is brought up to
    date and returned; `locked` says that it was read under its lock and is so already. Raises NotAllowed when the table
    has no such step, StaleRevision when another revision is there.
    """
    assert connection.in_atomic_block, "A state is advanced inside a transaction."
    found: Any = thing if locked else lock(thing)
    item: Any = thing
    if hasattr(found, "revision"):
        check_revision(found, revision)
    if to not in type(found).TRANSITIONS.get(found.status, ()):
        raise NotAllowed(thing, current=_label(found, found.status), wanted=_label(found, to))
    item.status = to
    names = ["status", *fields]
    if hasattr(found, "revision"):
        item.revision = found.revision + 1
        names.append("revision")
    if any(field.name == "updated_at" for field in item._meta.fields):
        names.append("updated_at")
    item.save(update_fields=names)
    return thing


def save_revised(thing: T, *, revision: int | None, fields: Sequence[str] | None = None) -> T:
    """Save an edited row as the next revision, under lock. Raises StaleRevision when someone else saved before."""
    assert connection.in_atomic_block, "A revision is saved inside a transaction."
    found: Any = lock(thing)
    check_revision(found, revision)
    return _save_next(thing, found.revision, fields)


def save_locked(thing: T, *, fields: Sequence[str] | None = None) -> T:
    """Save a row as its next revision; the caller locked this very object in this transaction and changed it since."""
    assert connection.in_atomic_block, "A revision is saved inside a transaction."
    item: Any = thing
    return _save_next(thing, item.revision, fields)


def _save_next(thing: T, revision: int, fields: Sequence[str] | None) -> T:
    item: Any = thing
    item.revision = revision + 1
    if fields is None:
        item.save()
    else:
        names = {*fields, "revision"}
        if any(field.name == "updated_at" for field in item._meta.fields):
            names.add("updated_at")
        item.save(update_fields=sorted(names))
    return thing
