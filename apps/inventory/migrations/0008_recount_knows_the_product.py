from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0007_lot_out_of_use'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='move',
            name='move_in_of_lot',
        ),
        migrations.RemoveIndex(
            model_name='move',
            name='move_out_of_lot',
        ),
        migrations.AddIndex(
            model_name='move',
            index=models.Index(fields=['lot', 'product', 'destination', 'quantity', 'value'], name='move_in_by_lot'),
        ),
        migrations.AddIndex(
            model_name='move',
            index=models.Index(fields=['lot', 'product', 'source', 'quantity', 'value'], name='move_out_by_lot'),
        ),
    ]
