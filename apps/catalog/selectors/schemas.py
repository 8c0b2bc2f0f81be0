"""Which attributes the products of a category have: its own and those of the categories above it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

from apps.catalog.models import Attribute, Category, CategoryAttribute, Product
from backoffice.kernel.compiled import Compiled


@dataclass(frozen=True, slots=True)
class Entry:
    """One attribute of a schema, and the category that brings it in."""

    attribute: Attribute
    required: bool
    is_variant_axis: bool
    row: CategoryAttribute
    category_id: int

    @property
    def code(self) -> str:
        return self.attribute.code


D = TypeVar("D", bound="Demand")

_all_rows: Compiled[CategoryAttribute] = Compiled(
    lambda: CategoryAttribute.objects.select_related("attribute__unit").order_by("position", "attribute__name", "pk"),
    shown=True,
)
_rows_of: Compiled[CategoryAttribute] = Compiled(
    lambda categories: (
        CategoryAttribute.objects.filter(category_id__in=categories)
        .select_related("attribute__unit")
        .order_by("position", "attribute__name", "pk")
    )
)
_all_demands: Compiled[tuple[int, str, bool]] = Compiled(
    lambda: CategoryAttribute.objects.order_by("position", "attribute__name", "pk").values_list(
        "category_id", "attribute__code", "required"
    )
)
_parents: Compiled[tuple[int, int | None]] = Compiled(lambda: Category.objects.values_list("pk", "parent_id"))


class Demand(Protocol):
    """What a product of the category should have, or may."""

    @property
    def code(self) -> str:
        """Of the attribute."""

    @property
    def required(self) -> bool:
        """Whether it is lacking without a value."""


class Asked(NamedTuple):
    """A demand, and nothing else about its attribute."""

    code: str
    required: bool


class Schemas:
    """All schemas of the house, read once: they are small. Two queries, one where no category has attributes.

    What is nearer wins: a category may ask for an attribute that one above it only offers. Those from above come first.
    """

    def __init__(self) -> None:
        self._own: dict[int, list[CategoryAttribute]] = defaultdict(list)
        self._read(_all_rows())
        self._parents: Mapping[int, int | None] = dict(_parents()) if self._own else {}
        self._known: dict[int | None, tuple[Entry, ...]] = {None: ()}

    @classmethod
    def around(cls, category_id: int | None) -> Schemas:
        """Only what the category and those above it bring in: for a form, which needs no other."""
        found = cls.__new__(cls)
        found._own, found._known = defaultdict(list), {None: ()}
        found._parents = dict(_parents()) if category_id is not None else {}
        found._read(_rows_of(found.way_up(category_id)))
        return found

    def _read(self, rows: Iterable[CategoryAttribute]) -> None:
        for row in rows:
            self._own[row.category_id].append(row)

    def of(self, category_id: int | None) -> tuple[Entry, ...]:
        """The schema of a category; none without one."""
        if category_id not in self._known:
            found: dict[str, Entry] = {}
            for above in reversed(self.way_up(category_id)):
                for row in self._own.get(above, ()):
                    entry = Entry(row.attribute, row.required, row.is_variant_axis, row, above)
                    found[entry.code] = entry
            self._known[category_id] = tuple(found.values())
        return self._known[category_id]

    def way_up(self, category_id: int | None) -> list[int]:
        """The category and those above it, nearest first."""
        return _way_up(category_id, self._parents)

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """Every attribute that some category has, by its code."""
        return {row.attribute.code: row.attribute for rows in self._own.values() for row in rows}


class Demands:
    """What products of every category should have, for whoever judges many: no attribute is put together for it. Two
    queries, one where no category has attributes."""

    def __init__(self) -> None:
        self._own: dict[int, dict[str, Asked]] = defaultdict(dict)
        for category_id, code, required in _all_demands():
            self._own[category_id][code] = Asked(code, required)
        self._parents: Mapping[int, int | None] = dict(_parents()) if self._own else {}
        self._known: dict[int | None, tuple[Asked, ...]] = {None: ()}

    def of(self, category_id: int | None) -> tuple[Asked, ...]:
        """Those of a category; none without one. What is nearer wins."""
        if category_id not in self._known:
            found: dict[str, Asked] = {}
            for above in reversed(_way_up(category_id, self._parents)):
                found |= self._own.get(above, {})
            self._known[category_id] = tuple(found.values())
        return self._known[category_id]


def _way_up(category_id: int | None, parents: Mapping[int, int | None]) -> list[int]:
    way: list[int] = []
    while category_id is not None and category_id not in way:
        way.append(category_id)
        category_id = parents.get(category_id)
    return way


class Lack(IntFlag):
    """What a product is lacking. The numbers are kept in the database."""

    PRICE = 1
    PICTURE = 2
    BARCODE = 4
    ATTRIBUTES = 8

    @property
    def masks(self) -> list[int]:
        """Every value of the column that has this in it, so that an index serves."""
        return [mask for mask in range(2 * Lack.ATTRIBUTES) if mask & self]


def wanting(product: Product, schema: Iterable[D]) -> list[D]:
    """The required attributes without a value. A variant has its parent's values besides its own; load the parent."""
    parent = product.variant_of if product.variant_of_id else None
    values = {**(parent.attributes if parent else {}), **product.attributes}
    return [entry for entry in schema if entry.required and entry.code not in product.axes and entry.code not in values]
