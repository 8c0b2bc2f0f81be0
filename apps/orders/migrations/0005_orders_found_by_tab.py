from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_session_with_a_coupon"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["handle"], name="order_by_tab"),
        ),
    ]
