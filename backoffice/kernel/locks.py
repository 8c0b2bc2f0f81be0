"""Row locks, and trying again when the database asks for it."""

import random
import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, models, transaction
from django.db.transaction import TransactionManagementError

from backoffice.kernel.compiled import Compiled

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
M = TypeVar("M", bound=models.Model)

TRIES = 6
SQLSTATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available


def lock(thing: M) -> M:
    """The thing as it is now, locked until the transaction ends. On SQLite the transaction itself is the lock."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("A row is locked inside a transaction.")
    model: Any = type(thing)
    for found in _locking(type(thing))(thing.pk):
        return found
    raise model.DoesNotExist(f"{thing!r} is gone.")


@cache
def _locking(model: type[M]) -> Compiled[M]:
    return Compiled(lambda pk: model._base_manager.select_for_update().filter(pk=pk))


def is_conflict(error: OperationalError) -> bool:
    """Whether the database gave up because of another transaction, so that the same work may succeed again."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) in SQLSTATES or "locked" in str(error) or "busy" in str(error)


def retry_conflict(work: Callable[P, R]) -> Callable[P, R]:
    """Run `work`, which is one whole transaction, again when the database refused it because of another one.

    Inside an open transaction it runs once: only the outermost caller can try again. `work` opens its transaction
    itself (`@retry_conflict` above `@transaction.atomic`), so that there is one and no savepoint inside it.
    """

    @wraps(work)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return work(*args, **kwargs)
        for attempt in range(TRIES):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                if attempt == TRIES - 1 or not is_conflict(error):
                    raise
                time.sleep(random.uniform(0.01, 0.04 * 2**attempt))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    return again


def whole(work: Callable[P, R]) -> Callable[P, R]:
    """`work` as one transaction, tried again like `retry_conflict`; what it calls that is `joined` is a part of it.

    All of it happens or nothing: `work` lets every refusal pass, and goes on after none.
    """
    return retry_conflict(_in_one_piece(work))


def _in_one_piece(work: Callable[P, R]) -> Callable[P, R]:
    @wraps(work)
    def one(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            state = connections[DEFAULT_DB_ALIAS].__dict__  # the connection's own: the proxy is one for all threads
            before, state["in_one_piece"] = state.get("in_one_piece", False), True
            try:
                return work(*args, **kwargs)
            finally:
                state["in_one_piece"] = before

    return one


def whole_after(look: Callable[P, S]) -> Callable[[Callable[Concatenate[S, P], R]], Callable[P, R]]:
    """`whole`, after `look`, whose answer `work` is given first. What is read and reckoned there nobody waits for: on
    SQLite all who write wait for each other.

    `look` changes nothing, is asked anew with every try, and holds no lock: what must still be so when `work` writes,
    `work` asks again.
    """

    def around(work: Callable[Concatenate[S, P], R]) -> Callable[P, R]:
        inside = _in_one_piece(work)

        @retry_conflict
        @wraps(work)
        def one(*args: P.args, **kwargs: P.kwargs) -> R:
            return inside(look(*args, **kwargs), *args, **kwargs)

        return one

    return around


def as_seen(seen: models.Model, now: models.Model) -> bool:
    """Whether a row that was read without a lock is, field by field, as it is under the lock."""
    return all(getattr(seen, field.attname) == getattr(now, field.attname) for field in now._meta.concrete_fields)


def joined(work: Callable[P, R]) -> Callable[P, R]:
    """`work` in a transaction or, inside another one, as a savepoint; a part of one that is `whole` needs neither,
    which saves two statements."""
    alone = transaction.atomic(work)

    @wraps(work)
    def part(*args: P.args, **kwargs: P.kwargs) -> R:
        return (work if connections[DEFAULT_DB_ALIAS].__dict__.get("in_one_piece") else alone)(*args, **kwargs)

    return part
