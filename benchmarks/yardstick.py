"""How fast this machine is at this moment, so that the swings of a shared one can be divided out of a figure.

The same guest was seen to need 17 ms and 29 ms of CPU for the same loop, changing within less than a second: the other
tenants of the host share its caches and its cores' second threads. A figure alone therefore says little. What is
measured is cut into laps of a tenth of a second, each between two strokes, and a lap counts as what it would have been
at the reference speed.
"""

import sqlite3
import time
from collections.abc import Sequence
from decimal import Decimal

# What one stroke takes at the reference speed, in milliseconds of CPU. It is what the machine that the budgets were set
# on needs in a quiet minute (two virtual cores of a Xeon of 2023, Python 3.11): nine in ten of 200 strokes lay between
# 17.2 and 18.1. A faster or slower computer needs no other number: its factor is then simply not around 1.
REFERENCE_MS = 17.5

ROWS = [(number, number * 7919 % 1000, f"row {number}") for number in range(4000)]


def stroke() -> float:
    """CPU milliseconds of the fixed work: dictionaries, texts and decimals as a page needs them, and some SQLite."""
    began = time.process_time()
    words: dict[str, int] = {}
    for number in range(30_000):
        key = f"k{number * 7919 % 997}"
        words[key] = words.get(key, 0) + number
    ",".join(f"<td>{key}</td>" for key in sorted(words))
    sum((Decimal(number).scaleb(-2) for number in range(4000)), Decimal(0))
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)")
    database.executemany("INSERT INTO t VALUES (?, ?, ?)", ROWS)
    for number in range(1500):
        database.execute("SELECT b FROM t WHERE id = ?", (number * 7919 % 4000,)).fetchone()
    database.execute("SELECT a, COUNT(*), SUM(id) FROM t GROUP BY a ORDER BY 3").fetchall()
    database.close()
    return (time.process_time() - began) * 1000


def factor(before_ms: float, after_ms: float) -> float:
    """How many times slower than the reference the machine was between two strokes; below 1 it was faster."""
    return (before_ms + after_ms) / 2 / REFERENCE_MS


def overall(parts: Sequence[tuple[float, float]]) -> float:
    """The factor of a whole out of (cost, factor) of its parts: the whole divided by what it is at reference speed."""
    whole = sum(cost for cost, _factor in parts)
    normal = sum(cost / slower for cost, slower in parts)
    return whole / normal if normal else 1.0


def best() -> float:
    """The better of two strokes: the first pays for what the work before it left behind in memory."""
    return min(stroke(), stroke())


class Laps:
    """Costs in parts, each between two strokes: call `end(cost)` after every part, and begin the next one then."""

    def __init__(self) -> None:
        self.parts: list[tuple[float, float]] = []
        self._before = best()

    def end(self, cost: float) -> None:
        """A part has cost this much (any unit, the same for all parts)."""
        after = best()
        self.parts.append((cost, factor(self._before, after)))
        self._before = after

    @property
    def cost(self) -> float:
        return sum(cost for cost, _factor in self.parts)

    @property
    def machine(self) -> float:
        """The factor of all parts together."""
        return overall(self.parts)
