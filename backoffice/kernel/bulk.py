"""Many rows at once, with their history, without building a statement and a history object for every one of them.

Values are prepared column by column and written with what each database is best at: `executemany` on SQLite, COPY on
PostgreSQL. Constraints and triggers hold as ever; signals and `save()` are not called, as with `bulk_create`.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, partial
from operator import attrgetter
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.db import connection, connections, models
from django.utils import timezone

from backoffice.kernel import audit

T = TypeVar("T", bound=models.Model)
Happened = Literal["+", "~", "-"]
Columns = dict[str, list[Any]]

AS_THEY_ARE = {str, int, bool, type(None)}
JSON = {list, dict, type(None)}
PLAIN = {
    "AutoField", "BigAutoField", "BooleanField", "BigIntegerField", "CharField", "ForeignKey", "IntegerField",
    "OneToOneField", "PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "SlugField",
    "SmallIntegerField", "TextField",
}  # fmt: skip
# What a JSON text says without a doubt, as far as PostgreSQL reads it back by the column's type.
SAID_AS_JSON = {*AS_THEY_ARE, datetime, date, time, Decimal, UUID}
UPDATED_AT_ONCE = 500


def blanks(model: type[T]) -> Callable[[], T]:
    """A function that makes new rows as `model()` would, at a tenth of the cost. For models that nobody listens to when
    they are made, and without an `__init__` of their own."""
    assert not any(signal.has_listeners(model) for signal in (models.signals.pre_init, models.signals.post_init))
    assert model.__init__ is models.Model.__init__
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    asked = [(field.attname, field.default) for field in fields if field.has_default() and callable(field.default)]
    values = model().__dict__

    def blank() -> T:
        row = model.__new__(model)
        row.__dict__.update(values)
        row._state = models.base.ModelState()
        for name, default in asked:
            row.__dict__[name] = default()
        return row

    return blank


def insert(rows: Sequence[T], *, history: bool | None = None) -> list[T]:
    """Insert new rows and give them their keys. Audited models get their history, unless `history` is False.

    The caller holds a transaction. Raises IntegrityError as a save would; then nothing of it remains.
    """
    if not rows:
        return []
    assert connection.in_atomic_block, "Many rows are written inside a transaction."
    model = type(rows[0])
    if isinstance(model._meta.pk, models.AutoField):  # others bring their key along
        for row, key in zip(rows, _keys(model, len(rows)), strict=True):
            row.pk = key
    columns = _prepared(rows, [field for field in model._meta.concrete_fields if not field.generated], add=True)
    _insert(model, columns)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
    if history is None:
        history = hasattr(model, "history")
    if history:
        _remember_written(rows, "+")
    return list(rows)


def update(rows: Sequence[T], fields: Iterable[str]) -> int:
    """Write the named fields of saved rows, each row's own values, with history. Returns how many rows were written.

    The caller holds a transaction and has locked the rows.
    """
    if not rows:
        return 0
    assert connection.in_atomic_block, "Many rows are written inside a transaction."
    model = type(rows[0])
    written: list[Any] = [model._meta.get_field(name) for name in dict.fromkeys(fields)]
    columns = _prepared(rows, [model._meta.pk, *written], add=False)
    count = _update(model, [field.attname for field in written], columns)
    if hasattr(model, "history"):
        _remember_written(rows, "~")
    return count


def remember(rows: Sequence[models.Model], happened: Happened) -> None:
    """Write the history of rows that the caller created, changed or is about to delete."""
    if rows:
        _remember(rows, happened)


# --- values -------------------------------------------------------------------------------------------------------
def _prepared(rows: Sequence[models.Model], fields: Sequence[Any], *, add: bool) -> Columns:
    """What the database is given, by attribute, in the order of the rows."""
    for field in fields:
        if field.is_relation:
            for row in rows:
                if field.is_cached(row):
                    _adopt(row, field)
    return {field.attname: _column(rows, field, add) for field in fields}


def _adopt(row: Any, field: Any) -> None:
    """A row that was assigned before it had a key has one by now."""
    other = getattr(row, field.name)
    if other is not None and getattr(row, field.attname) is None:
        setattr(row, field.attname, getattr(other, field.target_field.attname))


def _column(rows: Sequence[models.Model], field: Any, add: bool) -> list[Any]:
    if add and _is_stamped(field):
        moment = field.pre_save(rows[0], add)  # they are written together
        for row in rows:
            setattr(row, field.attname, moment)
        values = [moment] * len(rows)
    elif add and type(field).pre_save is not models.Field.pre_save:
        values = [field.pre_save(row, add) for row in rows]
    else:
        values = list(map(attrgetter(field.attname), rows))
    if isinstance(field, models.JSONField) and JSON.issuperset(map(type, values)):
        return _as_texts(values, field) if add else _as_json_values(values, field)
    if _is_plain(field):
        if not AS_THEY_ARE.issuperset(map(type, values)):
            values = [value.value if isinstance(value, models.Choices) else value for value in values]
        if AS_THEY_ARE.issuperset(map(type, values)):
            return values
    prepared = _each(values, partial(field.get_db_prep_save, connection=connections[connection.alias]))
    if add and isinstance(field, models.DateField):
        return _each(prepared, lambda moment: None if moment is None else str(moment))  # a text needs no more forming
    return prepared


def _as_texts(values: Iterable[Any], field: Any) -> list[str | None]:
    """What both databases are given of JSON for a new row: once, for the row and not again for its history."""
    dumps = json.dumps if field.encoder is None else partial(json.dumps, cls=field.encoder)
    known: dict[type, str] = {list: "[]", dict: "{}"}
    return [value if value is None else dumps(value) if value else known[type(value)] for value in values]


def _as_json_values(values: Iterable[Any], field: Any) -> list[Any]:
    adapted = connections[connection.alias].ops.adapt_json_value
    return [value if value is None else adapted(value, field.encoder) for value in values]


def _each(values: Iterable[Any], prepare: Callable[[Any], Any]) -> list[Any]:
    """Every value prepared; the same one only once."""
    known: dict[Any, Any] = {}
    found = []
    for value in values:
        try:
            key = (type(value), value)
            if key not in known:
                known[key] = prepare(value)
            found.append(known[key])
        except TypeError:  # a list or a dict is no key
            found.append(prepare(value))
    return found


@cache
def _is_stamped(field: Any) -> bool:
    """Whether it says when the row was made or saved."""
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


@cache
def _is_plain(field: Any) -> bool:
    """Whether texts, whole numbers, truths and nothing go to the database as they are."""
    return type(field).__module__.startswith("django.db.models.fields") and field.get_internal_type() in PLAIN


# --- statements ---------------------------------------------------------------------------------------------------
def _keys(model: type[models.Model], count: int) -> list[int]:
    """New primary keys, in order."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # The transaction holds the write lock, so nobody else can be given these.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            last = (cursor.fetchone() or [0])[0]
            return list(range(last + 1, last + 1 + count))
        assert model._meta.pk is not None
        named = [connection.ops.quote_name(table), model._meta.pk.column, count]
        # Its inner query is asked once; as a mere argument the sequence would be looked for again for every key.
        statement = "SELECT nextval((SELECT pg_get_serial_sequence(%s, %s)::regclass)) FROM generate_series(1, %s)"
        cursor.execute(statement, named)
        return [key for (key,) in cursor.fetchall()]


def _insert(model: type[models.Model], columns: Columns) -> None:
    quote = connection.ops.quote_name
    fields: dict[str, Any] = {field.attname: field.column for field in model._meta.concrete_fields}
    names = ", ".join(quote(fields[name]) for name in columns)
    table = quote(model._meta.db_table)
    lines = zip(*columns.values(), strict=True)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", list(lines))  # noqa: S608 - own names
            return
        with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for line in lines:
                copy.write_row(line)


def _update(model: type[models.Model], names: Sequence[str], columns: Columns) -> int:
    quote = connection.ops.quote_name
    key: Any = model._meta.pk
    fields: dict[str, Any] = {field.attname: field for field in model._meta.concrete_fields}
    table, key_column = quote(model._meta.db_table), quote(key.column)
    lines = list(zip(*(columns[name] for name in names), columns[key.attname], strict=True))
    if connection.vendor == "sqlite":
        setting = ", ".join(f"{quote(fields[name].column)} = %s" for name in names)
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {setting} WHERE {key_column} = %s", lines)  # noqa: S608 - own names
        return len(lines)
    if {*SAID_AS_JSON, _jsonb()}.issuperset(type(value) for name in (*names, key.attname) for value in columns[name]):
        return _update_from_json(model, names, lines)
    setting = ", ".join(f"{quote(fields[name].column)} = new.{quote(fields[name].column)}" for name in names)
    kinds = [fields[name].db_type(connection) for name in names] + [key.rel_db_type(connection)]
    first = ", ".join(f"%s::{kind}" for kind in kinds)  # the first line tells the types of all
    other = ", ".join(["%s"] * len(kinds))
    head = ", ".join([*(quote(fields[name].column) for name in names), key_column])
    count = 0
    for start in range(0, len(lines), UPDATED_AT_ONCE):
        part = lines[start : start + UPDATED_AT_ONCE]
        values = ", ".join([f"({first})", *[f"({other})"] * (len(part) - 1)])
        statement = (
            f"UPDATE {table} SET {setting} FROM (VALUES {values}) AS new ({head}) "  # noqa: S608 - own names
            f"WHERE {table}.{key_column} = new.{key_column}"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [value for line in part for value in line])
            count += cursor.rowcount
    return count


def _update_from_json(model: type[models.Model], names: Sequence[str], lines: Sequence[tuple[Any, ...]]) -> int:
    """All rows as one text: a tenth of the work of a statement with a place for every value."""
    quote = connection.ops.quote_name
    key: Any = model._meta.pk
    fields: dict[str, Any] = {field.attname: field for field in model._meta.concrete_fields}
    table = quote(model._meta.db_table)
    heads = [f"c{number}" for number in range(len(names) + 1)]
    setting = ", ".join(f"{quote(fields[name].column)} = new.{head}" for name, head in zip(names, heads, strict=False))
    kinds = [fields[name].db_type(connection) for name in names] + [key.rel_db_type(connection)]
    told = ", ".join(f"{head} {kind}" for head, kind in zip(heads, kinds, strict=True))
    statement = (
        f"UPDATE {table} SET {setting} FROM json_to_recordset(%s::json) AS new({told}) "  # noqa: S608 - own names
        f"WHERE {table}.{quote(key.column)} = new.{heads[-1]}"
    )
    count = 0
    with connection.cursor() as cursor:
        for start in range(0, len(lines), UPDATED_AT_ONCE):
            part = [dict(zip(heads, line, strict=True)) for line in lines[start : start + UPDATED_AT_ONCE]]
            cursor.execute(statement, [json.dumps(part, default=_as_json, separators=(",", ":"))])
            count += cursor.rowcount
    return count


@cache
def _jsonb() -> Any:
    """What PostgreSQL is sent JSON in. A shop on SQLite does not load its driver."""
    from psycopg.types.json import Jsonb

    return Jsonb


def _as_json(value: Any) -> Any:
    if isinstance(value, _jsonb()):
        dumps = value.dumps or json.dumps
        return value.obj if dumps is json.dumps else json.loads(dumps(value.obj))
    return str(value)


# --- history ------------------------------------------------------------------------------------------------------
def _remember_written(rows: Sequence[Any], happened: Happened) -> None:
    """Copy rows as they stand in the database now: nothing goes there and back."""
    model, history = type(rows[0]), type(rows[0]).history.model
    quote = connection.ops.quote_name
    key: Any = model._meta.pk
    told = {name: values[0] for name, values in _told(history, happened, 1).items()}
    names = [field.attname for field in history.tracked_fields]
    kept = [history._meta.get_field(name).column for name in (*told, *names)]
    asked = [*["%s"] * len(told), *(quote(model._meta.get_field(name).column) for name in names)]
    there = "IN (SELECT value FROM json_each(%s))" if connection.vendor == "sqlite" else "= ANY(%s)"
    statement = (
        f"INSERT INTO {quote(history._meta.db_table)} ({', '.join(map(quote, kept))}) "  # noqa: S608 - own names
        f"SELECT {', '.join(asked)} FROM {quote(model._meta.db_table)} WHERE {quote(key.column)} {there} "
        f"ORDER BY {quote(key.column)}"
    )
    by_reason: dict[Any, list[Any]] = {}
    for row in rows:
        by_reason.setdefault(getattr(row, "_change_reason", None) or told["history_change_reason"], []).append(row.pk)
    with connection.cursor() as cursor:
        for why, keys in by_reason.items():
            values = (told | {"history_change_reason": why}).values()
            cursor.execute(statement, [*values, json.dumps(keys) if connection.vendor == "sqlite" else keys])


def _remember(rows: Sequence[Any], happened: Happened) -> None:
    history: Any = type(rows[0]).history.model
    columns = _prepared(rows, list(type(rows[0])._meta.concrete_fields), add=False)
    told = _told(history, happened, len(rows))
    told["history_change_reason"] = [
        getattr(row, "_change_reason", None) or why
        for row, why in zip(rows, told["history_change_reason"], strict=True)
    ]
    _insert(history, {**{field.attname: columns[field.attname] for field in history.tracked_fields}, **told})


def _told(history: Any, happened: Happened, count: int) -> Columns:
    """What the history says besides the row itself."""
    actor = audit.current_actor()
    moment: datetime = timezone.now()
    told = {
        "history_date": moment,
        "history_type": happened,
        "history_user_id": getattr(actor.user, "pk", None),
        "history_change_reason": actor.why or None,
    }
    fields = {field.attname: field for field in history._meta.concrete_fields}
    return {
        name: [fields[name].get_db_prep_save(value, connection=connections[connection.alias])] * count
        for name, value in told.items()
    }
