"""manage.py seal_history: seals what was noted of changes, as the job of every night does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.kernel.audit import acting
from backoffice.observability import seals


class Command(BaseCommand):
    help = (
        "Seals the history of all changes that is older than an hour. After a migration that took columns from a "
        "history, or a difference that was looked into, --again seals one table anew, with a reason that is kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", metavar="TABLE", default="", help="seal this table anew from its first row on")
        parser.add_argument("--reason", default="", help="why; needed with --again")

    def handle(self, *args: Any, **options: Any) -> None:
        with acting(system="seal_history", reason=options["reason"]):
            try:
                if options["again"]:
                    count = seals.again(options["again"], options["reason"], seals.settled())
                else:
                    count = seals.seal(seals.settled())
            except ValueError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{count} entries sealed. The chain ends with {seals.head() or 'nothing'}.")
