"""Rows straight into a table, past the models: COPY on PostgreSQL, one prepared statement on SQLite."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction

BATCH = 20_000


def load(model: type[models.Model], names: Sequence[str], rows: Iterable[tuple[Any, ...]], **same: Any) -> None:
    """Insert rows of raw values (scaled integers for amounts) for the attributes `names`.

    Every other column has the model's default, or what `same` says. Keys are given by the caller.
    """
    example = model(**same)
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    rest = [field for field in fields if field.attname not in names and not field.primary_key]
    by_name = {field.attname: field for field in fields}
    constant = tuple(field.get_db_prep_save(field.pre_save(example, add=True), connection) for field in rest)
    columns = [by_name[name].column for name in names] + [field.column for field in rest]
    quoted = ", ".join(connection.ops.quote_name(column) for column in columns)
    into = f"{connection.ops.quote_name(model._meta.db_table)} ({quoted})"
    filled: Iterator[tuple[Any, ...]] = (row + constant for row in rows)
    connection.ensure_connection()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # As a replica the server asks neither foreign keys nor the ledgers' triggers: five million look-ups less.
            cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0")
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in filled:
                    copy.write_row(row)
        else:
            insert = f"INSERT INTO {into} VALUES ({', '.join('?' * len(columns))})"
            while batch := list(islice(filled, BATCH)):
                connection.connection.executemany(insert, batch)
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


def moment(value: Any) -> Any:
    """A point in time as this database keeps it."""
    return connection.ops.adapt_datetimefield_value(value)


def day(value: Any) -> Any:
    """A date as this database keeps it."""
    return connection.ops.adapt_datefield_value(value)
