"""No two prices of one list, product and quantity at one moment: held by the database, beneath the service.

PostgreSQL has exclusion constraints; ranges of one number stand in for "equal", which needs no extension.
SQLite has one writer at a time, so a trigger that looks for an overlap is as exact.
"""

from django.db import migrations

POSTGRESQL = """
ALTER TABLE catalog_price ADD CONSTRAINT price_windows_do_not_overlap EXCLUDE USING gist (
    int8range(price_list_id, price_list_id, '[]') WITH &&,
    int8range(product_id, product_id, '[]') WITH &&,
    int8range(min_quantity, min_quantity, '[]') WITH &&,
    tstzrange(valid_from, valid_to) WITH &&
) DEFERRABLE INITIALLY IMMEDIATE
"""

SQLITE = """
CREATE TRIGGER price_windows_do_not_overlap_{event} BEFORE {event} ON catalog_price
WHEN EXISTS (
    SELECT 1 FROM catalog_price other
    WHERE other.price_list_id = NEW.price_list_id AND other.product_id = NEW.product_id
      AND other.min_quantity = NEW.min_quantity AND other.id IS NOT NEW.id
      AND (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
      AND (NEW.valid_to IS NULL OR NEW.valid_to > other.valid_from)
)
BEGIN SELECT RAISE(ABORT, 'price_windows_do_not_overlap'); END
"""


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL)
    else:
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(SQLITE.format(event=event), params=None)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE catalog_price DROP CONSTRAINT price_windows_do_not_overlap")
    else:
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(f"DROP TRIGGER price_windows_do_not_overlap_{event}", params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_standard_units")]

    operations = [migrations.RunPython(add, remove)]
