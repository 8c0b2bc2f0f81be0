"""Lots and stock operations are sorted in the order of an index, with what the list of lots asks of each in it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0017_reasons_of_waste")]

    operations = [
        migrations.RemoveIndex(model_name="lot", name="lot_by_code"),
        migrations.RemoveIndex(model_name="lot", name="lot_by_expiry"),
        migrations.AddIndex(
            model_name="lot", index=models.Index(fields=["code", "id", "is_silent"], name="lot_by_code_and_key")
        ),
        migrations.AddIndex(
            model_name="lot", index=models.Index(fields=["expires_on", "id", "is_silent"], name="lot_by_expiry_and_key")
        ),
        migrations.AddIndex(
            model_name="lot",
            index=models.Index(fields=["received_on", "id", "is_silent"], name="lot_by_receipt_and_key"),
        ),
        migrations.AddIndex(
            model_name="stockoperation",
            index=models.Index(fields=["kind", "-occurred_at", "-id"], name="stock_operation_by_kind"),
        ),
    ]
