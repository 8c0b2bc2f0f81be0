"""The category tree as people read it: whole, in order, with paths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from apps.catalog.models import Category
from backoffice.kernel.compiled import Compiled

SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Node:
    category: Category
    depth: int
    path: tuple[str, ...]
    products: int
    all_products: int

    @property
    def label(self) -> str:
        return SEPARATOR.join(self.path)


_all: Compiled[Category] = Compiled(lambda: Category.objects.all())
_names: Compiled[Category] = Compiled(lambda: Category.objects.only("name", "parent_id", "position"), shown=True)
_plain: Compiled[tuple[int, int | None, int, str]] = Compiled(
    lambda: Category.objects.order_by().values_list("pk", "parent_id", "position", "name")
)
_counted: Compiled[Any] = Compiled(
    lambda: Category.objects.annotate(product_count=Count("products", filter=Q(products__is_active=True)))
)


def tree(*, count_products: bool = False, names_only: bool = False) -> list[Node]:
    """Every category, parents before children, siblings by position and name. One query; `names_only` where nothing
    else of them is looked at."""
    rows = _counted() if count_products else _names() if names_only else _all()
    counts: dict[int, int] = {}
    children: dict[int | None, list[Category]] = defaultdict(list)
    for row in rows:
        children[row.parent_id].append(row)
        counts[row.pk] = getattr(row, "product_count", 0)
    for siblings in children.values():
        siblings.sort(key=lambda row: (row.position, row.name, row.pk))

    def total(category: Category) -> int:
        return counts[category.pk] + sum(total(child) for child in children.get(category.pk, ()))

    def walk(parent: int | None, path: tuple[str, ...]) -> Iterator[Node]:
        for row in children.get(parent, ()):
            here = (*path, row.name)
            yield Node(row, len(path), here, counts[row.pk], total(row) if count_products else 0)
            yield from walk(row.pk, here)

    return list(walk(None, ()))


def around(nodes: Iterable[Node], chosen: Node | None) -> list[Node]:
    """Of a whole tree the top, and what lies beneath the chosen one and those above it: what a person steps through."""
    open_at = {(), *((chosen.path[:depth]) for depth in range(1, len(chosen.path) + 1))} if chosen else {()}
    return [node for node in nodes if node.path[:-1] in open_at]


def choices() -> list[tuple[int, str]]:
    """(id, path) pairs for a select, in tree order. One query, which builds no models."""
    children: dict[int | None, list[tuple[int, str, int]]] = defaultdict(list)
    for pk, parent, position, name in _plain():
        children[parent].append((position, name, pk))
    for siblings in children.values():
        siblings.sort()

    def walk(parent: int | None, above: str) -> Iterator[tuple[int, str]]:
        for _position, name, pk in children.get(parent, ()):
            yield pk, above + name
            yield from walk(pk, above + name + SEPARATOR)

    return list(walk(None, ""))


def with_descendants(category_id: int) -> set[int]:
    """The category and everything beneath it."""
    children: dict[int | None, list[int]] = defaultdict(list)
    for pk, parent in Category.objects.values_list("pk", "parent_id"):
        children[parent].append(pk)
    found: set[int] = set()
    waiting = [category_id]
    while waiting:
        pk = waiting.pop()
        if pk not in found:
            found.add(pk)
            waiting.extend(children[pk])
    return found
