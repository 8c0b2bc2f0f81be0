import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('observability', '0002_seals_of_the_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RestoreDrill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('size', models.PositiveBigIntegerField(default=0, verbose_name='bytes')),
                ('rows', models.PositiveBigIntegerField(default=0, verbose_name='rows')),
                ('encrypted', models.BooleanField(default=False, verbose_name='encrypted')),
                ('outcome', models.CharField(blank=True, choices=[('good', 'agrees'), ('failed', 'failed'), ('not_possible', 'not possible')], max_length=12, verbose_name='outcome')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
            ],
            options={
                'verbose_name': 'restore drill',
                'verbose_name_plural': 'restore drills',
            },
        ),
        migrations.AddConstraint(
            model_name='restoredrill',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('outcome', '')), models.Q(('finished_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='a_drill_that_ended_has_an_outcome'),
        ),
    ]
