"""Addresses of pictures that files name, and what came of fetching them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0012_what_is_missing"),
        ("transfers", "0002_undo_of_an_import"),
    ]

    operations = [
        migrations.CreateModel(
            name="RemotePicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                ("url", models.CharField(max_length=1000, verbose_name="address")),
                (
                    "alt",
                    models.CharField(blank=True, max_length=200, verbose_name="described for those who do not see it"),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("fetched", "fetched"), ("failed", "not fetched")],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "media",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="came_from",
                        to="catalog.productmedia",
                        verbose_name="picture",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="remote_pictures",
                        to="catalog.product",
                        verbose_name="product",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="transfers.transferrun",
                        verbose_name="import",
                    ),
                ),
            ],
            options={
                "verbose_name": "picture to fetch",
                "verbose_name_plural": "pictures to fetch",
                "indexes": [models.Index(fields=["run", "status", "id"], name="remote_picture_by_run")],
                "constraints": [
                    models.UniqueConstraint(fields=("product", "url"), name="remote_picture_once_a_product"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "fetched", "failed"])),
                        name="remote_picture_status_known",
                    ),
                ],
            },
        ),
    ]
