from typing import Any

from django.core.management.base import BaseCommand

from backoffice.outbox import sweeper


class Command(BaseCommand):
    help = "Does once what the worker does every minute: un-parks, tidies up, and carries out every job that is due."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{sweeper.sweep()} done or tried.")
