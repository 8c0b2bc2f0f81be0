from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0012_lot_codes_by_pattern'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='move',
            index=models.Index(
                fields=['lot', 'product', 'destination', 'source', 'quantity', 'value'], name='move_ways_of_lot'
            ),
        ),
        migrations.RemoveIndex(model_name='move', name='move_in_by_lot'),
        migrations.RemoveIndex(model_name='move', name='move_out_by_lot'),
    ]
