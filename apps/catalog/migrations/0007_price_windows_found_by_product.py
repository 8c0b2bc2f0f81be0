"""SQLite looked for the other windows of a price through the index of its unit, which nearly all prices share.

So every price that was written cost a walk through all there are. The plus sign keeps the unit out of the choice.
"""

from django.db import migrations

SQLITE = """
CREATE TRIGGER price_windows_do_not_overlap_{event} BEFORE {event} ON catalog_price
WHEN EXISTS (
    SELECT 1 FROM catalog_price other
    WHERE other.product_id = NEW.product_id AND other.price_list_id = NEW.price_list_id
      AND +other.unit_id IS NEW.unit_id AND other.min_quantity = NEW.min_quantity AND other.id IS NOT NEW.id
      AND (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
      AND (NEW.valid_to IS NULL OR NEW.valid_to > other.valid_from)
)
BEGIN SELECT RAISE(ABORT, 'price_windows_do_not_overlap'); END
"""


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS price_windows_do_not_overlap_{event}", params=None)
            schema_editor.execute(SQLITE.format(event=event), params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_product_information")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
