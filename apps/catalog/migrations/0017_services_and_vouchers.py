"""Products that are no thing: services and vouchers. SQLite makes the table anew for it, which loses its triggers."""

from importlib import import_module

from django.db import migrations, models

KINDS = [
    ("simple", "product"),
    ("ingredient", "ingredient"),
    ("configurable", "with variants"),
    ("bundle", "bundle"),
    ("virtual", "service or voucher"),
]
KIND = models.CharField(choices=KINDS, default="simple", max_length=12, verbose_name="kind")
EVENTS = ("insert", "update", "delete")


def renew_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        return
    for event in EVENTS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS catalog_product_words_{event}", params=None)
    for statement in import_module("apps.catalog.migrations.0011_product_search").SQLITE:
        if "CREATE TRIGGER" in statement:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0016_hours_across_midnight")]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, renew_triggers),
        migrations.RemoveConstraint(model_name="product", name="product_kind_known"),
        migrations.RemoveConstraint(model_name="product", name="product_made_of_others_has_no_stock"),
        migrations.AlterField(model_name="historicalproduct", name="kind", field=KIND),
        migrations.AlterField(model_name="product", name="kind", field=KIND),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=["simple", "ingredient", "configurable", "bundle", "virtual"]),
                name="product_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=~models.Q(kind__in=["configurable", "bundle", "virtual"]) | models.Q(sell_policy="on_demand"),
                name="product_that_is_no_goods_has_no_stock",
            ),
        ),
        migrations.RunPython(renew_triggers, migrations.RunPython.noop),
    ]
