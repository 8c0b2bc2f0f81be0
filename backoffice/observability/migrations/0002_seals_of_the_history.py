"""The chain of seals over the history of all changes; nobody changes or deletes a link of it."""

from django.db import migrations, models

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("observability", "0001_books")]
    operations = [
        migrations.AddField(
            model_name="ledgerrun",
            name="sealed",
            field=models.CharField(blank=True, db_default="", default="", max_length=64, verbose_name="last seal"),
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=63, verbose_name="table")),
                ("first_id", models.BigIntegerField(verbose_name="first key")),
                ("last_id", models.BigIntegerField(verbose_name="last key")),
                ("rows", models.PositiveIntegerField(verbose_name="rows")),
                ("columns", models.JSONField(verbose_name="columns")),
                ("content", models.CharField(max_length=64, verbose_name="digest of the rows")),
                ("sealed_at", models.DateTimeField(verbose_name="sealed")),
                ("reason", models.TextField(blank=True, default="", verbose_name="reason")),
                ("previous", models.CharField(blank=True, max_length=64, verbose_name="digest before")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
            ],
            options={
                "verbose_name": "seal",
                "verbose_name_plural": "seals",
                "default_permissions": (),
                "indexes": [models.Index(fields=["table", "id"], name="newest_seal_of_a_table")],
                "constraints": [
                    models.UniqueConstraint(fields=["previous"], name="a_seal_follows_one_that_no_other_follows"),
                    models.UniqueConstraint(fields=["digest"], name="no_two_seals_are_alike"),
                    models.CheckConstraint(
                        condition=models.Q(last_id__gte=models.F("first_id")), name="a_seal_has_rows_to_cover"
                    ),
                ],
            },
        ),
        AppendOnly("observability_auditseal"),
    ]
