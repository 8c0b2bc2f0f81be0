from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.observability.backup import archive
from backoffice.observability.backup.errors import BackupError


class Command(BaseCommand):
    help = "Saves database and media into one archive. Safe while everybody works. PATH is a file or a folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = archive.create(options["path"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{report.path}: {report.rows} rows of {len(report.tables)} tables and {report.files} files, "
            f"{report.size / 1e6:.1f} MB{', encrypted' if report.encrypted else ''}."
        )
        if not report.encrypted:
            self.stdout.write("It is not encrypted: set BACKUP_RECIPIENT before copies leave this machine.")
