"""What a linter can hold, no reviewer has to. These read the source, not the running program."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 400
TOP = {"apps", "backoffice", "benchmarks", "docs", "e2e", "locale", "requirements", "static", "templates", ".ci"}
EMPTY_WORDS = {"utils", "helpers", "common", "misc", "util", "helper"}
# Bars of a chart and the like are geometry of pictures, times are seconds: neither is an amount that anybody adds up.
FLOATS_ALLOWED = {
    "backoffice/kernel/locks.py",
    "backoffice/kernel/fields.py",
    "backoffice/kernel/outward.py",
    "backoffice/kernel/sqlite/base.py",
    "backoffice/ui/charts.py",
    "backoffice/start.py",
}
FLOATS_ALLOWED_BELOW = ("backoffice/outbox/", "backoffice/observability/", "backoffice/testing/")


def tracked(*endings: str) -> list[Path]:
    """The project's own files, new ones included; never what a machine made."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(endings) and (ROOT / name).is_file()]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def product_code() -> Iterator[tuple[str, ast.Module]]:
    for path in tracked(".py"):
        if path.parts[len(ROOT.parts)] in {"backoffice", "apps"} and not {"tests", "migrations"} & set(path.parts):
            yield name(path), ast.parse(path.read_text(encoding="utf-8"))


def test_no_file_is_too_big():
    long = {
        name(path): lines
        for path in tracked(".py", ".html", ".css", ".js")
        if "migrations" not in path.parts and (lines := len(path.read_text(encoding="utf-8").splitlines())) > LIMIT
    }

    assert long == {}


def test_scripts_stay_small():
    """What every page loads, and what only one does. See docs/adr/0016."""
    scripts = {path.stem: path for path in tracked(".js")}
    everywhere = {"app", *re.findall(r'import "\./(\w+)\.js"', scripts["app"].read_text(encoding="utf-8")), "inline"}
    lines = {
        stem: sum(bool(line.strip()) and not line.strip().startswith("//") for line in path.read_text().splitlines())
        for stem, path in scripts.items()
    }

    assert sum(lines[stem] for stem in everywhere) <= 500
    assert {stem: count for stem, count in lines.items() if stem not in everywhere and count > 100} == {}


def test_no_drawer_for_odds_and_ends():
    assert [
        name(path) for path in tracked(".py") if EMPTY_WORDS & {path.stem, *path.parent.parts[len(ROOT.parts) :]}
    ] == []


def test_a_new_room_needs_a_decision():
    folders = {path.relative_to(ROOT).parts[0] for path in tracked("") if len(path.relative_to(ROOT).parts) > 1}

    assert folders - TOP == set()


def test_no_signals_as_wiring():
    wired = [
        place
        for place, tree in product_code()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(("django.dispatch", "django.db.models.signals", "django.core.signals"))
    ]

    assert wired == []


def test_amounts_are_never_floats():
    found = [
        f"{place}:{node.lineno}"
        for place, tree in product_code()
        if place not in FLOATS_ALLOWED and not place.startswith(FLOATS_ALLOWED_BELOW)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "float" and isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Attribute) and node.attr == "FloatField")
        or (
            isinstance(node, ast.Attribute)
            and node.attr == "DecimalField"
            and isinstance(node.value, ast.Name)
            and node.value.id == "models"
        )
    ]

    assert found == []


def test_product_rows_are_locked_in_one_place():
    """One place locks them, sorted; a second place would be a deadlock. A name that holds products counts too."""
    found = [
        place
        for place, tree in product_code()
        if place != "apps/catalog/services/locks.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "select_for_update"
        and re.search(r"\b(Product|StockBalance|products?|rows)\b", ast.unparse(node.func.value))
    ]

    assert found == []


def test_nothing_is_marked_safe_unread():
    found = [
        place
        for place, tree in product_code()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "mark_safe" and isinstance(node.ctx, ast.Load)
    ]

    # Pictures that the program draws itself, from numbers and from the icons' package.
    allowed = {"backoffice/ui/templatetags/ui.py", "backoffice/ui/icons.py", "backoffice/ui/codes.py"}
    assert set(found) - allowed == set()


def test_forms_and_filters_list_their_fields():
    assert [place for place, tree in product_code() if "'__all__'" in re.sub(r"__all__ =", "", ast.unparse(tree))] == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("inline script", r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")"),
        ("inline style", r"<style\b|\sstyle="),
        ("inline handler", r"\son[a-z]+="),
        ("hx-on", r"\bhx-on\b"),
        ("script in htmx values", r"['\"]js:"),
        ("htmx trigger filter", r"hx-trigger=\"[^\"]*\["),
        ("unescaped value", r"\|\s*safe\b|\{%\s*autoescape off"),
        ("address of another host", r"(?:src|href)=\"https?://"),
    ],
)
def test_templates_hold_nothing_inline(what, pattern):
    found = [
        f"{name(path)}:{number}"
        for path in tracked(".html")
        if "templates" in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]

    assert found == [], what


def test_keys_and_revisions_stand_in_attributes_without_separators():
    """From 1,000 on `{{ row.pk }}` is "1,000": no key that a form sends back, no id that a script finds."""
    key = re.compile(r"=\"[^\"]*\{\{ *(?:[\w.]+\.)?(?:pk|revision|index|(?!auto_id|request_id)\w+_id) *\}\}")
    found = []
    for path in tracked(".html"):
        text = path.read_text(encoding="utf-8")
        spared = re.sub(
            r"{% localize off %}.*?{% endlocalize %}", lambda part: "\n" * part[0].count("\n"), text, flags=re.S
        )
        found += [f"{name(path)}:{n}" for n, line in enumerate(spared.splitlines(), 1) if key.search(line)]

    assert found == []


def test_every_post_form_carries_a_csrf_token():
    bare = []
    for path in tracked(".html"):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"<form\b[^>]*method=\"post\"[^>]*>(.*?)</form>", text, re.S | re.I):
            # The body may stand in a partial of the same file.
            if "csrf_token" not in (text if "{% partial " in match[1] else match[1]):
                bare.append(name(path))

    assert bare == []


def test_a_button_that_posts_can_do_so_without_a_script():
    """hx-get sits on a link, hx-post on a form."""
    found = []
    for path in tracked(".html"):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"<(\w+)\b([^>]*?)\bhx-(get|post)=", text, re.S):
            tag, verb = match[1], match[3]
            # A div that posts by itself only refreshes what a button of the form would.
            by_itself = tag == "div" and "hx-trigger=" in match[2] + text[match.end() : match.end() + 200]
            if (verb == "post" and tag not in {"form", "button", "input", "select"} and not by_itself) or (
                verb == "get" and tag in {"button"}
            ):
                found.append(f"{name(path)}: <{tag} hx-{verb}>")

    assert found == []


def test_nothing_names_this_machine_or_a_package_index():
    pattern = re.compile(
        r"/(home|root|Users)/\w+|(?<!no-emit-)index-url|find-links|files\.pythonhosted|pypi\.org/simple"
    )
    found = [
        name(path)
        for path in tracked(".py", ".txt", ".in", ".toml", ".md", ".html", ".css", ".js", "Makefile", ".ci/run")
        if path != Path(__file__) and pattern.search(path.read_text(encoding="utf-8"))
    ]

    assert found == []
