"""What PostgreSQL plans once and keeps, for statements that it is sent again and again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

SEEN_BEFORE = 2
"""A statement that PostgreSQL saw this often on a connection is worth a plan that is kept."""
KEPT = 600
"""So many plans a connection keeps. The driver's hundred are fewer than what a sale and a few lists ask; what is put
out has to be planned again."""


@contextmanager
def planned(database: Any) -> Iterator[None]:
    """Inside, PostgreSQL is sent the values apart from the statement, and so keeps its plan too: planning a look-up
    costs it more than doing it."""
    if database.vendor != "postgresql":
        yield
        return
    database.ensure_connection()
    link = database.connection
    if link.prepared_max is not None and link.prepared_max < KEPT:
        link.prepared_max = KEPT
    before = link.cursor_factory, link.prepare_threshold
    link.cursor_factory, link.prepare_threshold = _binding(), SEEN_BEFORE
    try:
        yield
    finally:
        link.cursor_factory, link.prepare_threshold = before


@cache
def _binding() -> Any:
    from django.db.backends.postgresql.base import ServerBindingCursor

    return ServerBindingCursor


@cache
def whole() -> Any:
    """The type in which PostgreSQL is sent whole numbers."""
    from psycopg.types.numeric import Int8

    return Int8


def plain(params: Sequence[Any]) -> list[Any]:
    """Values as PostgreSQL is sent them apart from a statement: whole numbers of one type, so that 7 and 70,000 share
    a plan."""
    number = whole()
    return [number(value) if type(value) is int else value for value in params]
