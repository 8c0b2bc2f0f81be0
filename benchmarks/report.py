"""Figure, budget, growth: one line an operation."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What was measured at one size on one database. `budget` None is only shown; `at_least` turns the comparison."""

    name: str
    figure: float
    unit: str
    budget: float | None = None
    at_least: bool = False
    growth_budget: float | None = None

    @property
    def kept(self) -> bool:
        if self.budget is None:
            return True
        return self.figure >= self.budget if self.at_least else self.figure <= self.budget


def key(above: str, result: Result) -> str:
    """What the figure is called in a comparison: an indented one belongs to the operation above it."""
    return f"{above}/{result.name.strip()}" if result.name.startswith(" ") else result.name


def figures(results: list[Result]) -> dict[str, float]:
    """Every figure by its name, for the comparison with the next size."""
    found, above = {}, ""
    for result in results:
        above = result.name if not result.name.startswith(" ") else above
        found[key(above, result)] = result.figure
    return found


def show(title: str, results: list[Result], smaller: dict[str, float]) -> bool:
    """Print the table; False when a budget is broken."""
    out = sys.stdout.write
    out(f"\n{title}\n{'':34}{'figure':>12}{'budget':>14}{'growth':>10}\n")
    fine = True
    above = ""
    for result in results:
        # "queries" stands under several operations: growth is that of the one above it.
        above = result.name if not result.name.startswith(" ") else above
        budget = "" if result.budget is None else f"{'≥' if result.at_least else '≤'} {result.budget:g}"
        before = smaller.get(key(above, result))
        growth = result.figure / before if before else None
        grown = growth is not None and result.growth_budget is not None and growth > result.growth_budget
        mark = "" if result.kept and not grown else "  ✗ broken"
        fine = fine and not mark
        shown = f"× {growth:.2f}" if growth is not None else ""
        out(f"{result.name:34}{result.figure:>8.1f} {result.unit:<5}{budget:>12}{shown:>10}{mark}\n")
    return fine
