"""Undo for importers of plain records: each row leaves marks of what it made or changed, and they lead back.

In ``apply``, keep ``Mark.of_made(thing, names)`` or ``Mark.of_changed(thing, before)`` of what a row wrote, and give
``written(marks)`` of each row to ``Applied``. The importer's ``obstacles`` and ``undo`` are then those of this module.
Something stays when its fields are no longer what the import wrote, or when other rows than those of the import point
to what it made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _

from backoffice.kernel import clock

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow, TransferRun

Thing = tuple[str, int]  # the label of a model, and a key


@dataclass(frozen=True)
class Mark:
    """That a row made a record, or gave fields of it other values. Values are plain, fields named by their columns."""

    model: str
    pk: int
    made: bool
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_made(cls, thing: models.Model, names: Iterable[str]) -> Mark:
        """The row made it; `names` are the columns that somebody might change."""
        return cls(thing._meta.label_lower, thing.pk, True, {}, look(thing, names))

    @classmethod
    def of_changed(cls, thing: models.Model, before: Mapping[str, Any]) -> Mark:
        """The row changed it; `before` is how it looked, by `look`."""
        after = look(thing, before)
        changed = {name for name in before if before[name] != after[name]}
        pick = {name: before[name] for name in sorted(changed)}
        return cls(thing._meta.label_lower, thing.pk, False, pick, {name: after[name] for name in pick})

    @property
    def thing(self) -> Thing:
        return self.model, self.pk


def look(thing: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """The columns as plain values."""
    return {name: _plain(getattr(thing, name)) for name in names}


def written(marks: Iterable[Mark]) -> dict[str, Any]:
    """What a row keeps of its marks."""
    return {"marks": [asdict(mark) for mark in marks]}


def obstacles(run: TransferRun, rows: Sequence[TransferRow]) -> dict[int, str]:
    """Why which rows cannot be undone, by their keys. A few statements for all of them."""
    marks = {row.pk: _marks(row) for row in rows}
    asked = {mark.thing for some in marks.values() for mark in some}
    expected: dict[Thing, dict[str, Any]] = defaultdict(dict)
    mine: set[Thing] = set()
    for row in run.rows.to_undo().order_by("pk").only("pk", "written").iterator(chunk_size=2000):
        for mark in _marks(row):
            expected[mark.thing].update(mark.after)
            if mark.made:
                mine.add(mark.thing)
    there = _there(asked)
    used = _used({thing for thing in asked if thing in mine}, mine)
    found: dict[int, str] = {}
    for pk, some in marks.items():
        for mark in some:
            thing = there.get(mark.thing)
            if thing is None:
                why = "" if mark.made else _("What it changed is gone.")
            elif look(thing, expected[mark.thing]) != expected[mark.thing]:
                why = _("Somebody changed it since.")
            elif mark.made and mark.thing in used:
                why = _("It is in use: %(kinds)s.") % {"kinds": ", ".join(sorted(used[mark.thing]))}
            else:
                continue
            if why:
                found[pk] = why
                break
    return found


def undo(run: TransferRun, rows: Sequence[TransferRow]) -> dict[int, str]:
    """Remove and put back, newest first, inside the caller's transaction. Returns what was kept, with why."""
    _there({mark.thing for row in rows for mark in _marks(row)}, lock=True)
    kept = obstacles(run, rows)
    for row in sorted(rows, key=lambda row: -row.pk):
        if row.pk in kept:
            continue
        for mark in reversed(_marks(row)):
            _take_back(mark)
    return kept


def _take_back(mark: Mark) -> None:
    model: Any = apps.get_model(mark.model)
    thing = model.objects.filter(pk=mark.pk).first()
    if thing is None:
        return
    if mark.made:
        thing.delete()
        return
    columns = {each.attname: each for each in model._meta.concrete_fields}
    names = []
    for name, value in mark.before.items():
        setattr(thing, name, columns[name].target_field.to_python(value) if columns[name].is_relation
                else columns[name].to_python(value))  # fmt: skip
        names.append(columns[name].name)
    for name, value in (("revision", getattr(thing, "revision", 0) + 1), ("updated_at", clock.now())):
        if name in columns:
            setattr(thing, name, value)
            names.append(name)
    thing.save(update_fields=names)


def _marks(row: TransferRow) -> list[Mark]:
    return [Mark(**mark) for mark in row.written.get("marks", ())]


def _there(things: Iterable[Thing], *, lock: bool = False) -> dict[Thing, models.Model]:
    by_model: dict[str, list[int]] = defaultdict(list)
    for label, pk in things:
        by_model[label].append(pk)
    found: dict[Thing, models.Model] = {}
    for label in sorted(by_model):
        model: Any = apps.get_model(label)
        objects = model.objects.select_for_update(no_key=True).order_by("pk") if lock else model.objects
        found |= {(label, thing.pk): thing for thing in objects.filter(pk__in=by_model[label])}
    return found


def _used(things: Iterable[Thing], mine: set[Thing]) -> dict[Thing, set[str]]:
    """What else points to them: words for people."""
    by_model: dict[str, set[int]] = defaultdict(set)
    for label, pk in things:
        by_model[label].add(pk)
    found: dict[Thing, set[str]] = defaultdict(set)
    for label, ids in by_model.items():
        for relation in apps.get_model(label)._meta.related_objects:
            other: Any = relation.related_model
            pairs = other._base_manager.filter(**{f"{relation.field.attname}__in": ids})
            for pk, user in pairs.values_list(relation.field.attname, "pk"):
                if (other._meta.label_lower, user) not in mine:
                    found[label, pk].add(str(other._meta.verbose_name_plural))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if isinstance(value, date) else value
