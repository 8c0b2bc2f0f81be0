import backoffice.kernel.fields
import django.db.models.deletion
import simple_history.models
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

from backoffice.kernel.ledger import AppendOnly, Writable


class Migration(migrations.Migration):

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('inventory', '0008_recount_knows_the_product'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CostChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', backoffice.kernel.fields.MoneyField(verbose_name='before')),
                ('after', backoffice.kernel.fields.MoneyField(verbose_name='after')),
            ],
            options={
                'verbose_name': 'changed value',
                'verbose_name_plural': 'changed values',
            },
        ),
        migrations.CreateModel(
            name='CostCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed')),
                ('revision', models.PositiveIntegerField(default=1, editable=False, verbose_name='revision')),
                ('number', models.CharField(max_length=20, unique=True, verbose_name='number')),
                ('status', models.CharField(choices=[('draft', 'to be looked at'), ('applying', 'being applied'), ('applied', 'applied'), ('discarded', 'discarded')], default='draft', max_length=10, verbose_name='status')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('reference', models.CharField(blank=True, max_length=80, verbose_name='reference')),
                ('problem', models.TextField(blank=True, verbose_name='problem')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='applied at')),
            ],
            options={
                'verbose_name': 'cost correction',
                'verbose_name_plural': 'cost corrections',
            },
        ),
        migrations.CreateModel(
            name='CostCorrectionLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', backoffice.kernel.fields.MoneyField(verbose_name='before')),
                ('after', backoffice.kernel.fields.MoneyField(verbose_name='after')),
            ],
            options={
                'verbose_name': 'line of a cost correction',
                'verbose_name_plural': 'lines of cost corrections',
            },
        ),
        migrations.CreateModel(
            name='DocumentCostChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document_id', models.PositiveBigIntegerField()),
                ('cost_before', backoffice.kernel.fields.MoneyField(verbose_name='cost before')),
                ('cost_after', backoffice.kernel.fields.MoneyField(verbose_name='cost after')),
                ('worth_before', backoffice.kernel.fields.MoneyField(verbose_name='worth before')),
                ('worth_after', backoffice.kernel.fields.MoneyField(verbose_name='worth after')),
            ],
            options={
                'verbose_name': 'changed document',
                'verbose_name_plural': 'changed documents',
            },
        ),
        migrations.CreateModel(
            name='HistoricalCostCorrection',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('created_at', models.DateTimeField(blank=True, editable=False, verbose_name='created')),
                ('updated_at', models.DateTimeField(blank=True, editable=False, verbose_name='changed')),
                ('revision', models.PositiveIntegerField(default=1, editable=False, verbose_name='revision')),
                ('number', models.CharField(db_index=True, max_length=20, verbose_name='number')),
                ('status', models.CharField(choices=[('draft', 'to be looked at'), ('applying', 'being applied'), ('applied', 'applied'), ('discarded', 'discarded')], default='draft', max_length=10, verbose_name='status')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('reference', models.CharField(blank=True, max_length=80, verbose_name='reference')),
                ('problem', models.TextField(blank=True, verbose_name='problem')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='applied at')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical cost correction',
                'verbose_name_plural': 'historical cost corrections',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='LotCostChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit_before', backoffice.kernel.fields.UnitCostField(verbose_name='unit cost before')),
                ('unit_after', backoffice.kernel.fields.UnitCostField(verbose_name='unit cost after')),
                ('value_before', backoffice.kernel.fields.MoneyField(default=Decimal('0'), verbose_name='on hand before')),
                ('value_after', backoffice.kernel.fields.MoneyField(default=Decimal('0'), verbose_name='on hand after')),
            ],
            options={
                'verbose_name': 'changed lot',
                'verbose_name_plural': 'changed lots',
            },
        ),
        Writable("inventory_stockoperation"),
        Writable("inventory_move"),
        migrations.AlterModelOptions(
            name='stockoperation',
            options={'permissions': [('receive_stock', 'Can receive stock'), ('transfer_stock', 'Can move stock between places'), ('adjust_stock', 'Can adjust stock'), ('waste_stock', 'Can write stock off as waste'), ('reverse_stockoperation', 'Can reverse a stock operation'), ('correct_cost', 'Can correct what a receipt cost')], 'verbose_name': 'stock operation', 'verbose_name_plural': 'stock operations'},
        ),
        migrations.RemoveConstraint(
            model_name='move',
            name='move_quantity_is_positive',
        ),
        migrations.RemoveConstraint(
            model_name='stockoperation',
            name='stock_operation_kind_is_known',
        ),
        migrations.AlterField(
            model_name='stockoperation',
            name='kind',
            field=models.CharField(choices=[('receipt', 'receipt'), ('transfer', 'transfer'), ('adjustment', 'adjustment'), ('count', 'count'), ('consumption', 'consumption'), ('output', 'output'), ('waste', 'waste'), ('sale', 'sale'), ('return', 'return'), ('reversal', 'reversal'), ('correction', 'cost correction')], max_length=12, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='move',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0), models.Q(('quantity', 0), ('unit_cost', 0), ('value__gt', 0)), _connector='OR'), name='move_has_a_quantity_or_corrects_a_value'),
        ),
        migrations.AddConstraint(
            model_name='stockoperation',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['receipt', 'transfer', 'adjustment', 'count', 'consumption', 'output', 'waste', 'sale', 'return', 'reversal', 'correction'])), name='stock_operation_kind_is_known'),
        ),
        migrations.AddField(
            model_name='costchange',
            name='move',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cost_changes', to='inventory.move', verbose_name='move'),
        ),
        migrations.AddField(
            model_name='costcorrection',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='costcorrection',
            name='operation',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrects_cost', to='inventory.stockoperation', verbose_name='posting'),
        ),
        migrations.AddField(
            model_name='costcorrection',
            name='receipt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cost_corrections', to='inventory.stockoperation', verbose_name='receipt'),
        ),
        migrations.AddField(
            model_name='costchange',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='inventory.costcorrection'),
        ),
        migrations.AddField(
            model_name='costcorrectionline',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='inventory.costcorrection'),
        ),
        migrations.AddField(
            model_name='costcorrectionline',
            name='move',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.move', verbose_name='move'),
        ),
        migrations.AddField(
            model_name='documentcostchange',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='document_changes', to='inventory.costcorrection'),
        ),
        migrations.AddField(
            model_name='documentcostchange',
            name='document_type',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contenttypes.contenttype'),
        ),
        migrations.AddField(
            model_name='historicalcostcorrection',
            name='created_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='historicalcostcorrection',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalcostcorrection',
            name='operation',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.stockoperation', verbose_name='posting'),
        ),
        migrations.AddField(
            model_name='historicalcostcorrection',
            name='receipt',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.stockoperation', verbose_name='receipt'),
        ),
        migrations.AddField(
            model_name='lotcostchange',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lot_changes', to='inventory.costcorrection'),
        ),
        migrations.AddField(
            model_name='lotcostchange',
            name='lot',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cost_changes', to='inventory.lot', verbose_name='lot'),
        ),
        migrations.AddConstraint(
            model_name='costcorrection',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'applying', 'applied', 'discarded'])), name='cost_correction_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='costcorrection',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='cost_correction_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='costcorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('applied_at__isnull', False), ('status', 'applied')), models.Q(models.Q(('status', 'applied'), _negated=True), ('applied_at__isnull', True), ('operation__isnull', True)), _connector='OR'), name='cost_correction_is_posted_when_applied'),
        ),
        migrations.AddConstraint(
            model_name='costcorrection',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['draft', 'applying'])), fields=('receipt',), name='one_open_cost_correction_per_receipt'),
        ),
        migrations.AddConstraint(
            model_name='costchange',
            constraint=models.UniqueConstraint(fields=('correction', 'move'), name='a_move_changes_once_per_correction'),
        ),
        migrations.AddConstraint(
            model_name='costchange',
            constraint=models.CheckConstraint(condition=models.Q(('after__gte', 0), ('before__gte', 0)), name='changed_value_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='costcorrectionline',
            constraint=models.UniqueConstraint(fields=('correction', 'move'), name='a_line_is_corrected_once_per_correction'),
        ),
        migrations.AddConstraint(
            model_name='costcorrectionline',
            constraint=models.CheckConstraint(condition=models.Q(('after__gte', 0), ('before__gte', 0)), name='corrected_cost_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='documentcostchange',
            constraint=models.UniqueConstraint(fields=('correction', 'document_type', 'document_id'), name='a_document_changes_once_per_correction'),
        ),
        migrations.AddConstraint(
            model_name='lotcostchange',
            constraint=models.UniqueConstraint(fields=('correction', 'lot'), name='a_lot_changes_once_per_correction'),
        ),
        AppendOnly("inventory_stockoperation"),
        AppendOnly("inventory_move"),
        AppendOnly("inventory_costchange"),
        AppendOnly("inventory_lotcostchange"),
        AppendOnly("inventory_documentcostchange"),
    ]
