from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backoffice.accounts import roles


class Command(BaseCommand):
    help = "Makes the roles (groups) be what backoffice/roles.py says. Repeatable."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = roles.sync()
        except roles.UnknownPermission as error:
            raise CommandError(f"composition.ROLES names permissions that do not exist: {error}") from error
        if options["verbosity"]:
            for role, count in counts.items():
                self.stdout.write(f"{role}: {count} permissions")
