"""One size on one database: `python -m benchmarks.once small results.json work,sums`. Started by `benchmarks.__main__`.

What SQLite was given for a size is kept in `var/bench/` and copied the next time.
"""

import hashlib
import json
import shutil
import sys
import time
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

SOURCES = ("data.py", "goods.py", "books.py", "load.py")
KEPT = Path(__file__).resolve().parent.parent / "var" / "bench"


def main(size: str, target: str, only: str = "") -> None:
    django.setup()
    from django.core.management import call_command

    from benchmarks.chapters import CHAPTERS
    from benchmarks.data import SIZES

    _build(size)
    # Budgets are of CPU: the clock of a shared machine says more about its other tenants.
    call_command("sync_roles", verbosity=0)
    results = []
    for name in only.split(",") if only else CHAPTERS:
        results += CHAPTERS[name](SIZES[size])

    def plain(value: Any) -> Any:
        return int(value) if isinstance(value, Decimal) else value

    Path(target).write_text(
        json.dumps([{name: plain(value) for name, value in asdict(row).items()} for row in results]), encoding="utf-8"
    )


def _build(size: str) -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from backoffice.testing import databases
    from benchmarks import data

    began, name = time.perf_counter(), str(connection.settings_dict["NAME"])
    sources = "".join((Path(__file__).parent / part).read_text("utf-8") for part in SOURCES)
    said = hashlib.sha256(f"{databases.fingerprint()}{sources}{timezone.localdate()}".encode()).hexdigest()[:12]
    kept = KEPT / f"{size}-{said}.sqlite3"
    if connection.vendor != "sqlite":
        call_command("migrate", verbosity=0, interactive=False)
        data.build(data.SIZES[size])
    elif kept.exists():
        shutil.copyfile(kept, name)
    else:
        shutil.copyfile(databases.sqlite_template(), name)
        data.build(data.SIZES[size])
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Whoever reads a file as a file drops the locks that his own connection to it has.
        connection.close()
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.glob(f"{size}-*"):
            old.unlink()
        shutil.copyfile(name, kept)
    sys.stdout.write(f"built {size} in {time.perf_counter() - began:.0f} s\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
