"""manage.py verify_ledgers: do the books agree? Ends with 1 when they do not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from backoffice.observability import ledgers


class Command(BaseCommand):
    help = (
        "Compares every ledger with the figures kept beside it, and prints each difference. Changes nothing, but "
        "writes down what it found, as the look of every night does."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[tuple[str, Any]] = []
        for book in ledgers.now():
            self.stdout.write(
                f"{book.name:<12} {len(book.differences):>6} differences  {book.milliseconds / 1000:.2f} s"
            )
            found += [(book.name, difference) for difference in book.differences]
        if not found:
            self.stdout.write(self.style.SUCCESS("All books agree."))
            return
        rows = [("book", "what", "where", "should be", "is")]
        rows += [
            (book, one.kind, one.subject, ledgers.text(one.expected), ledgers.text(one.found)) for book, one in found
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
        sys.exit(1)
