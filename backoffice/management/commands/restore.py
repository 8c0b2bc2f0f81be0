from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.observability.backup import archive
from backoffice.observability.backup.errors import BackupError


class Command(BaseCommand):
    help = (
        "Loads an archive made by `backup` into the configured database and media folder. An archive of SQLite can be "
        "loaded into PostgreSQL. Stop the web server and the worker first; afterwards run verify_ledgers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--identity", type=Path, metavar="FILE", help="the secret key of an encrypted archive")
        parser.add_argument("--force", action="store_true", help="replace a database that has users")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = archive.restore(options["path"], identity=options["identity"], force=options["force"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{report.rows} rows of {len(report.tables)} tables and {report.files} files are back and counted. "
            "Now run: manage.py verify_ledgers"
        )
