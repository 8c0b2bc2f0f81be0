"""Numbers about the running house."""

import platform
import shutil
import sys
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from backoffice.outbox.models import Directive


def directive_counts() -> list[tuple[str, str, int]]:
    """Status, its word, and how many directives have it."""
    counts = dict(Directive.objects.order_by().values_list("status").annotate(n=Count("pk")))
    return [(status.value, str(status.label), counts.get(status.value, 0)) for status in Directive.Status]


def database_bytes() -> int:
    """The size of the database on its disk."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


def machine() -> list[tuple[str, str]]:
    """Label and value of what the house runs on."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    return [
        (_("Database"), f"{connection.display_name} · {filesizeformat(database_bytes())}"),
        (_("Free disk space"), filesizeformat(shutil.disk_usage(folder).free)),
        ("Django", django.get_version()),
        ("Python", f"{platform.python_version()} · {sys.platform}"),
    ]
