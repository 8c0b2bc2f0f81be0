"""`make bench SIZE=small|medium|large DB=sqlite|postgres|both`: build the data, run the flows, hold the budgets.

For every database the sizes up to the one asked for are run, so that growth can be shown. Ends with 1 when one of the
budgets of `performance.md` is broken.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Result, figures, show

SIZES = ("small", "medium", "large")
ROOT = Path(__file__).resolve().parent.parent


def run(size: str, database: str, only: str = "") -> list[Result]:
    """Measure one size on one database, in a process and a database of their own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        results = Path(folder) / "results.json"
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "SECRET_KEY": "only-for-the-benchmark-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "LOG_LEVEL": "ERROR",
            "EMAIL": "locmem",
        }
        command = [sys.executable, "-m", "benchmarks.once", size, str(results), only]
        if database == "postgres":
            command = [sys.executable, "-W", "ignore", "-m", "backoffice.testing.postgres", *command]
        else:
            environment["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        return [Result(**row) for row in json.loads(results.read_text(encoding="utf-8"))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--db", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument(
        "--only", default="", help="chapters, by commas: screens,finding,stockroom,work,sums,many,beginning"
    )
    parser.add_argument("--alone", action="store_true", help="this size only, without those below it")
    asked = parser.parse_args()
    fine = True
    for database in ("sqlite", "postgres") if asked.db == "both" else (asked.db,):
        smaller: dict[str, float] = {}
        for size in (asked.size,) if asked.alone else SIZES[: SIZES.index(asked.size) + 1]:
            results = run(size, database, asked.only)
            # The budgets of growth are those of a hundred thousand moves becoming a million.
            fine = show(f"{database}, {size}", results, smaller, growing=size == "large") and fine
            smaller = figures(results)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
