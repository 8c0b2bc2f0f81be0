from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0020_history_is_append_only'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='supplieritem',
            name='one_item_per_supplier_and_product',
        ),
        migrations.AddConstraint(
            model_name='supplieritem',
            constraint=models.UniqueConstraint(condition=models.Q(('pack__isnull', False)), fields=('supplier', 'product', 'pack'), name='one_item_per_supplier_product_and_pack'),
        ),
        migrations.AddConstraint(
            model_name='supplieritem',
            constraint=models.UniqueConstraint(condition=models.Q(('pack__isnull', True)), fields=('supplier', 'product'), name='one_item_per_supplier_and_product_by_unit'),
        ),
    ]
