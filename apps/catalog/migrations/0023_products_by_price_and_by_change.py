"""Products are sorted by their price and by their last change in the order of an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0022_names_with_their_words")]

    operations = [
        migrations.AddIndex(
            model_name="price",
            index=models.Index(
                condition=models.Q(("unit", None), ("valid_to", None)),
                fields=["price_list", "amount", "product", "valid_from", "min_quantity"],
                name="price_lasting_by_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="price",
            index=models.Index(
                condition=models.Q(("valid_to__isnull", False)), fields=["price_list", "valid_to"], name="price_by_end"
            ),
        ),
        migrations.AddIndex(
            model_name="product", index=models.Index(fields=["updated_at", "id"], name="product_by_change")
        ),
    ]
