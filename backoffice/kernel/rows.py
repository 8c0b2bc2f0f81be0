"""Writing rows on the paths that run for every line sold: the statement is kept, only the values change.

What `bulk_create` and `save(update_fields=…)` do, without building their SQL anew each time. No signal is sent and no
history written: for rows that are their own record, or whose caller sees to it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, models

Row = TypeVar("Row", bound=models.Model)

MOST = 50
AS_IT_IS = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)
"""Fields whose whole numbers and texts go to the driver unchanged."""


def insert(rows: Iterable[Row]) -> list[Row]:
    """Insert new rows of one model in one statement, and give them their keys. Their links are saved before."""
    new = list(rows)
    if not new:
        return new
    model = type(new[0])
    if len(new) > MOST:
        return model._base_manager.bulk_create(new)
    return _write(new, _insert(model, len(new)) + _key(model))


def _write(new: list[Row], sql: str) -> list[Row]:
    fields = _columns(type(new[0]))
    database = connections[DEFAULT_DB_ALIAS]  # not the proxy, which would look it up for every field
    params = [_prepared(field, row, True, database) for row in new for field in fields]
    with database.cursor() as cursor:
        cursor.execute(sql, params)
        keys = cursor.fetchall()
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
    columns = _named(type(row), tuple(fields))
    database = connections[DEFAULT_DB_ALIAS]
    params = [_prepared(field, row, False, database) for field in columns]
    with database.cursor() as cursor:
        cursor.execute(_update(type(row), columns), [*params, row.pk])
        if cursor.rowcount != 1:
            raise DatabaseError(f"{row!r} is gone.")


def _prepared(field: Any, row: models.Model, adding: bool, database: Any) -> Any:
    value = field.pre_save(row, adding)
    if value is None or (type(value) in (int, str) and isinstance(field, AS_IT_IS)):
        return value
    return field.get_db_prep_save(value, database)


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
def _update(model: type[models.Model], columns: tuple[Any, ...]) -> str:
    quote: Any = connection.ops.quote_name
    sets = ", ".join(f"{quote(field.column)} = %s" for field in columns)
    return f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE {quote(model._meta.pk.column)} = %s"  # noqa: S608 - names only
