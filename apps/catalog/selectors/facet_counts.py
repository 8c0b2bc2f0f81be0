"""How many products each value of a facet would leave. The database groups once; the rest is adding up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from apps.catalog.models import Category, Product
from backoffice.ui.pagination import CAP, Count

from .categories import Node
from .schemas import Lack

LACKS = {"price": Lack.PRICE, "picture": Lack.PICTURE, "barcode": Lack.BARCODE, "attributes": Lack.ATTRIBUTES}
BITS = {value: int(lack) for value, lack in LACKS.items()}
COLUMNS = ("category_id", "kind", "is_sellable", "missing")  # in the order of the index that answers for all products
GROUPS = "SELECT {0}, COUNT(*) FROM ({1}) counted GROUP BY {0}"
STEPS = 500
"""Groups that are stepped through; of more of them it is cheaper to look at each product."""
# Of all products the database looks in the index for the next group and counts it there: taking rows apart is slow, on
# SQLite above all. Nothing comes back where there are too many groups.
COUNTED = """
SELECT category_id, kind, is_sellable, missing, (
    SELECT COUNT(*) FROM catalog_product AS product
    WHERE product.category_id = found.category_id AND product.kind = found.kind
        AND product.is_sellable = found.is_sellable AND product.missing = found.missing
) FROM found WHERE (SELECT COUNT(*) FROM found) <= %(most)s
UNION ALL
SELECT category_id, kind, is_sellable, missing, COUNT(*) FROM catalog_product
WHERE category_id IS NULL AND (SELECT COUNT(*) FROM found) <= %(most)s
GROUP BY category_id, kind, is_sellable, missing
"""
STEPPED = {
    "sqlite": """
WITH RECURSIVE found(category_id, kind, is_sellable, missing) AS MATERIALIZED (
    SELECT * FROM (
        SELECT category_id, kind, is_sellable, missing FROM catalog_product WHERE category_id IS NOT NULL
        ORDER BY category_id, kind, is_sellable, missing LIMIT 1
    )
    UNION ALL
    SELECT following.category_id, following.kind, following.is_sellable, following.missing
    FROM found AS this, catalog_product AS following
    WHERE following.id = COALESCE(
        (SELECT id FROM catalog_product WHERE category_id = this.category_id AND kind = this.kind
            AND is_sellable = this.is_sellable AND missing > this.missing ORDER BY missing LIMIT 1),
        (SELECT id FROM catalog_product WHERE category_id = this.category_id AND kind = this.kind
            AND is_sellable > this.is_sellable ORDER BY is_sellable, missing LIMIT 1),
        (SELECT id FROM catalog_product WHERE category_id = this.category_id AND kind > this.kind
            ORDER BY kind, is_sellable, missing LIMIT 1),
        (SELECT id FROM catalog_product WHERE category_id > this.category_id
            ORDER BY category_id, kind, is_sellable, missing LIMIT 1)
    )
    LIMIT %(most)s + 1
)""",
    "postgresql": """
WITH RECURSIVE found AS MATERIALIZED (
    (
        SELECT category_id, kind, is_sellable, missing, 1 AS place FROM catalog_product WHERE category_id IS NOT NULL
        ORDER BY category_id, kind, is_sellable, missing LIMIT 1
    )
    UNION ALL
    SELECT following.category_id, following.kind, following.is_sellable, following.missing, this.place + 1
    FROM found AS this CROSS JOIN LATERAL (
        SELECT category_id, kind, is_sellable, missing FROM catalog_product
        WHERE (category_id, kind, is_sellable, missing) > (this.category_id, this.kind, this.is_sellable, this.missing)
        ORDER BY category_id, kind, is_sellable, missing LIMIT 1
    ) AS following
    WHERE this.place <= %(most)s
)""",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Products that are alike in all that is counted."""

    category: int | None
    kind: str
    sold: bool
    missing: int
    number: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The groups of a list. `capped`: there were more products than were worth counting."""

    groups: list[Group]
    capped: bool

    def facets(self, chosen: Mapping[str, Any], nodes: Mapping[int, Node]) -> dict[str, dict[str, Count]]:
        """For each value of each facet how many products it would leave beside what is chosen of the others."""
        return {
            "category": self._categories(self._left(chosen, "category", nodes), nodes),
            "kind": self._by(self._left(chosen, "kind", nodes), lambda group: group.kind, Product.Kind.values),
            "sold": self._by(self._left(chosen, "sold", nodes), lambda group: _sold(group), ("yes", "no")),
            "lacks": self._lacks(self._left(chosen, "lacks", nodes)),
        }

    def complete(self, chosen: Mapping[str, Any], nodes: Mapping[int, Node]) -> int | None:
        """How many per cent of the products are complete, of what the other facets leave; None of none."""
        left = self._left(chosen, "lacks", nodes)
        every = sum(group.number for group in left)
        return 100 * sum(group.number for group in left if not group.missing) // every if every else None

    def _left(self, chosen: Mapping[str, Any], but: str, nodes: Mapping[int, Node]) -> list[Group]:
        tests: list[Callable[[Group], bool]] = []
        for name, value in chosen.items():
            if name == "category" and name != but:
                inside = _inside(value, nodes)
                tests.append(lambda group, inside=inside: group.category in inside)  # type: ignore[misc]
            elif name == "kind" and name != but:
                tests.append(lambda group, value=value: group.kind == value)  # type: ignore[misc]
            elif name == "sold" and name != but:
                tests.append(lambda group, value=value: _sold(group) == value)  # type: ignore[misc]
            elif name == "lacks" and name != but:
                tests.append(lambda group, value=value: _is_lacking(group, value))  # type: ignore[misc]
        return [group for group in self.groups if all(test(group) for test in tests)]

    def _by(self, groups: Collection[Group], of: Callable[[Group], str], values: Collection[str]) -> dict[str, Count]:
        found = dict.fromkeys(values, 0)
        for group in groups:
            found[of(group)] += group.number
        return self._counts(found)

    def _lacks(self, groups: Collection[Group]) -> dict[str, Count]:
        numbers: dict[int, int] = defaultdict(int)
        for group in groups:
            numbers[group.missing] += group.number
        every, complete = sum(numbers.values()), numbers.get(0, 0)
        lacking = {value: sum(number for mask, number in numbers.items() if mask & bit) for value, bit in BITS.items()}
        return self._counts({"complete": complete, "incomplete": every - complete, **lacking})

    def _categories(self, groups: Collection[Group], nodes: Mapping[int, Node]) -> dict[str, Count]:
        found: dict[int, int] = defaultdict(int)
        for group in groups:
            if group.category is not None and group.category in nodes:
                found[group.category] += group.number
        for pk in reversed(list(nodes)):  # those beneath come before those above
            above = nodes[pk].category.parent_id
            if above is not None:
                found[above] += found[pk]
        return self._counts({str(pk): found[pk] for pk in nodes})

    def _counts(self, numbers: Mapping[str, int]) -> dict[str, Count]:
        return {value: Count(number, self.capped and number > 0) for value, number in numbers.items()}


def counted(products: QuerySet[Product], *, narrowed: bool) -> Counted:
    """The products in groups; of a list that a search narrows, no more products than are worth counting.

    One query; a second one where there are no groups to step through, or too many.
    """
    rows = products.order_by().values_list(*COLUMNS)
    try:
        sql, params = (rows[: CAP + 1] if narrowed else rows).query.sql_with_params()
    except EmptyResultSet:
        return Counted([], capped=False)
    found: list[Any] = []
    with connection.cursor() as cursor:
        if not (narrowed or products.query.where or products.query.combinator):
            cursor.execute((STEPPED[connection.vendor] + COUNTED) % {"most": STEPS})
            found = cursor.fetchall()
        if not found:
            cursor.execute(GROUPS.format(", ".join(COLUMNS), sql), params)
            found = cursor.fetchall()
    groups = [Group(pk, kind, bool(sold), missing, number) for pk, kind, sold, missing, number in found]
    return Counted(groups, capped=narrowed and sum(group.number for group in groups) > CAP)


def _sold(group: Group) -> str:
    return "yes" if group.sold else "no"


def _is_lacking(group: Group, value: str) -> bool:
    if value in ("complete", "incomplete"):
        return (group.missing == 0) == (value == "complete")
    return value in BITS and bool(group.missing & BITS[value])


def _inside(category: Category, nodes: Mapping[int, Node]) -> set[int]:
    chosen = nodes.get(category.pk)
    if chosen is None:
        return {category.pk}
    path = chosen.path
    return {pk for pk, node in nodes.items() if node.path[: len(path)] == path}
