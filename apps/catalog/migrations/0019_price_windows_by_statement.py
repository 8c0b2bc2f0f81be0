"""PostgreSQL asks once for each statement whether windows overlap, by the index that finds them anyway.

The exclusion constraint of five ranges cost ten times as much as all other indexes of the table together: 0.2 ms for
every price that an import writes. The trigger is as strict: it takes the lock of the price lists that everybody who
sets prices takes, so of two who write at the same moment the second looks at what the first one wrote.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION price_windows_do_not_overlap() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM 1 FROM catalog_pricelist WHERE id IN (SELECT price_list_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT 1 FROM fresh JOIN catalog_price other
            ON other.price_list_id = fresh.price_list_id AND other.product_id = fresh.product_id
            AND COALESCE(other.unit_id, 0) = COALESCE(fresh.unit_id, 0) AND other.min_quantity = fresh.min_quantity
        WHERE other.id <> fresh.id
            AND (other.valid_to IS NULL OR other.valid_to > fresh.valid_from)
            AND (fresh.valid_to IS NULL OR fresh.valid_to > other.valid_from)
    ) THEN
        RAISE EXCEPTION 'windows of one price overlap' USING
            ERRCODE = 'exclusion_violation', CONSTRAINT = 'price_windows_do_not_overlap', TABLE = 'catalog_price';
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER price_windows_do_not_overlap_{event} AFTER {event} ON catalog_price
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION price_windows_do_not_overlap()
"""
CONSTRAINT = """
ALTER TABLE catalog_price ADD CONSTRAINT price_windows_do_not_overlap EXCLUDE USING gist (
    int8range(price_list_id, price_list_id, '[]') WITH &&, int8range(product_id, product_id, '[]') WITH &&,
    int8range(COALESCE(unit_id, 0), COALESCE(unit_id, 0), '[]') WITH &&,
    int8range(min_quantity, min_quantity, '[]') WITH &&, tstzrange(valid_from, valid_to) WITH &&
) DEFERRABLE
"""


def by_statement(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("ALTER TABLE catalog_price DROP CONSTRAINT price_windows_do_not_overlap")
    schema_editor.execute(FUNCTION, params=None)
    for event in ("INSERT", "UPDATE"):
        schema_editor.execute(TRIGGER.format(event=event), params=None)


def by_index(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for event in ("INSERT", "UPDATE"):
        schema_editor.execute(f"DROP TRIGGER price_windows_do_not_overlap_{event} ON catalog_price", params=None)
    schema_editor.execute("DROP FUNCTION price_windows_do_not_overlap()")
    schema_editor.execute(CONSTRAINT, params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0018_far_pages_of_the_stock_list")]

    operations = [migrations.RunPython(by_statement, by_index)]
