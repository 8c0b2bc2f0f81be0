from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.observability.backup import encryption
from backoffice.observability.backup.errors import BackupError


class Command(BaseCommand):
    help = "Makes a key for encrypted backups: the secret one in a new file, the public one is printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            public = encryption.new_key(options["path"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"BACKUP_RECIPIENT={public}\nMove {options['path']} to where you would restore, and away from here. "
            "Without it no backup can be read; with it every one can."
        )
