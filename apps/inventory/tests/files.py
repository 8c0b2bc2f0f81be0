"""Files for importers of the stock room, without the runner: lines in, results and rows out."""

from types import SimpleNamespace
from typing import Any

from backoffice.transfers.rows import Row


def run(importer: Any, lines: list[dict[str, str]]) -> list[Any]:
    """Check the lines and apply what is new or changed, as the runner does. Returns the results of the check."""
    step: Any = SimpleNamespace(options={}, mapping={})
    results = list(importer(step).check([Row(number + 2, cells) for number, cells in enumerate(lines)]))
    todo = [
        SimpleNamespace(pk=number, data=result.data, line=result.line, outcome=result.outcome)
        for number, result in enumerate(results)
        if result.outcome in ("new", "changed")
    ]
    if todo:
        importer(step).apply(todo)
    return results


def outcomes(results: list[Any]) -> list[str]:
    return [result.outcome for result in results]


def as_file(importer: Any) -> list[dict[str, str]]:
    headings, rows = importer.export()
    return [{name: "" if cell is None else str(cell) for name, cell in zip(headings, row, strict=True)} for row in rows]


def checked(importer: Any, *lines: dict[str, str]) -> tuple[Any, list[Any]]:
    """An importer of its own, and what it would write."""
    step: Any = SimpleNamespace(options={}, mapping={})
    results = list(importer(step).check([Row(number + 2, cells) for number, cells in enumerate(lines)]))
    return importer(step), [SimpleNamespace(pk=number, data=result.data) for number, result in enumerate(results)]
