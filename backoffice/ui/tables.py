"""Tables: declared with django-tables2, drawn by a plan that is made once a request instead of once a cell."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import django_tables2
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django_tables2.tables import DeclarativeColumnsMetaclass

from .actions import Action, urls_of
from .columns import (
    BadgeColumn,
    BoolColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    InlineColumn,
    LinkColumn,
    LongColumn,
    MoneyColumn,
    NumberColumn,
    QuantityColumn,
    WhatColumn,
    attribute,
    for_model_field,
    read,
    text,
)
from .icons import gathered, sprite
from .parts import SHORT, Parts
from .permissions import may

__all__ = [
    "BadgeColumn",
    "BoolColumn",
    "Column",
    "DateColumn",
    "DateTimeColumn",
    "InlineColumn",
    "LinkColumn",
    "LongColumn",
    "MoneyColumn",
    "NumberColumn",
    "QuantityColumn",
    "Table",
    "WhatColumn",
]

SORT, HIDE = "sort", "hide"
OWN_OPTIONS = ("row_url", "own_order", "totals", "row_actions", "worked_out", "edits", "when_few")
# What a class of the whole table says of its columns ("num3": the third holds numbers), so that no cell has to.
MARKS, MARKED = {"num", "muted", "nw", "wide", "broad"}, 14
Draw = Callable[[Any], Any]


@dataclass
class Heading:
    """One column of the plan: its heading, its sort link, and how its cells are drawn."""

    name: str
    label: str
    draw: Draw
    marks: Sequence[str] = ()
    attrs: Any = ""
    sort: str = ""
    aria_sort: str = ""
    hint: str = ""


class _OurColumns(DeclarativeColumnsMetaclass):
    """Only columns that are declared or named in Meta.fields exist, and all of them are ours."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> Any:
        meta = attrs.get("Meta")
        if meta is not None:
            if getattr(meta, "model", None) is not None and getattr(meta, "fields", None) is None:
                meta.fields = ()
            attrs |= {option: vars(meta)[option] for option in OWN_OPTIONS if option in vars(meta)}
        table = super().__new__(mcs, name, bases, attrs)
        for column_name, column in list(table.base_columns.items()):
            if not isinstance(column, Column):
                field = table._meta.model._meta.get_field(column_name.split("__")[0])
                table.base_columns[column_name] = for_model_field(field)
        return table


def _falls(term: Any) -> bool:
    """Whether an order's term sorts downwards."""
    return term.startswith("-") if isinstance(term, str) else bool(getattr(term, "descending", False))


class Table(django_tables2.Table, metaclass=_OurColumns):
    """Rows of a list. `Meta.order_by` is the order without `?sort=`; only orderable columns can be sorted by."""

    row_url: ClassVar[str | Draw | None] = "get_absolute_url"  # a method, the name of a URL with the pk, a function
    own_order: ClassVar[bool] = False  # without ?sort= the rows stand in an order that is no column's
    totals: ClassVar[Sequence[str]] = ()
    worked_out: ClassVar[Sequence[str]] = ()  # columns that the rows have only when they are sorted by them
    when_few: ClassVar[Sequence[str]] = ()
    """Columns without an index for their order: they can be sorted by while so few rows match that they are counted
    to the last one."""
    row_actions: ClassVar[Sequence[Action]] = ()
    edits: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Columns that are edited in their cell without being a link there: what stands behind the address of the row, and
    the permission that it takes."""

    def __init__(
        self,
        data: Any,
        *,
        request: HttpRequest | None = None,
        selectable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.request, self.selectable = request, selectable
        self.base = ""  # the address that the table is shown at
        self.sprite = SafeString("")
        self._led: tuple[Any, str] = (None, "")  # the row that was asked for last, and where it leads
        self.shown: Iterable[Any] | None = None
        self.many = False
        for name in request.GET.getlist(HIDE) if request is not None else ():
            if name in self.columns:
                self.columns.hide(name)
        if request is not None and request.GET.get(SORT):
            asked = request.GET[SORT]
            if self._sortable(asked.removeprefix("-")):
                self.order_by = asked

    # --- what the data is ------------------------------------------------------------------------------------------
    def ordered(self) -> QuerySet[Any]:
        """The rows in the order that is asked for, made total by the primary key so that pages never overlap.

        The key runs the way that the order before it runs, so that one index serves both and is read either way.
        """
        queryset: QuerySet[Any] = self.data.data
        order = queryset.query.order_by or queryset.model._meta.ordering
        if any(str(name).lstrip("-") in ("pk", "id") for name in order):
            return queryset
        return queryset.order_by(*order, "-pk" if not order or _falls(order[-1]) else "pk")

    @property
    def sorted_by(self) -> tuple[str, bool]:
        """The column that is asked for as the order, and whether it falls; nothing when none is."""
        asked = self.request.GET.get(SORT, "") if self.request is not None else ""
        name = asked.removeprefix("-")
        return (name, asked.startswith("-")) if name and self._sortable(name) else ("", False)

    def too_many(self) -> None:
        """More rows match than are counted: columns of `when_few` are no order now, and no heading offers them."""
        asked, _falls = self.sorted_by
        self.many = True
        if asked in self.when_few:
            self.order_by = self._meta.order_by

    def parts(self, number: int) -> Parts | None:
        """The keys of `ordered` part by part, where `parts_<column>` knows how: for lists of many rows."""
        name, falls = self.sorted_by
        if not name and not self.own_order:
            first = next(iter(self._meta.order_by or ()), "")
            name, falls = first.removeprefix("-"), first.startswith("-")
        how = getattr(self, f"parts_{name}", None) if name and number > SHORT else None
        return how(self.data.data, falls) if how is not None else None

    def _sortable(self, name: str) -> bool:
        """Whether the rows can be sorted by the column: a sort key that the database does not know is no sort key."""
        if name not in self.columns or not self.columns[name].orderable or (self.many and name in self.when_few):
            return False
        if not isinstance(self.data.data, QuerySet):
            return False
        if hasattr(self, f"order_{name}") or name in self.worked_out:
            return True
        paths = [str(path).lstrip("-").replace(".", "__") for path in self.columns[name].order_by]
        known = self.data.data.query.annotations
        return all(path in known or self.model_field(path) is not None for path in paths)

    def model_field(self, path: str) -> models.Field[Any, Any] | None:
        """The model field that a column's path ends at, when it is one."""
        model: Any = getattr(self.data, "model", None) or self._meta.model
        field: Any = None
        for bit in str(path).replace(".", "__").split("__"):
            if model is None:
                return None
            try:
                field = model._meta.get_field(bit)
            except FieldDoesNotExist:
                return None
            model = getattr(field, "related_model", None)
        return field if isinstance(field, models.Field) else None

    def url_of(self, record: Any) -> str:
        """Where a row leads; empty when nowhere."""
        if self._led[0] is not record:
            self._led = record, str(self._leads_to(record) or "")
        return self._led[1]

    @cached_property
    def _leads_to(self) -> Draw:
        how: Any = type(self).row_url
        if how is None:
            return lambda row: ""
        if not isinstance(how, str):
            return lambda row: how(row)
        if ":" in how:
            url = urls_of(how)
            return lambda row: url(row.pk)
        return lambda row: getattr(row, how)() if hasattr(row, how) else ""

    def near(self, url: str) -> str:
        """The address as seen from the page of the list: shorter by what they share."""
        return url[len(self.base) :] if self.base and url.startswith(self.base) and url != self.base else url

    @cached_property
    def links(self) -> bool:
        """Whether each row has the link to where it leads in its first column: then it stands there only."""
        return any(isinstance(bound.column, WhatColumn) and bound.column.leads for bound in self.columns.itervisible())

    def row_tone(self, record: Any) -> str:
        """A class for the row: "warn", "bad" or nothing."""
        return ""

    # --- the plan --------------------------------------------------------------------------------------------------
    @cached_property
    def plan(self) -> list[Heading]:
        """One entry for every column, with all that does not differ from row to row worked out."""
        headings = [self._heading(bound) for bound in self.columns.itervisible()]
        if self.selectable:
            headings.insert(0, self._select_heading())
        if self.row_actions and self.request is not None:
            headings.append(self._actions_heading())
        return headings

    @cached_property
    def places(self) -> str:
        """The classes that tell the style sheet what each column is and where it stands on a phone."""
        marked = enumerate(self.plan[:MARKED], start=1)
        return " ".join(f"{mark}{place}" for place, heading in marked for mark in heading.marks)

    @cached_property
    def edited(self) -> str:
        """What the script is told of `edits`, as far as this person may: "2name/ 5active/"."""
        user = self.request.user if self.request is not None else None
        return " ".join(
            f"{place}{self.edits[heading.name][0]}"
            for place, heading in enumerate(self.plan, start=1)
            if heading.name in self.edits and user is not None and may(user, self.edits[heading.name][1])
        )

    def body(self) -> SafeString:
        """The rows of the page. Put together here, because a template takes ten times as long for the same string.

        Icons are drawn once, in `sprite`, which comes after them.
        """
        with gathered() as used:
            plan = [(f"<td{heading.attrs}>", heading.draw) for heading in self.plan]
            records = self.shown if self.shown is not None else self._records()
            rows = [
                f"<tr{self._row_attrs(record)}>{''.join([td + text(draw(record)) for td, draw in plan])}"
                for record in records
            ]
        self.sprite = sprite(used)
        return SafeString("".join(rows))

    def cell(self, name: str, record: Any) -> Any:
        """One cell as the table would draw it."""
        return next(heading.draw(record) for heading in self.plan if heading.name == name)

    def foot(self) -> list[Any]:
        """The total row over everything that matches, not only this page. One query; empty without `totals`."""
        if not self.totals or not isinstance(self.data.data, QuerySet):
            return []
        paths = {name: str(self.columns[name].accessor).replace(".", "__") for name in self.totals}
        sums = self.data.data.order_by().aggregate(**{f"total_{name}": Sum(path) for name, path in paths.items()})
        cells: list[Any] = []
        for place, heading in enumerate(self.plan):
            drawn: Any = ""
            if heading.name in paths:
                column: Column = self.columns[heading.name].column
                drawn = column.cell(sums[f"total_{heading.name}"], None)
            elif place == int(self.selectable):
                drawn = gettext("Total")
            cells.append(drawn)
        return cells

    def export_plan(self) -> list[tuple[str, Callable[[Any], Any]]]:
        """Headings and values of an export: the visible columns, in their order."""
        columns: list[tuple[str, Callable[[Any], Any]]] = []
        for bound in self.columns.itervisible():
            column: Column = bound.column
            column.bind(self, bound.name)
            value = read(str(bound.accessor))
            for header, take in column.exported(str(bound.header)):
                columns.append((header, lambda row, take=take, value=value: take(value(row), row)))  # type: ignore[misc]
        return columns

    def _records(self) -> Iterable[Any]:
        return self.data.data if hasattr(self.data, "data") else self.data

    def _heading(self, bound: Any) -> Heading:
        column: Column = bound.column
        column.bind(self, bound.name)
        label = str(bound.header)
        words = column.css.split()
        own = " ".join(word for word in words if word not in MARKS)
        marks = [*(word for word in words if word in MARKS), column.card, "edit" if column.may else ""]
        sort, aria = self._sorting(bound)
        return Heading(
            name=bound.name, label=label, draw=self._drawing(bound), marks=[*filter(None, marks)],
            attrs=SafeString(f" class={attribute(own)}" if own else ""), sort=sort, aria_sort=aria,
            hint=gettext("Narrow the list down to sort by this") if self.many and bound.name in self.when_few else "",
        )  # fmt: skip

    def _drawing(self, bound: Any) -> Draw:
        column: Column = bound.column
        value = read(str(bound.accessor))
        custom = getattr(self, f"render_{bound.name}", None)
        if custom is None:
            return lambda record: column.cell(value(record), record)
        wanted = inspect.signature(custom).parameters
        given = {"column": column, "bound_column": bound, "table": self}
        given = {name: thing for name, thing in given.items() if name in wanted}
        takes_record = "record" in wanted

        def draw(record: Any) -> Any:
            arguments = {**given, "record": record} if takes_record else dict(given)
            if "value" in wanted:
                arguments["value"] = value(record)
                if arguments["value"] in column.empty_values:
                    return column.empty_text
            return custom(**arguments)

        return draw

    def _sorting(self, bound: Any) -> tuple[str, str]:
        """The query string that sorts by this column, the other way when it already does; and how it is sorted now."""
        if self.request is None or not self._sortable(bound.name):
            return "", ""
        order = () if self.own_order and not self.request.GET.get(SORT) else self.order_by or ()
        now = next((alias for alias in order if alias.lstrip("-") == bound.name), "")
        query = self.request.GET.copy()
        for name in ("page", "export"):
            query.pop(name, None)
        query[SORT] = f"-{bound.name}" if now == bound.name else bound.name
        return f"?{query.urlencode()}", {"": "", "-": "descending"}.get(now[:1], "ascending")

    def _select_heading(self) -> Heading:
        name = gettext("Select all on this page")
        every = format_html('<input class="check" type="checkbox" data-select-all aria-label="{}">', name)
        box = f"<input type=checkbox name=ids form=bulk aria-label={attribute(gettext('Select'))} value="
        return Heading("select", every, lambda record: SafeString(f"{box}{attribute(record.pk)}>"), ["sel"])

    def _actions_heading(self) -> Heading:
        """The list fetches the one menu that is opened; without scripts it is a page."""
        head = format_html('<span class="sr-only">{}</span>', gettext("Actions"))
        more = f"{text(gettext('Actions'))}</a>"  # the word is its name; the style sheet shows three dots
        return Heading(
            "actions", head, lambda record: SafeString(f'<a href="?menu={text(str(record.pk))}">{more}'), ["acts"]
        )

    def _row_attrs(self, record: Any) -> str:
        url, tone = self.url_of(record), self.row_tone(record)
        leads = f" data-href={attribute(self.near(url))}" if url and not self.links else ""
        return leads + (f" class={attribute(tone)}" if tone else "")
