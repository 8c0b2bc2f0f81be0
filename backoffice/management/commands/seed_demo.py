"""Build the demo bakery: through services only, and repeatably."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import translation
from django.utils.module_loading import import_string

from backoffice import composition
from backoffice.accounts import roles
from backoffice.accounts.models import User
from backoffice.kernel.audit import acting

OWNER = "owner"


class Command(BaseCommand):
    help = "Build a demo bakery: people, goods, recipes, stock, weeks of sales. Repeatable: what is there stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--password", default=None, help="of the demo people; without one they cannot log in")
        parser.add_argument("--if-empty", action="store_true", help="do nothing when somebody has worked here already")
        parser.add_argument("--masters-only", action="store_true", help="no stock, no sales")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_empty"] and User.objects.filter(is_superuser=True).exists():
            return
        steps = [*composition.DEMO_MASTERS, *([] if options["masters_only"] else composition.DEMO_STORY)]
        from django.conf import settings

        with translation.override(settings.LANGUAGE_CODE), acting(system="demo"):
            roles.sync()  # people are given roles: without these they could do nothing
            self._people(options["password"], [role for role in composition.ROLES if role != OWNER])
            for path in steps:
                self.stdout.write(f"  {path.partition('.')[2]}")
                self.stdout.flush()
                # A step is told whole or not at all: killed half-way, it is told again.
                with transaction.atomic():
                    import_string(path)()
            # An owner says that the tale was told to its end: one that was stopped half-way goes on at the next start.
            self._people(options["password"], [OWNER])

    def _people(self, password: str | None, wanted: list[str]) -> None:
        """One person a role, named after it; the owner may do everything."""
        from django.contrib.auth.models import Group

        for role in wanted:
            user, created = User.objects.get_or_create(
                username=role, defaults={"name": roles.title(role), "is_superuser": role == OWNER, "is_staff": False}
            )
            if created:
                if password:
                    user.set_password(password)
                else:
                    user.set_unusable_password()
                user.save()
                user.groups.set(Group.objects.filter(name=role))
