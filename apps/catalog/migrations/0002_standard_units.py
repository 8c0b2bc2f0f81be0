from decimal import Decimal

from django.db import migrations

from apps.catalog.standard_units import STANDARD_UNITS


def seed(apps, schema_editor):
    Unit = apps.get_model("catalog", "Unit")
    for code, name, dimension, numerator, denominator, step in STANDARD_UNITS:
        Unit.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "dimension": dimension,
                "numerator": numerator,
                "denominator": denominator,
                "step": Decimal(step),
            },
        )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
