"""PostgreSQL adds whole numbers up as wide ones, and turns each sum into a decimal number: for two hundred thousand
sums of few rows each that costs more than adding. `whole_sum` adds as SQLite does, and fails when it runs over."""

from django.db import migrations

MAKE = (
    "CREATE AGGREGATE whole_sum(bigint)"
    " (SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE)"
)


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(MAKE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP AGGREGATE whole_sum(bigint)")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]
