"""Lists are narrowed to what is lacking: an index, so that few are found among many at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0011_product_search"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["missing", "name", "id"], name="product_by_what_is_missing"),
        ),
    ]
