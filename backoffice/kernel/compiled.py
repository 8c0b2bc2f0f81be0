"""Queries that are asked again and again: their SQL is built once, and only the values change.

Building SQL out of a queryset costs ten to forty times what the database needs for a look-up by key. On the paths that
run for every line sold that is most of the work, so they keep the statement:

    lines_of = Compiled(lambda session: SessionLine.objects.filter(session_id=session).order_by("pk"))
    lines = lines_of(session.pk)

It stays a queryset to read and to change, and gives what the queryset would give. `CompiledUpdate` and `CompiledDelete`
do the same for `update` and for the `delete` of rows that nothing hangs on.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.query import ModelIterable
from django.db.models.sql import DeleteQuery, UpdateQuery

from backoffice.kernel.plans import planned, whole

Row = TypeVar("Row", covariant=True)
Model = TypeVar("Model", bound=models.Model)

MOST = 30
"""Of longer collections no statement is kept: they are rare, and each length is one. What reads the rows of a page says
how long a page is."""


_WORD = re.compile(r"[a-z_]+")
_built: "dict[Any, _Statement]" = {}
"""What was put together once in this process; each connection uses its own of it."""


class _Statements:
    """Statements by the shape of their values: whole numbers, texts, days, instants, or collections of them.

    The function that builds them must look at nothing but its arguments, use each of them as it is, and decide nothing
    by them: it is called with stand-ins.
    """

    def __init__(self, build: Callable[..., Any], *, most: int = MOST) -> None:
        self.build, self.most = build, most
        self.apart = False  # whether its collections stand elsewhere than behind IN

    def prepared(self, given: tuple[Any, ...]) -> "_Statement | None":
        """The statement with the values in it; None when there are too many of them."""
        # Kept with the connection, which belongs to one thread: a statement is never used by two at once. Put together
        # once for all of them: a connection's first sale would take as long as ten.
        database = connections[DEFAULT_DB_ALIAS]
        together = database.vendor == "postgresql" and not self.apart
        shape: list[Any] = []
        values: list[Any] = []
        number = 0
        for one in given:
            if isinstance(one, Collection) and not isinstance(one, str):
                members = list(dict.fromkeys(one))
                number += len(members)
                if together and set(map(type, members)) == {int}:
                    shape.append(_Array)
                    values.append(_Array(members))
                    continue
                shape.append((len(members), type(members[0])))
                values += members
            else:
                number += 1
                shape.append(type(one))
                values.append(one)
        if number > self.most:
            return None
        kept: dict[Any, _Statement] = database.__dict__.setdefault("compiled_statements", {})
        key = (self, tuple(shape))
        statement = kept.get(key)
        if statement is None and (built := _built.get((database.vendor, key))):
            statement = kept[key] = built.for_use_by(database)
        if statement is None:
            marks: list[Any] = []
            arguments = [
                [_mark(member, marks) for member in ([1] if kind is _Array else dict.fromkeys(one))]
                if isinstance(one, Collection) and not isinstance(one, str)
                else _mark(one, marks)
                for one, kind in zip(given, shape, strict=True)
            ]
            queryset, compiler = self.compiler(database, arguments)
            arrays = {number for number, value in enumerate(values) if type(value) is _Array}
            statement = _Statement(database, queryset, compiler, marks)
            if not statement.take_arrays(arrays):
                self.apart = True
                return self.prepared(given)
            _built[database.vendor, key] = statement
            statement = kept[key] = statement.for_use_by(database)
        for at, number in statement.places:
            statement.params[at] = _adapted(values[number], database)
        return statement

    def compiler(self, database: Any, arguments: list[Any]) -> tuple[Any, Any]:
        raise NotImplementedError


class _Statement:
    """SQL, its parameters, and which of them are values that change."""

    def __init__(self, database: Any, queryset: Any, compiler: Any, marks: list[Any]) -> None:
        self.database, self.queryset, self.compiler = database, queryset, compiler
        self.shape: _Shape | None = None
        self.sql, params = spelled_out(*compiler.as_sql())
        self.params = [_adapted(param, database) if isinstance(param, int) else param for param in params]
        numbers = {_adapted(mark, database): number for number, mark in enumerate(marks)}
        self.places = [
            (at, numbers[param])
            for at, param in enumerate(self.params)
            if isinstance(param, int | str | date) and param in numbers
        ]
        if {number for _at, number in self.places} != set(range(len(marks))):
            raise TypeError("A compiled query uses every value that it is given, as it is.")

    def for_use_by(self, database: Any) -> "_Statement":
        """The same for one connection. Nobody runs the one that it is taken from."""
        own = copy(self)
        own.database, own.params = database, list(self.params)
        own.queryset, own.compiler = self.queryset.all(), copy(self.compiler)
        own.compiler.connection, own.compiler.query = database, own.queryset.query
        return own

    def take_arrays(self, numbers: Collection[int]) -> bool:
        """Have each collection of these numbers as one value: then all lengths of it share a statement and a plan, and
        the driver has not to read fifty marks each time. False when they do not stand behind IN."""
        arrays = {at for at, number in self.places if number in numbers}
        if not arrays:
            return True
        parts = self.sql.split("%s")
        if "%%" in self.sql or len(parts) != len(self.params) + 1:
            return False
        for at in arrays:
            if not parts[at].endswith('" IN (') or not parts[at + 1].startswith(")"):
                return False
            parts[at] = parts[at].removesuffix("IN (") + "= ANY ("
            parts[at + 1] = "::bigint[]" + parts[at + 1]
        self.sql = "%s".join(parts)
        return True

    def fetch(self) -> list[Any]:
        """Run what returns rows, as the driver gives them: all at once, they are few. What no key can be finds none."""
        with self.database.cursor() as cursor:
            try:
                cursor.execute(self.sql, self.params)
            except OverflowError:
                return []
            return list(cursor.fetchall())

    def change(self) -> int:
        """Run what returns no rows. Returns how many were changed."""
        with planned(self.database), self.database.cursor() as cursor:
            cursor.execute(self.sql, self.params)
            return int(cursor.rowcount)


class Compiled(_Statements, Generic[Row]):
    """A queryset of models or of `values_list`, as a function of its values, evaluated when it is called.

    An empty collection finds nothing. `prefetch_related` is left to the caller.

    Models are put together without what a model does when it is made anew, which is half of what reading them costs:
    nothing here listens to that. With `shown` the rows are only looked at: those that refer to the same unit
    (category, ...) share one.
    """

    def __init__(
        self, build: "Callable[..., models.QuerySet[Any, Row]]", *, most: int = MOST, shown: bool = False
    ) -> None:
        super().__init__(build, most=most)
        self.shown = shown

    def __call__(self, *given: Any) -> list[Row]:
        if _empty(given):
            return []
        statement = self.prepared(given)
        if statement is None:
            return list(self.build(*given))
        with planned(statement.database):
            if statement.shape is None and (self.shown or self._are_models(statement)):
                statement.shape = _Shape(statement.compiler, statement.compiler.klass_info)
            if statement.shape is None:
                return list(self._rows(statement))
            return statement.shape.rows(statement, shared=self.shown)

    def compiler(self, database: Any, arguments: list[Any]) -> tuple[Any, Any]:
        queryset = self.build(*arguments)
        return queryset, queryset.query.get_compiler(connection=database)

    @staticmethod
    def _are_models(statement: _Statement) -> bool:
        """Whether the rows are models, of one table each, so that they can be put together without being made anew."""
        parts = [statement.compiler.klass_info] if statement.queryset._iterable_class is ModelIterable else []
        for part in parts:
            parts += part.get("related_klass_infos", ())
        return bool(parts) and not any(part.get("from_parent") for part in parts)

    @staticmethod
    def _rows(statement: _Statement) -> Iterator[Row]:
        compiler, queryset = statement.compiler, statement.queryset
        if "as_sql" not in compiler.__dict__:  # the first time
            converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
            compiler.as_sql = lambda *args, **kwargs: (statement.sql, tuple(statement.params))
            compiler.execute_sql = lambda *args, **kwargs: [statement.fetch()]
            compiler.get_converters = lambda expressions: converters
            queryset.query.get_compiler = lambda *args, **kwargs: compiler
        return iter(queryset._iterable_class(queryset))


class _Shape:
    """How a row becomes a model and what it refers to, worked out once a statement."""

    def __init__(self, compiler: Any, part: Any) -> None:
        if part.get("from_parent"):
            raise TypeError("Rows that are shown have no parent model.")
        first, last = part["select_fields"][0], part["select_fields"][-1] + 1
        self.model, self.columns = part["model"], slice(first, last)
        self.names = [column[0].target.attname for column in compiler.select[self.columns]]
        self.key = first + self.names.index(self.model._meta.pk.attname)
        self.set = part.get("local_setter")
        self.others = [_Shape(compiler, other) for other in part.get("related_klass_infos", ())]
        self.worked_out: list[tuple[str, int]] = []
        if self.set is None:  # the row itself
            self.worked_out = [*compiler.annotation_col_map.items()]
            self.converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])

    def rows(self, statement: _Statement, *, shared: bool) -> list[Any]:
        """The rows of the statement as models; those that they refer to are one for all of them when `shared`."""
        known: dict[Any, Any] = {}
        found = statement.compiler.apply_converters(statement.fetch(), self.converters)
        alias = statement.database.alias
        return [self.made(row, alias, known if shared else {}) for row in found]

    def made(self, row: Sequence[Any], alias: str, known: dict[Any, Any]) -> Any:
        made = self.model.__new__(self.model)
        state = made._state = models.base.ModelState()
        state.adding, state.db = False, alias
        inside = made.__dict__
        inside.update(zip(self.names, row[self.columns], strict=True))
        for name, at in self.worked_out:
            inside[name] = row[at]
        for other in self.others:
            key = row[other.key]
            one = known.get((other, key))
            if one is None and key is not None:
                one = known[other, key] = other.made(row, alias, known)
            other.set(made, one)
        return made


@cache
def by_key(model: "type[Model]") -> "Compiled[Model]":
    """The rows of a model with a key, as its default manager has them: one or none."""
    return Compiled(lambda pk: model._default_manager.filter(pk=pk))


class CompiledUpdate(_Statements):
    """An update as a function of its values: the function gives the rows and the fields' new values.

    Returns how many rows were changed. An empty collection changes nothing.
    """

    def __init__(self, build: Callable[..., tuple[models.QuerySet[Any], dict[str, Any]]], *, most: int = MOST) -> None:
        super().__init__(build, most=most)

    def __call__(self, *given: Any) -> int:
        if _empty(given):
            return 0
        statement = self.prepared(given)
        if statement is not None:
            return statement.change()
        rows, values = self.build(*given)
        return rows.update(**values)

    def compiler(self, database: Any, arguments: list[Any]) -> tuple[Any, Any]:
        rows, values = self.build(*arguments)
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(values)
        return rows, query.get_compiler(connection=database)


class CompiledDelete(_Statements):
    """The rows of a queryset are deleted, as they are: nothing may hang on them. Returns how many."""

    def __call__(self, *given: Any) -> int:
        if _empty(given):
            return 0
        statement = self.prepared(given)
        return int(self.build(*given).delete()[0]) if statement is None else statement.change()

    def compiler(self, database: Any, arguments: list[Any]) -> tuple[Any, Any]:
        rows = self.build(*arguments)
        return rows, rows.query.chain(DeleteQuery).get_compiler(connection=database)


def _empty(given: tuple[Any, ...]) -> bool:
    return any(isinstance(one, Collection) and not isinstance(one, str) and not one for one in given)


def spelled_out(sql: str, params: Collection[Any]) -> tuple[str, list[Any]]:
    """The statement with its constant words (states, kinds) written in it instead of beside it.

    A partial index is only used when its condition is known. SQLite plans a statement anew, each time, when a value
    beside it could decide on one, which costs more than most look-ups; PostgreSQL does not use it in a plan it keeps.
    """
    parts = sql.split("%s")
    if "%%" in sql or len(parts) != len(params) + 1:
        return sql, list(params)
    left, text = [], parts[0]
    for param, part in zip(params, parts[1:], strict=True):
        constant = isinstance(param, str) and _WORD.fullmatch(param)
        if not constant:
            left.append(param)
        text += (f"'{param}'" if constant else "%s") + part
    return text, left


class _Array(str):
    """Whole numbers as PostgreSQL writes an array of them."""

    def __new__(cls, members: Collection[int]) -> "_Array":
        return super().__new__(cls, f"{{{','.join(map(str, members))}}}")


class _Among(models.Lookup):
    """One of many whole numbers, sent as one value."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY (%s::bigint[])", (*params, _Array(self.rhs))


def among(keys: Collection[int]) -> models.Q:
    """The rows with these keys, for a query that is put together each time: PostgreSQL takes hundreds as one value."""
    if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        return models.Q(_Among(models.F("pk"), keys))
    return models.Q(pk__in=keys)


def _mark(value: Any, marks: list[Any]) -> Any:
    """A stand-in of the value's kind that no real value equals."""
    number = len(marks)
    mark: Any
    if isinstance(value, datetime):
        mark = datetime(9000, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    elif isinstance(value, date):
        mark = date(9000, 1, 1) + timedelta(days=number)
    elif isinstance(value, int) and not isinstance(value, bool):
        mark = 2**62 + number
    elif isinstance(value, str):
        mark = f"\N{SYMBOL FOR NULL}{number}"
    else:
        raise TypeError(f"A compiled query cannot be given {value!r}.")
    marks.append(mark)
    return mark


def _adapted(value: Any, database: Any) -> Any:
    """The value as the database's driver takes it."""
    if isinstance(value, datetime):
        return database.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return database.ops.adapt_datefield_value(value)
    if isinstance(value, int) and not isinstance(value, bool) and database.vendor == "postgresql":
        return whole()(value)  # one type for all of them, so that 7 and 70,000 share a plan
    return str(value) if isinstance(value, str) else value
