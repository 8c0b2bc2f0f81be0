import django.db.models.deletion
from django.db import migrations, models

import backoffice.kernel.fields


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0022_names_with_their_words'),
        ('inventory', '0014_reasons_of_any_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='StockTrend',
            fields=[
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', related_query_name='trend', serialize=False, to='catalog.product', verbose_name='product')),
                ('ends', models.TextField(verbose_name='at the end of the day')),
                ('used', backoffice.kernel.fields.QuantityField(verbose_name='used')),
                ('days', models.PositiveSmallIntegerField(verbose_name='days')),
            ],
            options={
                'verbose_name': 'kept trend',
                'verbose_name_plural': 'kept trends',
                'constraints': [models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='what_was_used_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='TrendsKept',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(blank=True, null=True, verbose_name='day')),
                ('kept_at', models.DateTimeField(blank=True, null=True, verbose_name='kept at')),
            ],
            options={
                'verbose_name': 'day of the kept trends',
                'verbose_name_plural': 'days of the kept trends',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='trends_are_kept_of_one_day')],
            },
        ),
    ]
