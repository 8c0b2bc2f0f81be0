"""Who changed what, when and why, from the audit trail: before → after, by day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format, time_format
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.timezone import is_aware
from django.utils.translation import gettext

from backoffice.kernel import clock, money, quantity
from backoffice.kernel import fields as exact
from backoffice.ui.pagination import positive

from .base import ObjectScreen, with_query
from .detail import HEAD

PAGE = 50
LIMIT = 1000


@dataclass(frozen=True)
class Change:
    """One field, before and after."""

    label: str
    before: str
    after: str


@dataclass
class Entry:
    """One save of one row."""

    at: datetime
    who: Any
    why: str
    verb: str
    subject: str
    changes: list[Change] = field(default_factory=list)


class HistoryScreen(ObjectScreen):
    """The history of one row and of the rows named in `related` (reverse relations that are audited too).

    With `detail_class` the page carries the head and the tabs of the thing's own page.
    """

    template_name: ClassVar[str] = "ui/screens/history.html"
    detail_class: ClassVar[Any] = None
    related: ClassVar[Sequence[str]] = ()
    hidden: ClassVar[Sequence[str]] = ("id", "revision", "created_at", "updated_at", "search_text")
    reasons_count: ClassVar[bool] = False  # a save that says why is shown even when it changed no column

    def get_title(self) -> Any:
        return self.title or gettext("History")

    def tell(self, name: str, value: Any) -> str | None:
        """How people read what a column of the thing's own holds, where its codes are known; None: as it is written."""
        return None

    def entry_of(self, name: str, key: str, value: Any) -> tuple[str, str]:
        """Of a column that keeps several values by name: what one of them is called, and how people read it."""
        return key, "" if value is None else str(value)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = positive(request.GET.get("page"), 1)
        entries = self.entries[(number - 1) * PAGE : number * PAGE]
        days = [(day, list(group)) for day, group in groupby(entries, key=lambda entry: clock.local(entry.at).date())]
        context = self.get_context(
            days=days,
            count=len(self.entries),
            start=(number - 1) * PAGE + 1 if entries else 0,
            end=(number - 1) * PAGE + len(entries),
            newer=with_query(request, page=number - 1) if number > 1 else "",
            older=with_query(request, page=number + 1) if len(self.entries) > number * PAGE else "",
        )
        return self.render(context)

    def fragments(self) -> Mapping[str, str]:
        return HEAD if self.detail_class is not None else {}

    def get_context(self, **more: Any) -> dict[str, Any]:
        if self.detail_class is None:
            return super().get_context(heading=str(self.object), **more)
        page = self.detail_class(tab="history")
        page.setup(self.request, *self.args, **self.kwargs)
        page.__dict__["object"] = self.object
        return super().get_context(**page.head(), **more)

    @cached_property
    def entries(self) -> list[Entry]:
        """All saves that changed something, newest first; at most LIMIT of the thing and of each relation."""
        found = list(self._of(self.object.history.all(), subject=False))
        for name in self.related:
            relation: Any = self.object._meta.get_field(name)
            trail = relation.related_model.history.filter(**{relation.field.attname: self.object.pk})
            found += self._of(trail, subject=True)
        return sorted(found, key=lambda entry: entry.at, reverse=True)

    def _of(self, trail: Any, *, subject: bool) -> Iterator[Entry]:
        words = _Words(trail.model, self.hidden, None if subject else self)
        trail = trail.select_related("history_user", *words.keys)  # what they point to may be gone, and is left out
        rows = list(trail.order_by("-history_date", "-history_id")[:LIMIT])
        before: dict[Any, Any] = {}
        for row in reversed(rows):
            last = before.get(row.id)
            before[row.id] = row
            changes = list(words.changes(last, row))
            tells = self.reasons_count and row.history_change_reason
            if last is not None and not changes and not tells and row.history_type == "~":
                continue
            name = f"{capfirst(str(words.name))}: {words.thing(row)}" if subject else ""
            yield Entry(
                row.history_date, row.history_user, row.history_change_reason or "", row.history_type, name, changes
            )


class _Words:
    """Turns the values of a history table into what people read. The rows come with what their `keys` point to."""

    def __init__(self, model: Any, hidden: Sequence[str], screen: HistoryScreen | None) -> None:
        self.screen = screen
        self.name = model.instance_type._meta.verbose_name
        tracked = {f.name for f in model.instance_type._meta.concrete_fields} - set(hidden)
        self.fields = [f for f in model._meta.concrete_fields if f.name in tracked]
        self.keys = [f.name for f in self.fields if isinstance(f, models.ForeignKey)]
        self.named: dict[tuple[str, Any], Any] = {}

    def thing(self, row: Any) -> Any:
        """What was saved, as it was then, with what it points to."""
        thing = row.history_object
        for name in self.keys:
            if (target := getattr(row, name)) is not None:
                setattr(thing, name, target)
        return thing

    def changes(self, last: Any, row: Any) -> Iterator[Change]:
        self.named |= {(name, target.pk): target for name in self.keys if (target := getattr(row, name)) is not None}
        for f in self.fields:
            new = getattr(row, f.attname)
            old = getattr(last, f.attname) if last is not None else None
            if new == old or (last is None and new in (None, "", [], {})):
                continue
            if self.screen is not None and isinstance(new, dict) and isinstance(old or {}, dict):
                yield from self.entries(self.screen, f.name, old or {}, new)
                continue
            yield Change(capfirst(str(f.verbose_name)), self.say(f, old), self.say(f, new))

    @staticmethod
    def entries(screen: HistoryScreen, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
        """One change for each value that differs, not all of them before and all of them after."""
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                label, after = screen.entry_of(name, key, new.get(key))
                yield Change(capfirst(label), screen.entry_of(name, key, old.get(key))[1], after)

    def say(self, f: Any, value: Any) -> str:
        if value is None or value == "" or value == [] or value == {}:
            return ""
        if self.screen is not None and (told := self.screen.tell(f.name, value)) is not None:
            return told
        if f.choices:
            return str(dict(f.flatchoices).get(value, value))
        if f.name in self.keys:
            return str(self.named.get((f.name, value), f"#{value}"))
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        if isinstance(value, datetime):
            return date_format(clock.local(value) if is_aware(value) else value, "SHORT_DATETIME_FORMAT")
        if isinstance(value, date):
            return date_format(value, "SHORT_DATE_FORMAT")
        if isinstance(value, time):
            return time_format(value)
        if isinstance(value, Decimal):
            if isinstance(f, exact.QuantityField) or not isinstance(f, exact.FixedPointField):
                return quantity.format_quantity(value)
            return money.format_amount(value, 2 if value == money.round_money(value) else f.places)
        if isinstance(value, dict):
            return "; ".join(f"{name}: {self.say(f, one)}" for name, one in value.items() if one not in (None, ""))
        if isinstance(value, list):
            return ", ".join(str(one.get("name", one) if isinstance(one, dict) else one) for one in value)
        return str(value)
