"""Writing rows on the paths that run for every line sold: the statement is kept, only the values change.

What `bulk_create` and `save(update_fields=…)` do, without building their SQL anew each time. No signal is sent and no
history written: for rows that are their own record, or whose caller sees to it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, models

from backoffice.kernel.fields import FixedPointField
from backoffice.kernel.plans import plain, planned

Row = TypeVar("Row", bound=models.Model)

MOST = 50
FEW = 8
"""Of so many rows at once PostgreSQL keeps the plan: each number of them is a statement."""
AS_IT_IS = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)
"""Fields whose whole numbers and texts go to the driver unchanged."""


def insert(rows: Iterable[Row]) -> list[Row]:
    """Insert new rows of one model in one statement, and give them their keys. Their links are saved before."""
    new = list(rows)
    if not new:
        return new
    model = type(new[0])
    if len(new) > MOST:
        if not connection.in_atomic_block:
            return model._base_manager.bulk_create(new)
        from backoffice.kernel import bulk  # which writes history, and so needs what this module gives to the audit

        return bulk.insert(new, history=False)
    return _write(new, _insert(model, len(new)) + _key(model))


def _write(new: list[Row], sql: str) -> list[Row]:
    fields = _columns(type(new[0]))
    database = connections[DEFAULT_DB_ALIAS]  # not the proxy, which would look it up for every field
    params = [value for row in new for value in _prepared(fields, row, True, database)]
    keys = run(sql, params, kept=len(new) <= FEW)
    for row, (key,) in zip(new, keys, strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, database.alias
    return new


def upsert(rows: Iterable[Row], *, unique: tuple[str, ...], fields: tuple[str, ...]) -> list[Row]:
    """Insert rows, or write the named fields of those that are there with the same unique ones."""
    new = list(rows)
    if not new:
        return new
    model = type(new[0])
    if len(new) > MOST:
        return model._base_manager.bulk_create(new, update_conflicts=True, unique_fields=unique, update_fields=fields)
    return _write(new, _insert(model, len(new)) + _conflict(model, unique, fields) + _key(model))


def save(row: models.Model, fields: Iterable[str]) -> None:
    """Write the named fields of a row that is there; its `updated_at` moves along when it has one.

    Raises DatabaseError when the row is gone.
    """
    save_all([row], fields)


def save_all(rows: Iterable[models.Model], fields: Iterable[str]) -> None:
    """Write the named fields of rows of one model that are there, each row's own values, in one statement.

    Raises DatabaseError when one of them is gone.
    """
    there = list(rows)
    if not there:
        return
    model = type(there[0])
    columns = _named(model, tuple(fields))
    database = connections[DEFAULT_DB_ALIAS]
    lines = [[*_prepared(columns, row, False, database), row.pk] for row in there]
    if database.vendor == "postgresql" and len(lines) > 1:
        written = 0
        for start in range(0, len(lines), MOST):
            part = lines[start : start + MOST]
            written += _changed(_update_all(model, columns, len(part)), [value for line in part for value in line])
    elif len(lines) > 1:
        with database.cursor() as cursor:
            cursor.executemany(_update(model, columns), lines)
            written = int(cursor.rowcount)
    else:
        written = _changed(_update(model, columns), lines[0])
    if written != len(there):
        raise DatabaseError(f"{there[0]!r} is gone." if len(there) == 1 else f"Some of {there!r} are gone.")


def run(sql: str, params: Sequence[Any], *, kept: bool = True) -> list[Any]:
    """Run a statement that returns rows; its plan is `kept` where the database can keep it."""
    with _cursor(kept) as (cursor, adapt):
        cursor.execute(sql, adapt(params))
        return list(cursor.fetchall())


def _changed(sql: str, params: Sequence[Any]) -> int:
    with _cursor(len(params) <= FEW * FEW) as (cursor, adapt):
        cursor.execute(sql, adapt(params))
        return int(cursor.rowcount)


@contextmanager
def _cursor(kept: bool) -> Iterator[tuple[Any, Callable[[Sequence[Any]], Sequence[Any]]]]:
    database = connections[DEFAULT_DB_ALIAS]
    if not kept or database.vendor != "postgresql":
        with database.cursor() as cursor:
            yield cursor, _as_they_are
        return
    with planned(database), database.cursor() as cursor:
        yield cursor, plain


def _as_they_are(params: Sequence[Any]) -> Sequence[Any]:
    return params


def _prepared(fields: tuple[Any, ...], row: models.Model, adding: bool, database: Any) -> list[Any]:
    """The row's values as the driver takes them: what `pre_save` and `get_db_prep_save` give, without asking them
    where the field has nothing of its own to say."""
    found = []
    inside, moment_of = row.__dict__, database.ops.adapt_datetimefield_value
    for field, name, as_they_are, exactly, is_moment in _ways(fields):
        value = (inside[name] if name in inside else getattr(row, name)) if name else field.pre_save(row, adding)
        kind = type(value)
        if value is None or kind in as_they_are:
            found.append(value)
        elif exactly is not None and kind is Decimal:
            found.append(exactly(value))
        elif is_moment and kind is datetime and value.tzinfo is not None:
            found.append(moment_of(value))
        else:
            found.append(field.get_db_prep_save(value, database))
    return found


@cache
def _ways(fields: tuple[Any, ...]) -> list[tuple[Any, str, tuple[type, ...], Callable[[Decimal], int] | None, bool]]:
    """Of each field: the attribute that is its value (blank: it works that out itself), the types that go to the driver
    unchanged, how a Decimal becomes a whole number, and whether it is a moment."""
    return [
        (
            field,
            field.attname if type(field).pre_save is models.Field.pre_save else "",
            (int, str) if isinstance(field, AS_IT_IS) else (),
            field.scale if isinstance(field, FixedPointField) else None,
            type(field) is models.DateTimeField,
        )
        for field in fields
    ]


@cache
def _columns(model: type[models.Model]) -> tuple[Any, ...]:
    return tuple(field for field in model._meta.local_concrete_fields if not field.primary_key)


@cache
def _named(model: type[models.Model], names: tuple[str, ...]) -> tuple[Any, ...]:
    found = {_field(model, name): None for name in names}
    stamps = {field: None for field in model._meta.concrete_fields if getattr(field, "auto_now", False)}
    return tuple(found | stamps)


@cache
def _insert(model: type[models.Model], count: int) -> str:
    quote: Any = connection.ops.quote_name
    fields = _columns(model)
    names = ", ".join(quote(field.column) for field in fields)
    marks = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    return f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES {marks}"  # noqa: S608 - names only


@cache
def _conflict(model: type[models.Model], unique: tuple[str, ...], fields: tuple[str, ...]) -> str:
    quote: Any = connection.ops.quote_name
    column = {name: quote(_field(model, name).column) for name in (*unique, *fields)}
    sets = ", ".join(f"{column[name]} = excluded.{column[name]}" for name in fields)
    return f" ON CONFLICT ({', '.join(column[name] for name in unique)}) DO UPDATE SET {sets}"


@cache
def _key(model: type[models.Model]) -> str:
    quote: Any = connection.ops.quote_name
    return f" RETURNING {quote(model._meta.pk.column)}"


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


@cache
def _update_all(model: type[models.Model], columns: tuple[Any, ...], count: int) -> str:
    """For PostgreSQL: the types of the first line are those of all."""
    quote: Any = connection.ops.quote_name
    key: Any = model._meta.pk
    sets = ", ".join(f"{quote(field.column)} = new.column{at}" for at, field in enumerate(columns, start=1))
    kinds = [*(field.db_type(connection) for field in columns), key.rel_db_type(connection)]
    first = ", ".join(f"%s::{kind}" for kind in kinds)
    other = ", ".join(["%s"] * (len(columns) + 1))
    lines = ", ".join([f"({first})", *[f"({other})"] * (count - 1)])
    table = quote(model._meta.db_table)
    return (
        f"UPDATE {table} SET {sets} FROM (VALUES {lines}) AS new "  # noqa: S608 - names only
        f"WHERE {table}.{quote(key.column)} = new.column{len(columns) + 1}"
    )


@cache
def _update(model: type[models.Model], columns: tuple[Any, ...]) -> str:
    quote: Any = connection.ops.quote_name
    sets = ", ".join(f"{quote(field.column)} = %s" for field in columns)
    return f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE {quote(model._meta.pk.column)} = %s"  # noqa: S608 - names only
