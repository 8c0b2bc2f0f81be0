"""Proof that the books agree. Compares in sets, in the database; finds and names every difference, changes nothing."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from apps.inventory.models import Hold, Location, Lot
from backoffice.kernel import clock


@dataclass(frozen=True)
class Difference:
    """Two figures that should be one. `about` is what to look at: a model's label and a key."""

    kind: str
    subject: str
    expected: Any
    found: Any
    about: tuple[str, int] | None = None


SOME = 500  # lots that are looked at again together

# Of some lots those whose moves and balances differ in some physical place, and those that have another product's
# moves. The moves are read once, in the order of an index that holds all that is needed, and summed by where they came
# from and went to. A whole number stands for lot, product and place together, because hundreds of thousands of such
# sums are sorted. What is found is looked at again and named; a balance in a place that holds none is found below.
SUSPECTS = """
WITH flow AS MATERIALIZED (
    SELECT lot_id, product_id, (lot_id * {products} + product_id) * {places} AS key, destination_id, source_id,
        whole_sum(quantity) AS quantity, whole_sum(value) AS value
    FROM inventory_move WHERE lot_id BETWEEN {first} AND {last}
    GROUP BY lot_id, product_id, destination_id, source_id
)
SELECT key / ({products} * {places}) FROM (
    SELECT key + destination_id AS key, quantity, value FROM flow WHERE {arrived}
    UNION ALL
    SELECT key + source_id, -quantity, -value FROM flow WHERE {left}
    UNION ALL
    SELECT (lot_id * {products} + product_id) * {places} + location_id, -quantity, -value
    FROM inventory_stockbalance WHERE lot_id BETWEEN {first} AND {last}
) AS book
GROUP BY key
HAVING whole_sum(quantity) <> 0 OR whole_sum(value) <> 0
UNION
SELECT f.lot_id FROM flow f JOIN inventory_lot l ON l.id = f.lot_id
WHERE l.product_id <> f.product_id AND l.id BETWEEN {first} AND {last}
"""
# The same for SQLite, which takes the sums as they come, each to where it went, to where it came from and, as one that
# nothing makes up for, to no place at all when its lot is another product's: kept and read three times they cost more.
SUSPECTS_AS_THEY_COME = """
SELECT key / ({products} * {places}) FROM (
    SELECT key + CASE way WHEN 1 THEN destination_id WHEN -1 THEN source_id ELSE 0 END AS key,
        CASE way WHEN 0 THEN 1 ELSE quantity * way END AS quantity, value * way AS value
    FROM (
        SELECT lot_id, product_id, (lot_id * {products} + product_id) * {places} AS key, destination_id, source_id,
            SUM(quantity) AS quantity, SUM(value) AS value
        FROM inventory_move {some}
        GROUP BY lot_id, product_id, destination_id, source_id
    ) AS flow
    CROSS JOIN inventory_lot AS lot ON lot.id = flow.lot_id
    CROSS JOIN (SELECT 1 AS way UNION ALL SELECT -1 UNION ALL SELECT 0)
    WHERE CASE way WHEN 1 THEN {arrived} WHEN -1 THEN {left} ELSE lot.product_id <> flow.product_id END
    UNION ALL
    SELECT (lot_id * {products} + product_id) * {places} + location_id, -quantity, -value
    FROM inventory_stockbalance {some}
) AS book
GROUP BY key
HAVING SUM(quantity) <> 0 OR SUM(value) <> 0
"""
AT_ONCE = {"postgresql": 10_000, "sqlite": 50_000}
"""Lots that are summed together: what has to be sorted then stays in memory, however many there are."""
SORTED_IN = 24_000
"""Kilobytes in which SQLite may sort them, and keep pages meanwhile."""
BITS = 63
"""Of a whole number, without its sign."""
BOUNDS = """
SELECT (SELECT MAX(id) FROM catalog_product), (SELECT MAX(id) FROM inventory_location),
    (SELECT MIN(id) FROM inventory_lot), (SELECT MAX(id) FROM inventory_lot)
"""

# What the moves say against what the balances say, for some lots in every physical place.
BALANCES = """
SELECT lot_id, location_id, SUM(moved), SUM(moved_value), SUM(kept), SUM(kept_value) FROM (
    SELECT lot_id, destination_id AS location_id, quantity AS moved, value AS moved_value, 0 AS kept, 0 AS kept_value
    FROM inventory_move
    UNION ALL
    SELECT lot_id, source_id, -quantity, -value, 0, 0 FROM inventory_move
    UNION ALL
    SELECT lot_id, location_id, 0, 0, quantity, value FROM inventory_stockbalance
) AS book
WHERE location_id IN ({physical}) AND lot_id IN ({lots})
GROUP BY lot_id, location_id
HAVING SUM(moved) <> SUM(kept) OR SUM(moved_value) <> SUM(kept_value)
"""

# Of some lots, what belongs to another product: the lot, where, whose it should be, whose it is.
FOREIGN = {
    "balance of another product's lot": """
        SELECT l.id, mine.sku || ' · ' || p.code, mine.sku, theirs.sku FROM inventory_stockbalance b
        JOIN inventory_lot l ON l.id = b.lot_id JOIN inventory_location p ON p.id = b.location_id
        JOIN catalog_product mine ON mine.id = l.product_id JOIN catalog_product theirs ON theirs.id = b.product_id
        WHERE l.product_id <> b.product_id AND l.id IN ({lots})
    """,
    "move of another product's lot": """
        SELECT l.id, mine.sku || ' · move ' || m.id, mine.sku, theirs.sku FROM inventory_move m
        JOIN inventory_lot l ON l.id = m.lot_id
        JOIN catalog_product mine ON mine.id = l.product_id JOIN catalog_product theirs ON theirs.id = m.product_id
        WHERE l.product_id <> m.product_id AND l.id IN ({lots})
    """,
}

OVERHELD = """
SELECT a.lot_id, a.location_id, SUM(a.quantity), COALESCE(MAX(b.quantity), 0)
FROM inventory_holdallocation a
JOIN inventory_hold h ON h.id = a.hold_id
LEFT JOIN inventory_stockbalance b ON b.lot_id = a.lot_id AND b.location_id = a.location_id
WHERE h.status = 'active' AND (h.expires_at IS NULL OR h.expires_at > %s)
GROUP BY a.lot_id, a.location_id
HAVING SUM(a.quantity) > COALESCE(MAX(b.quantity), 0)
"""

OVERBACKED = """
SELECT h.id, MAX(t.sku), MAX(h.quantity - h.fulfilled), SUM(a.quantity)
FROM inventory_hold h JOIN inventory_holdallocation a ON a.hold_id = h.id
JOIN catalog_product t ON t.id = h.product_id
GROUP BY h.id HAVING SUM(a.quantity) > MAX(h.quantity - h.fulfilled)
"""


def _quantity(raw: Any) -> Decimal:
    return Decimal(int(raw)).scaleb(-6)


def _money(raw: Any) -> Decimal:
    return Decimal(int(raw)).scaleb(-2)


def _whose(sku: Any) -> str:
    """A code that consists of digits is no figure."""
    return f"SKU {sku}"


# Rows that should not be: (kind, model to look at, how its figures are read, query). Each returns the key of what to
# look at, where of it, what should be and what is; an empty answer is a good one. What the database itself refuses
# (quantities below zero, moves that do not move) is not asked again. A move leaves one place and enters another, so an
# operation is out of balance when it has none, or when it does not take back what it reverses.
# CROSS JOIN says to SQLite which table is read first: the few places, not all balances.
STRANGERS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "allocation of an ended hold": (
        "inventory.Hold",
        _quantity,
        """
        SELECT h.id, t.sku || ' · ' || p.code, 0, a.quantity FROM inventory_holdallocation a
        JOIN inventory_hold h ON h.id = a.hold_id JOIN catalog_product t ON t.id = h.product_id
        JOIN inventory_location p ON p.id = a.location_id WHERE h.status <> 'active'
        """,
    ),
    "allocation of a hold that is gone": (
        "inventory.Lot",
        _quantity,
        """
        SELECT a.lot_id, p.code, 0, a.quantity FROM inventory_holdallocation a
        JOIN inventory_location p ON p.id = a.location_id
        WHERE NOT EXISTS (SELECT 1 FROM inventory_hold h WHERE h.id = a.hold_id)
        """,
    ),
    "allocation of another product's lot": (
        "inventory.Hold",
        _whose,
        """
        SELECT h.id, mine.sku, mine.sku, theirs.sku FROM inventory_holdallocation a
        JOIN inventory_hold h ON h.id = a.hold_id JOIN inventory_lot l ON l.id = a.lot_id
        JOIN catalog_product mine ON mine.id = h.product_id JOIN catalog_product theirs ON theirs.id = l.product_id
        WHERE l.product_id <> h.product_id
        """,
    ),
    "value without stock": (
        "inventory.Lot",
        _money,
        """
        SELECT b.lot_id, t.sku || ' · ' || p.code, 0, b.value FROM inventory_stockbalance b
        JOIN inventory_location p ON p.id = b.location_id JOIN catalog_product t ON t.id = b.product_id
        WHERE b.quantity = 0 AND b.value <> 0
        """,
    ),
    "balance in a place that holds none": (
        "inventory.Lot",
        _quantity,
        """
        SELECT b.lot_id, t.sku || ' · ' || p.code, 0, b.quantity
        FROM inventory_location p CROSS JOIN inventory_stockbalance b JOIN catalog_product t ON t.id = b.product_id
        WHERE b.location_id = p.id AND p.kind NOT IN ('storage', 'sale', 'production', 'quarantine')
        """,
    ),
    "operation without moves": (
        "inventory.StockOperation",
        str,
        """
        SELECT o.id, '', '≥ 1', 0 FROM inventory_stockoperation o
        WHERE NOT EXISTS (SELECT 1 FROM inventory_move m WHERE m.operation_id = o.id)
        """,
    ),
    "reversal that does not take all of it back": (
        "inventory.StockOperation",
        _quantity,
        """
        SELECT id, '', COALESCE(taken, 0), COALESCE(back, 0) FROM (
            SELECT o.id,
                (SELECT SUM(m.quantity) FROM inventory_move m WHERE m.operation_id = o.reverses_id) AS taken,
                (SELECT SUM(m.quantity) FROM inventory_move m WHERE m.operation_id = o.id) AS back
            FROM inventory_stockoperation o WHERE o.reverses_id IS NOT NULL
        ) AS pair WHERE COALESCE(taken, 0) <> COALESCE(back, 0)
        """,
    ),
    "fulfilled hold that was not served": (
        "inventory.Hold",
        _quantity,
        """
        SELECT h.id, t.sku, h.quantity, h.fulfilled FROM inventory_hold h
        JOIN catalog_product t ON t.id = h.product_id WHERE h.status = 'fulfilled' AND h.fulfilled <> h.quantity
        """,
    ),
}


def differences() -> list[Difference]:
    """Every difference between moves, balances, allocations and holds; an empty list is the proof."""
    with _alone():
        return [*_balances(), *_held(), *_strangers(), *_orphans()]


@contextmanager
def _alone() -> Iterator[None]:
    """On PostgreSQL without helpers: several processes that sort a part each take twice the CPU for the same answer.

    And in the order of the indexes, then sorted in memory: sums in a table of hashes outgrow theirs and go to the disk.
    SQLite sorts in as much memory as it may keep pages in.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            pages = cursor.execute("PRAGMA cache_size").fetchone()[0]
            cursor.execute(f"PRAGMA cache_size = -{SORTED_IN}")
            try:
                yield
            finally:
                cursor.execute(f"PRAGMA cache_size = {pages}")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off")
        cursor.execute("SET LOCAL enable_hashagg = off; SET LOCAL work_mem = '24MB'")
        yield


def _rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _balances() -> Iterator[Difference]:
    codes = dict(Location.objects.physical().values_list("pk", "code"))
    places = sorted(codes) or [0]
    physical = ", ".join(map(str, places))
    product, place, first, last = _rows(BOUNDS)[0]
    if last is None:
        return
    suspects: list[int] = []
    lite, at_once = connection.vendor == "sqlite", AT_ONCE[connection.vendor]
    for start in range(first, last + 1, at_once):
        end = min(start + at_once - 1, last)
        sql = (SUSPECTS_AS_THEY_COME if lite else SUSPECTS).format(
            products=product + 1,
            places=place + 1,
            first=start,
            last=end,
            # All balances are read as they lie, not each by its lot.
            some="" if (start, end) == (first, last) else f"WHERE lot_id BETWEEN {start} AND {end}",
            arrived=_is_one("destination_id", places),
            left=_is_one("source_id", places),
        )
        suspects += [int(pk) for (pk,) in _rows(sql)]
    for start in range(0, len(suspects), SOME):
        some = suspects[start : start + SOME]
        lots, skus = ", ".join(map(str, some)), _skus(some)
        for lot_id, location_id, moved, moved_value, kept, kept_value in _rows(
            BALANCES.format(physical=physical, lots=lots)
        ):
            subject = f"lot {lot_id} · {skus[lot_id]} · {codes[location_id]}"
            if moved != kept:
                yield Difference("balance", subject, _quantity(moved), _quantity(kept), ("inventory.Lot", lot_id))
            if moved_value != kept_value:
                about = ("inventory.Lot", lot_id)
                yield Difference("value", subject, _money(moved_value), _money(kept_value), about)
        for kind, sql in FOREIGN.items():
            for lot_id, where, mine, theirs in _rows(sql.format(lots=lots)):
                about = ("inventory.Lot", lot_id)
                yield Difference(kind, f"lot {lot_id} · {where}", _whose(mine), _whose(theirs), about)


def _skus(lots: Collection[int]) -> dict[int, str]:
    """What the lots are of: a lot that has no code of its own is known by its product."""
    return dict(Lot.objects.filter(pk__in=lots).values_list("pk", "product__sku"))


def _is_one(column: str, keys: list[int]) -> str:
    """The condition that the column has one of the keys, which ascend.

    SQLite looks each value up in a tree of the keys; as bits of one number they are there at once.
    """
    if connection.vendor == "sqlite" and keys[-1] < BITS:
        return f"({sum(1 << key for key in keys)} >> {column}) & 1"
    return f"{column} IN ({', '.join(map(str, keys))})"


def _held() -> Iterator[Difference]:
    now = connection.ops.adapt_datetimefield_value(clock.now())
    codes = dict(Location.objects.values_list("pk", "code"))
    too_much = _rows(OVERHELD, now)
    skus = _skus([row[0] for row in too_much])
    for lot_id, location_id, held, there in too_much:
        subject, about = f"lot {lot_id} · {skus[lot_id]} · {codes[location_id]}", ("inventory.Lot", lot_id)
        yield Difference("held more than there is", subject, _quantity(there), _quantity(held), about)
    for hold_id, sku, asked, backed in _rows(OVERBACKED):
        subject, about = f"hold {hold_id} · {sku}", ("inventory.Hold", hold_id)
        yield Difference("backed more than asked", subject, _quantity(asked), _quantity(backed), about)


def _strangers() -> Iterator[Difference]:
    for kind, (model, read, sql) in STRANGERS.items():
        for pk, where, expected, found in _rows(sql):
            name = model.partition(".")[2].removeprefix("Stock").lower()
            subject = f"{name} {pk}" + (f" · {where}" if where else "")
            yield Difference(kind, subject, read(expected), read(found), (model, pk))


def _orphans() -> Iterator[Difference]:
    """Active holds whose document is gone: nobody will ever let go of them, and nothing should be held for it."""
    active = Hold.objects.filter(status=Hold.Status.ACTIVE)
    for type_id in active.order_by().values_list("origin_type_id", flat=True).distinct():
        kind = ContentType.objects.get_for_id(type_id)
        model, held = kind.model_class(), active.filter(origin_type_id=type_id)
        orphans = held if model is None else held.exclude(origin_id__in=model._base_manager.values("pk"))
        rows = orphans.order_by("pk").values_list("pk", "product__sku", "origin_id", "quantity", "fulfilled")
        for pk, sku, origin_id, quantity, fulfilled in rows:
            subject, about = f"hold {pk} · {sku} · {kind.name} {origin_id}", ("inventory.Hold", pk)
            yield Difference("hold of a document that is gone", subject, Decimal(0), quantity - fulfilled, about)


KINDS = [
    gettext_noop("balance"),
    gettext_noop("value"),
    gettext_noop("balance of another product's lot"),
    gettext_noop("move of another product's lot"),
    gettext_noop("held more than there is"),
    gettext_noop("backed more than asked"),
    gettext_noop("hold of a document that is gone"),
    gettext_noop("allocation of an ended hold"),
    gettext_noop("allocation of a hold that is gone"),
    gettext_noop("allocation of another product's lot"),
    gettext_noop("value without stock"),
    gettext_noop("balance in a place that holds none"),
    gettext_noop("operation without moves"),
    gettext_noop("reversal that does not take all of it back"),
    gettext_noop("fulfilled hold that was not served"),
]
"""What may be found, named so that it can be said in every language."""
