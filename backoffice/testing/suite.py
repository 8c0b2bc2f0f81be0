"""`make test`: every check there is, one after the other, with one closing line. Ends with 1 when anything failed.

Unit and integration tests run on SQLite and PostgreSQL, browser tests in Chromium. Nothing is skipped in silence.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backoffice.testing import browser

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent
ON_POSTGRESQL = [PYTHON, "-W", "ignore", "-m", "backoffice.testing.postgres"]
COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)")
DEPLOY = {
    "DJANGO_SETTINGS_MODULE": "backoffice.settings",
    "HTTPS": "1",
    "SECRET_KEY": "only-for-the-check-" + "abcdefghij0123456789" * 3,
    "ALLOWED_HOSTS": "backoffice.example.org",
}


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: list[str] = field(default_factory=list)

    def add(self, output: str) -> None:
        """Take the numbers of pytest's closing line."""
        closing = [line for line in output.splitlines() if COUNTS.search(line) and " in " in line]
        for number, word in COUNTS.findall(closing[-1] if closing else ""):
            if word == "passed":
                self.passed += int(number)
            elif word in {"failed", "error", "errors", "xpassed"}:
                self.failed += int(number)
            else:
                self.skipped += int(number)


def run(
    name: str, command: Sequence[str], tally: Tally, *, tests: bool = False, env: dict[str, str] | None = None
) -> None:
    """Run one check, show its output as it comes, and note how it ended."""
    print(f"\n── {name}", flush=True)
    began = time.monotonic()
    process = start(command, env)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        print(line, end="", flush=True)
    status = process.wait()
    if tests:
        tally.add("".join(lines))
    elif status == 0:
        tally.passed += 1
    else:
        tally.failed += 1
    if status != 0:
        tally.broken.append(name)
    print(f"   {'ok' if status == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)


def start(command: Sequence[str], env: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start a command at the root; what it says, errors too, can be read from it."""
    return subprocess.Popen(
        list(command),
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def main() -> int:
    tally = Tally()
    # Hundreds of processes start below; without what was compiled each would take a second longer.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        os.environ["CHROMIUM"] = browser.find_or_install()
    except browser.NoBrowser as error:
        print(error)
        return 1
    from backoffice.messages import compile_catalogues

    compile_catalogues()
    pytest = [PYTHON, "-m", "pytest", "-q"]
    test_settings = {"DJANGO_SETTINGS_MODULE": "backoffice.settings_test"}
    # The migrations keep one core busy each; meanwhile there is enough to check that needs no database.
    template = [PYTHON, "-m", "backoffice.testing.databases"]
    templates = [start(template, test_settings), start([*ON_POSTGRESQL, *template], test_settings)]
    run("ruff", [str(BIN / "ruff"), "check", "."], tally)
    run("format", [str(BIN / "ruff"), "format", "--check", "-q", "."], tally)
    run("types", [PYTHON, "-m", "mypy"], tally)
    run("import contracts", [str(BIN / "lint-imports"), "--no-cache"], tally)
    run("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"], tally, env=test_settings)
    run("check --deploy", [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], tally, env=DEPLOY)
    for process in templates:
        said, _nothing = process.communicate()
        if process.returncode:
            print(f"\n── {' '.join(map(str, process.args))}\n{said}")  # type: ignore[arg-type]
            tally.broken.append("migrations of an empty database")
    run("tests on SQLite", [*pytest, "-n", "2", "--dist", "worksteal", "-m", "not race"], tally, tests=True)
    run("races on SQLite", [*pytest, "-m", "race"], tally, tests=True)
    run(
        "tests on PostgreSQL",
        [*ON_POSTGRESQL, *pytest, "-n", "2", "--dist", "worksteal", "-m", "not race"],
        tally,
        tests=True,
    )
    run("races on PostgreSQL", [*ON_POSTGRESQL, *pytest, "-m", "race"], tally, tests=True)
    run("browser", [*pytest, "-n", "2", "--dist", "worksteal", "e2e"], tally, tests=True)
    run("killed half-way", [PYTHON, "-m", "e2e.chaos", "--kills", "20", "--db", "both"], tally)
    if tally.broken:
        print(f"\nFailed: {', '.join(tally.broken)}")
    print(f"\n{tally.passed} passed, {max(tally.failed, len(tally.broken))} failed, {tally.skipped} skipped")
    return 1 if tally.broken or tally.failed or tally.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
