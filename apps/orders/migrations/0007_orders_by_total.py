"""Orders are sorted by what they came to in the order of an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_reasons_of_any_length")]

    operations = [
        migrations.AddIndex(model_name="order", index=models.Index(fields=["total", "id"], name="order_by_total")),
    ]
