"""Which attributes, choices and places in categories a file needs, found out before its first row is judged.

It is planned in memory, so that the preview can show it, and made when the import is applied, by `services/growing.py`,
from what each row says that it needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.catalog.models import Attribute, CategoryAttribute
from apps.catalog.resources.columns import ATTRIBUTE_PREFIX
from apps.catalog.resources.house import House
from apps.catalog.selectors.schemas import Entry
from apps.catalog.services.attributes import LONGEST_OPTION, MOST_OPTIONS, code_for
from apps.catalog.services.variants import MOST_AXES
from backoffice.kernel.text import fold
from backoffice.transfers.rows import BadCell

from .item import Item

LONGEST_NAME = 60
LONGEST_TEXT = 400
MANY = "\0several"  # after the name of an attribute: the one that holds several values, where the first holds one
Type = Attribute.Type


@dataclass(slots=True)
class Planned:
    """An attribute as it will be: a new one, or one that is there with choices added."""

    attribute: Attribute
    is_new: bool
    codes: dict[str, str] = field(default_factory=dict)  # of choices, by their folded names
    fresh: dict[str, str] = field(default_factory=dict)  # code → name of those that are added


class PlannedHouse(House):
    """The house as it will be once the file is applied."""

    def __init__(self) -> None:
        self.planned: dict[str, Planned] = {}  # by the folded name in the file
        self.places: dict[str, dict[str, bool]] = defaultdict(dict)  # folded path → code → tells variants apart

    def schema(self, path: str) -> dict[str, Entry]:
        """What will be asked for in the category of this path."""
        if path not in self._planned_schemas:
            coming = {
                code: Entry(self.attributes[code], False, axis, CategoryAttribute(is_variant_axis=axis), 0)
                for code, axis in self.lacks(path).items()
            }
            self._planned_schemas[path] = {**super().schema(path), **coming}
        return self._planned_schemas[path]

    def lacks(self, path: str) -> dict[str, bool]:
        """What the category has yet to be given, or to tell variants apart by."""
        there = super().schema(path)
        return {
            code: axis
            for code, axis in self.places.get(fold(path), {}).items()
            if code not in there or (axis and not there[code].is_variant_axis)
        }

    @cached_property
    def _planned_schemas(self) -> dict[str, dict[str, Entry]]:
        return {}


class Plan:
    """What a file says about attributes, item by item; then what follows from it."""

    def __init__(self, house: PlannedHouse) -> None:
        self.house = house
        self.axes_of: dict[str, list[str]] = {}  # folded SKU → codes of what its variants differ by
        self._names: dict[str, str] = {}  # folded → as first written
        self._values: dict[str, dict[str, str]] = defaultdict(dict)  # attribute → folded → as first written
        self._several: set[str] = set()  # attributes of which some product has several values
        self._parents: dict[str, tuple[str, dict[str, int]]] = {}  # folded SKU → path, attributes and their values
        self._chosen: dict[str, dict[str, None]] = defaultdict(dict)  # folded SKU of a parent → what variants say
        self._said: dict[str, set[tuple[str, bool]]] = defaultdict(set)  # path → attributes, with several values or one

    def learn(self, item: Item) -> None:
        """Remember what the item says."""
        for name, values in item.attributes.items():
            known = fold(name)
            self._names.setdefault(known, name)
            for value in values:
                self._values[known].setdefault(fold(value), value)
            if item.parent:
                if values:  # a variation may leave one open: "any size"
                    self._chosen[item.parent.lower()][known] = None
            elif not item.has_variants:
                self._say(item.category, known, len(values))
        if item.has_variants:
            counts = {fold(name): len(values) for name, values in item.attributes.items()}
            self._parents.setdefault(item.sku.lower(), (item.category, counts))

    def settle(self) -> None:
        """Every item was seen: decide on types, codes and places."""
        axes: set[str] = set()
        places: list[tuple[str, str]] = []
        for sku, (path, counts) in self._parents.items():
            chosen = self._chosen.get(sku, {})
            mine = [name for name in dict.fromkeys([*counts, *chosen]) if name in chosen][:MOST_AXES]
            self.axes_of[sku] = mine
            places += [(path, name) for name in mine]
            axes.update(mine)
            for name in counts.keys() - set(mine):
                self._say(path, name, counts[name])
        for sku in self._chosen.keys() - self._parents.keys():  # their products are in the house already
            axes.update(self._chosen[sku])
        planned = self.house.planned
        for name in self._names:
            if self._values[name] or name in axes:
                planned[name] = self._plan(name, is_axis=name in axes)
        for name in sorted(self._several & planned.keys()):
            if planned[name].attribute.type == Type.SELECT:
                planned[name + MANY] = self._plan(name, many=True)
        for path, said in self._said.items():
            for name, many in said:
                use = name + MANY if many and name + MANY in planned else name
                if use in planned:
                    self.house.places[fold(path)].setdefault(self._code(use), False)
        for path, name in places:
            self.house.places[fold(path)][self._code(name)] = True
        self.axes_of = {sku: [self._code(name) for name in names] for sku, names in self.axes_of.items()}

    def cells(self, item: Item) -> dict[str, str]:
        """The item's attributes as cells of our own file; what cannot be one is added to what is wrong."""
        found = {}
        for name, values in item.attributes.items():
            planned = self._planned(item, name, values)
            if planned is None or not values or self._is_axis(item, planned):
                continue  # its variants say it
            column = ATTRIBUTE_PREFIX + planned.attribute.code
            if not planned.attribute.has_options:
                found[column] = ", ".join(values)[:LONGEST_TEXT]
                continue
            codes = [planned.codes.get(fold(value), "") for value in values]
            if "" in codes:
                item.wrong.append(self._no_choice(column, planned, values[codes.index("")]))
            else:
                found[column] = ", ".join(codes)
        return found

    def needs(self, item: Item, path: str) -> dict[str, Any]:
        """What has to be made before the item can be written; nothing when all of it is there."""
        attributes, mine = [], set()
        for name, values in item.attributes.items():
            planned = self._planned(item, name, values)
            if planned is None:
                continue
            mine.add(planned.attribute.code)
            codes = [planned.codes.get(fold(value), "") for value in values]
            options = [[code, planned.fresh[code]] for code in codes if code in planned.fresh]
            if planned.is_new or options:
                row = planned.attribute
                attributes.append({"code": row.code, "name": row.name, "type": str(row.type), "options": options})
        places = self.house.lacks(path) if path and not item.parent else {}
        places = {code: axis for code, axis in places.items() if code in mine}
        return {"attributes": attributes, "path": path, "places": places} if attributes or places else {}

    def _planned(self, item: Item, name: str, values: Sequence[str]) -> Planned | None:
        known = fold(name)
        found = self.house.planned.get(known)
        if len(values) < 2 or item.parent or found is None or self._is_axis(item, found):
            return found
        return self.house.planned.get(known + MANY, found)

    def _is_axis(self, item: Item, planned: Planned) -> bool:
        return item.has_variants and planned.attribute.code in self.axes_of.get(item.sku.lower(), ())

    def _say(self, path: str, name: str, values: int) -> None:
        self._said[path].add((name, values > 1))
        if values > 1:
            self._several.add(name)

    def _code(self, name: str) -> str:
        return self.house.planned[name].attribute.code

    def _plan(self, name: str, *, is_axis: bool = False, many: bool = False) -> Planned:
        written = self._names[name][:LONGEST_NAME]
        found = self._there.get(name)
        if many or (found is not None and is_axis and found.type != Type.SELECT):
            another = _("%(name)s, several") if many else _("%(name)s of variants")
            written = another % {"name": written[: LONGEST_NAME - 20]}
            found = self._there.get(fold(written))
        kind = Type.SELECT if is_axis else Type.MULTISELECT if name in self._several else Type.TEXT
        planned = Planned(found or Attribute(name=written, type=kind), found is None)
        row = planned.attribute
        if planned.is_new:
            row.code = code_for(written, self._codes)
        self._codes.add(row.code)
        if row.has_options:
            self._add_choices(planned, self._values[name].values())
        self.house.attributes[row.code] = row
        return planned

    def _add_choices(self, planned: Planned, names: Iterable[str]) -> None:
        options = list(planned.attribute.options)
        planned.codes = {fold(option["name"]): option["code"] for option in options}
        taken = {option["code"] for option in options}
        for name in names:
            words = " ".join(name.split())
            if fold(words) in planned.codes or len(words) > LONGEST_OPTION or len(options) >= MOST_OPTIONS:
                continue
            code = base = slugify(words)[:40] or "choice"
            number = 2
            while code in taken:
                code, number = f"{base}-{number}", number + 1
            taken.add(code)
            planned.codes[fold(words)] = code
            planned.fresh[code] = words
            options.append({"code": code, "name": words})
        planned.attribute.options = options

    def _no_choice(self, column: str, planned: Planned, value: str) -> BadCell:
        if len(value) > LONGEST_OPTION:
            sentence = _("“%(value)s” is longer than a choice may be: %(longest)d characters.")
            return BadCell(column, sentence % {"value": value[:80], "longest": LONGEST_OPTION})
        sentence = _("%(name)s would have more than %(most)d choices.")
        return BadCell(column, sentence % {"name": planned.attribute.name, "most": MOST_OPTIONS})

    @cached_property
    def _there(self) -> dict[str, Attribute]:
        rows = list(Attribute.objects.select_related("unit").order_by("pk"))
        return {fold(row.code): row for row in rows} | {fold(row.name): row for row in rows}

    @cached_property
    def _codes(self) -> set[str]:
        return {row.code for row in self._there.values()}
