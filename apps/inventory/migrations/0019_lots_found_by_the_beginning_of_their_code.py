"""PostgreSQL finds a lot by the beginning of its code in an index, whatever the case and however the database sorts."""

from django.db import migrations

INDEX = "CREATE INDEX lot_by_beginning ON inventory_lot (UPPER(code::text) text_pattern_ops)"


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(INDEX)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX lot_by_beginning")


class Migration(migrations.Migration):
    dependencies = [("inventory", "0018_far_pages_of_lots_and_operations")]

    operations = [migrations.RunPython(add, remove)]
