"""On PostgreSQL the index by name has the words that products are found by: a search walks along it and reads no rows,
and stops when the page is full."""

from django.db import migrations

WITH_WORDS = """
CREATE INDEX product_by_name_and_stock ON catalog_product (name, id, sell_policy, is_active) INCLUDE (search_text)
"""
WITHOUT = "CREATE INDEX product_by_name_and_stock ON catalog_product (name, id, sell_policy, is_active)"


def _instead(schema_editor, statement):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX product_by_name_and_stock")
        schema_editor.execute(statement)


def add(apps, schema_editor):
    _instead(schema_editor, WITH_WORDS)


def remove(apps, schema_editor):
    _instead(schema_editor, WITHOUT)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0021_reasons_of_any_length")]

    operations = [migrations.RunPython(add, remove)]
