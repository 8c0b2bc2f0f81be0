"""Tiles have a thumbnail of their own size: a job makes it for the pictures that are there already."""

from django.db import migrations
from django.utils import timezone


def ask_for_thumbnails(apps, schema_editor):
    if not apps.get_model("catalog", "ProductMedia").objects.filter(kind="image").exists():
        return
    apps.get_model("outbox", "Directive").objects.get_or_create(
        topic="catalog.thumbnails",
        dedupe_key="tiles of 360",
        defaults={"payload": {"all": True}, "available_at": timezone.now(), "max_attempts": 8},
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0019_price_windows_by_statement"),
        ("outbox", "0001_initial"),
    ]

    operations = [migrations.RunPython(ask_for_thumbnails, migrations.RunPython.noop)]
