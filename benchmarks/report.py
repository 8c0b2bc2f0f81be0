"""Figure, machine, figure at reference speed, budget, growth: one line an operation."""

import sys
from dataclasses import dataclass

TIMES, RATES = {"ms", "s"}, {"/s", "row/s"}


@dataclass(frozen=True)
class Result:
    """What was measured at one size on one database. `budget` None is only shown; `at_least` turns the comparison.

    `machine` is how many times slower than the reference the machine was; it says nothing about bytes and counts.
    """

    name: str
    figure: float
    unit: str
    budget: float | None = None
    at_least: bool = False
    growth_budget: float | None = None
    machine: float = 1.0

    @property
    def normal(self) -> float:
        """The figure as it would be at the reference speed: what budgets and growth are judged on."""
        if self.unit in TIMES:
            return self.figure / self.machine
        return self.figure * self.machine if self.unit in RATES else self.figure

    @property
    def kept(self) -> bool:
        if self.budget is None:
            return True
        return self.normal >= self.budget if self.at_least else self.normal <= self.budget


def key(above: str, result: Result) -> str:
    """What the figure is called in a comparison: an indented one belongs to the operation above it."""
    return f"{above}/{result.name.strip()}" if result.name.startswith(" ") else result.name


def figures(results: list[Result]) -> dict[str, float]:
    """Every figure at reference speed by its name, for the comparison with the next size."""
    found, above = {}, ""
    for result in results:
        above = result.name if not result.name.startswith(" ") else above
        found[key(above, result)] = result.normal
    return found


def show(title: str, results: list[Result], smaller: dict[str, float], *, growing: bool = True) -> bool:
    """Print the table; False when a budget is broken. `growing`: growth since the smaller size is judged too."""
    out = sys.stdout.write
    out(f"\n{title}\n{'':40}{'figure':>10}{'':6}{'machine':>8}{'judged':>10}{'budget':>10}{'growth':>10}\n")
    fine = True
    above = ""
    for result in results:
        # "queries" stands under several operations: growth is that of the one above it.
        above = result.name if not result.name.startswith(" ") else above
        budget = "" if result.budget is None else f"{'≥' if result.at_least else '≤'} {result.budget:g}"
        before = smaller.get(key(above, result))
        growth = result.normal / before if before else None
        grown = growing and growth is not None and result.growth_budget is not None and growth > result.growth_budget
        mark = "" if result.kept and not grown else "  ✗ broken"
        fine = fine and not mark
        shown = f"× {growth:.2f}" if growth is not None else ""
        timed = result.unit in TIMES | RATES
        machine = f"× {result.machine:.2f}" if timed else ""
        out(
            f"{result.name:40}{result.figure:>10.1f} {result.unit:<5}{machine:>8}{result.normal:>10.1f}"
            f"{budget:>10}{shown:>10}{mark}\n"
        )
    sys.stdout.flush()
    return fine
