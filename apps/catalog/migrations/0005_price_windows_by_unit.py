"""No two prices of one list, product, unit and quantity at one moment: the rule of 0003, with the unit in the key.

A price without a pack counts as unit 0. SQLite loses the triggers of a table that a migration builds anew, so they are
written again here, whatever is left of them.
"""

from django.db import migrations

POSTGRESQL = """
ALTER TABLE catalog_price ADD CONSTRAINT price_windows_do_not_overlap EXCLUDE USING gist (
    int8range(price_list_id, price_list_id, '[]') WITH &&,
    int8range(product_id, product_id, '[]') WITH &&,
    int8range(COALESCE(unit_id, 0), COALESCE(unit_id, 0), '[]') WITH &&,
    int8range(min_quantity, min_quantity, '[]') WITH &&,
    tstzrange(valid_from, valid_to) WITH &&
) DEFERRABLE INITIALLY IMMEDIATE
"""

SQLITE = """
CREATE TRIGGER price_windows_do_not_overlap_{event} BEFORE {event} ON catalog_price
WHEN EXISTS (
    SELECT 1 FROM catalog_price other
    WHERE other.price_list_id = NEW.price_list_id AND other.product_id = NEW.product_id
      AND other.unit_id IS NEW.unit_id AND other.min_quantity = NEW.min_quantity AND other.id IS NOT NEW.id
      AND (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
      AND (NEW.valid_to IS NULL OR NEW.valid_to > other.valid_from)
)
BEGIN SELECT RAISE(ABORT, 'price_windows_do_not_overlap'); END
"""


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE catalog_price DROP CONSTRAINT IF EXISTS price_windows_do_not_overlap")
        schema_editor.execute(POSTGRESQL)
    else:
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS price_windows_do_not_overlap_{event}", params=None)
            schema_editor.execute(SQLITE.format(event=event), params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_lists_that_follow")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
