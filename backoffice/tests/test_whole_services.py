"""What is one transaction without savepoints lets every refusal pass: whoever caught one would keep the half of it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WHOLE = {"whole", "whole_after", "joined"}


def decorated(function: ast.FunctionDef) -> bool:
    """Whether it is `whole` or a part of what is."""
    names = {
        getattr(one.func if isinstance(one, ast.Call) else one, "id", getattr(one, "attr", ""))
        for one in function.decorator_list
    }
    return bool(names & WHOLE)


def in_one_piece(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions that are decorated so, and those of the module that they call, in turn."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: dict[str, ast.FunctionDef] = {}
    waiting = [function for function in functions.values() if decorated(function)]
    while waiting:
        function = waiting.pop()
        found[function.name] = function
        for node in ast.walk(ast.Module(function.body, [])):
            if isinstance(node, ast.Name) and node.id in functions and node.id not in found:
                waiting.append(functions[node.id])
    return list(found.values())


def goes_on(function: ast.FunctionDef) -> list[int]:
    """The lines where it catches something, or suppresses it, and does not raise."""
    found = []
    for node in ast.walk(ast.Module(function.body, [])):
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            found.append(node.lineno)
        if isinstance(node, ast.With) and any("suppress(" in ast.unparse(item) for item in node.items):
            found.append(node.lineno)
    return found


def modules() -> list[Path]:
    """The modules that have such functions."""
    every = [path for room in ("apps", "backoffice") for path in sorted((ROOT / room).rglob("*.py"))]
    texts = {path: path.read_text(encoding="utf-8") for path in every if "tests" not in path.parts}
    return [path for path, text in texts.items() if any(f"\n@{name}" in text for name in WHOLE)]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_part_of_a_transaction_in_one_piece_goes_on_after_a_refusal(path):
    functions = in_one_piece(ast.parse(path.read_text(encoding="utf-8")))
    assert functions
    assert {function.name: lines for function in functions if (lines := goes_on(function))} == {}


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (["try: part()", "except ValueError: pass"], 1),
        (["try: part()", "except ValueError as error: raise KeyError from error"], 0),
        (["with suppress(ValueError): part()"], 1),
        (["part()"], 0),
    ],
)
def test_what_goes_on_is_seen_in_what_it_calls_too(body, seen):
    source = "\n".join(["@whole_after(look)", "def work(): inner()", "def inner():", *(f"    {line}" for line in body)])
    assert sum(len(goes_on(function)) for function in in_one_piece(ast.parse(source))) == seen
