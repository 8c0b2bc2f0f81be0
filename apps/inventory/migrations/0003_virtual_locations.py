"""The counter-accounts of the ledger. They belong to the program, not to the demo data."""

from django.db import migrations

VIRTUAL = {
    "supplier": "Suppliers",
    "customer": "Customers",
    "consumed": "Consumed",
    "waste": "Waste",
    "adjustment": "Adjustments",
}


def seed(apps, schema_editor):
    Location = apps.get_model("inventory", "Location")
    for kind, name in VIRTUAL.items():
        Location.objects.get_or_create(kind=kind, defaults={"code": f"*{kind}", "name": name})


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_append_only")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
