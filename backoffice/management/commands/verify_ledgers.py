"""manage.py verify_ledgers: do the books agree? Ends with 1 when they do not."""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from backoffice import composition


class Command(BaseCommand):
    help = "Compares every ledger with the figures kept beside it, and prints each difference. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[tuple[str, Any]] = []
        for name in composition.LEDGER_CHECKS:
            started = time.perf_counter()
            differences = list(import_string(name)())
            book = name.split(".")[1]
            self.stdout.write(f"{book:<12} {len(differences):>6} differences  {time.perf_counter() - started:.2f} s")
            found += [(book, difference) for difference in differences]
        if not found:
            self.stdout.write(self.style.SUCCESS("All books agree."))
            return
        rows = [("book", "what", "where", "should be", "is")]
        rows += [(book, one.kind, one.subject, _text(one.expected), _text(one.found)) for book, one in found]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        sys.exit(1)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
