"""manage.py drill: can the backup be restored? Ends with 1 when it cannot."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.observability import drills


class Command(BaseCommand):
    help = (
        "Makes a backup, restores it into a scratch database, counts every table again and compares the books of the "
        "copy, as the worker does every week. Safe while everybody works."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        drill = drills.now()
        if drill.outcome != drill.Outcome.GOOD:
            raise CommandError(drill.reason)
        self.stdout.write(
            f"Restored and compared: {drill.rows} rows, {drill.size / 1e6:.1f} MB"
            f"{', encrypted' if drill.encrypted else ''}, in {drill.seconds} s. All books agree."
        )
