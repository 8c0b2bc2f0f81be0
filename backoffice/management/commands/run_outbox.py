from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.outbox import handlers, limits, runner
from backoffice.outbox.models import Directive


class Command(BaseCommand):
    help = "Carries out the jobs that are due and ends. The worker does this by itself; this is for doing it by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, help="at most so many")
        parser.add_argument(
            "--claimed",
            nargs=2,
            metavar=("ID", "TOKEN"),
            help="used by the worker to run one job in a process of its own",
        )

        parser.add_argument("--limited", action="store_true", help="with limits on memory and CPU")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["claimed"]:
            count = runner.drain(limit=options["limit"])
            self.stdout.write(f"{count} done or tried.")
            return
        if options["limited"]:
            limits.limit(memory_mb=settings.HEAVY_MEMORY_MB, cpu_seconds=settings.HEAVY_CPU_SECONDS)
        pk, token = options["claimed"]
        directive = Directive.objects.filter(pk=int(pk), lease_token=UUID(token)).first()
        found = handlers.find(directive.topic) if directive else None
        if directive is None or found is None:
            raise CommandError("No such job, or it is not claimed under this token.")
        self.stdout.write(runner.effect_of(directive, *found))
