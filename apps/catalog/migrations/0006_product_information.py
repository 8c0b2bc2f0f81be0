"""Attributes, variants, and what products are still lacking."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import simple_history.models
from django.conf import settings
from django.db import migrations, models


def first_look(apps, schema_editor):
    """What products lack so far: nobody had attributes or pictures, so a price and a barcode are all that can be there.

    The weights are those of apps/catalog/services/completeness.py: 1 price, 2 picture, 4 barcode.
    """
    Product = apps.get_model("catalog", "Product")
    Price = apps.get_model("catalog", "Price")
    priced = Price.objects.filter(valid_to=None).values("product")
    Product.objects.filter(is_sellable=False).update(missing=2, completeness=0)
    sold = Product.objects.filter(is_sellable=True)
    for codes, gap in ((sold.filter(barcode=""), 4), (sold.exclude(barcode=""), 0)):
        there = codes.filter(pk__in=priced)
        for rows, more in ((codes.exclude(pk__in=priced), 1), (there, 0)):
            lacks = 2 | gap | more
            rows.update(missing=lacks, completeness=100 * (3 - bin(lacks).count("1")) // 3)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0005_price_windows_by_unit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Attribute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                ("revision", models.PositiveIntegerField(default=1, editable=False, verbose_name="revision")),
                (
                    "code",
                    models.CharField(
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9_]*$", "A code is made of small letters, digits and underscores."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("number", "number"),
                            ("boolean", "yes or no"),
                            ("date", "date"),
                            ("select", "one of several"),
                            ("multiselect", "some of several"),
                        ],
                        default="text",
                        max_length=12,
                        verbose_name="type",
                    ),
                ),
                ("options", models.JSONField(blank=True, default=list, verbose_name="choices")),
            ],
            options={
                "verbose_name": "attribute",
                "verbose_name_plural": "attributes",
            },
        ),
        migrations.CreateModel(
            name="CategoryAttribute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("required", models.BooleanField(default=False, verbose_name="required")),
                ("is_variant_axis", models.BooleanField(default=False, verbose_name="tells variants apart")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
            ],
            options={
                "verbose_name": "attribute of a category",
                "verbose_name_plural": "attributes of categories",
            },
        ),
        migrations.CreateModel(
            name="HistoricalAttribute",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("created_at", models.DateTimeField(blank=True, editable=False, verbose_name="created")),
                ("updated_at", models.DateTimeField(blank=True, editable=False, verbose_name="changed")),
                ("revision", models.PositiveIntegerField(default=1, editable=False, verbose_name="revision")),
                (
                    "code",
                    models.CharField(
                        db_index=True,
                        max_length=40,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9_]*$", "A code is made of small letters, digits and underscores."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("number", "number"),
                            ("boolean", "yes or no"),
                            ("date", "date"),
                            ("select", "one of several"),
                            ("multiselect", "some of several"),
                        ],
                        default="text",
                        max_length=12,
                        verbose_name="type",
                    ),
                ),
                ("options", models.JSONField(blank=True, default=list, verbose_name="choices")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical attribute",
                "verbose_name_plural": "historical attributes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCategoryAttribute",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("required", models.BooleanField(default=False, verbose_name="required")),
                ("is_variant_axis", models.BooleanField(default=False, verbose_name="tells variants apart")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical attribute of a category",
                "verbose_name_plural": "historical attributes of categories",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name="product",
            name="product_kind_known",
        ),
        migrations.AddField(
            model_name="historicalproduct",
            name="attributes",
            field=models.JSONField(blank=True, default=dict, verbose_name="attributes"),
        ),
        migrations.AddField(
            model_name="historicalproduct",
            name="axes",
            field=models.JSONField(blank=True, default=list, verbose_name="variants differ by"),
        ),
        migrations.AddField(
            model_name="historicalproduct",
            name="completeness",
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="complete"),
        ),
        migrations.AddField(
            model_name="historicalproduct",
            name="cover",
            field=models.CharField(blank=True, editable=False, max_length=100, verbose_name="cover picture"),
        ),
        migrations.AddField(
            model_name="historicalproduct",
            name="missing",
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="missing"),
        ),
        migrations.AddField(
            model_name="historicalproduct",
            name="variant_key",
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name="combination"),
        ),
        migrations.AddField(
            model_name="historicalproduct",
            name="variant_of",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="catalog.product",
                verbose_name="variant of",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="attributes",
            field=models.JSONField(blank=True, default=dict, verbose_name="attributes"),
        ),
        migrations.AddField(
            model_name="product",
            name="axes",
            field=models.JSONField(blank=True, default=list, verbose_name="variants differ by"),
        ),
        migrations.AddField(
            model_name="product",
            name="completeness",
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="complete"),
        ),
        migrations.AddField(
            model_name="product",
            name="cover",
            field=models.CharField(blank=True, editable=False, max_length=100, verbose_name="cover picture"),
        ),
        migrations.AddField(
            model_name="product",
            name="missing",
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="missing"),
        ),
        migrations.AddField(
            model_name="product",
            name="variant_key",
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name="combination"),
        ),
        migrations.AddField(
            model_name="product",
            name="variant_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="variants",
                to="catalog.product",
                verbose_name="variant of",
            ),
        ),
        migrations.AlterField(
            model_name="historicalproduct",
            name="kind",
            field=models.CharField(
                choices=[
                    ("simple", "product"),
                    ("ingredient", "ingredient"),
                    ("configurable", "with variants"),
                    ("bundle", "bundle"),
                ],
                default="simple",
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="historicalproduct",
            name="search_text",
            field=models.CharField(default="", editable=False, max_length=500),
        ),
        migrations.AlterField(
            model_name="product",
            name="kind",
            field=models.CharField(
                choices=[
                    ("simple", "product"),
                    ("ingredient", "ingredient"),
                    ("configurable", "with variants"),
                    ("bundle", "bundle"),
                ],
                default="simple",
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="search_text",
            field=models.CharField(default="", editable=False, max_length=500),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["completeness", "name", "id"], name="product_by_completeness"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["simple", "ingredient", "configurable", "bundle"])),
                name="product_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["configurable", "bundle"]), _negated=True),
                    ("sell_policy", "on_demand"),
                    _connector="OR",
                ),
                name="product_made_of_others_has_no_stock",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "configurable"), _negated=True),
                    models.Q(("is_purchasable", False), ("is_sellable", False), ("variant_of", None)),
                    _connector="OR",
                ),
                name="product_with_variants_is_not_traded",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("variant_key", ""), ("variant_of", None)),
                    models.Q(("variant_of__isnull", False), models.Q(("variant_key", ""), _negated=True)),
                    _connector="OR",
                ),
                name="product_variant_has_a_combination",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                condition=models.Q(("variant_of__isnull", False)),
                fields=("variant_of", "variant_key"),
                name="product_one_variant_of_a_combination",
                violation_error_message="There is a variant of this combination already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("completeness__lte", 100)), name="product_completeness_is_a_percentage"
            ),
        ),
        migrations.AddField(
            model_name="attribute",
            name="unit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="catalog.unit",
                verbose_name="unit",
            ),
        ),
        migrations.AddField(
            model_name="categoryattribute",
            name="attribute",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="categories",
                to="catalog.attribute",
                verbose_name="attribute",
            ),
        ),
        migrations.AddField(
            model_name="categoryattribute",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="schema",
                to="catalog.category",
                verbose_name="category",
            ),
        ),
        migrations.AddField(
            model_name="historicalattribute",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="historicalattribute",
            name="unit",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="catalog.unit",
                verbose_name="unit",
            ),
        ),
        migrations.AddField(
            model_name="historicalcategoryattribute",
            name="attribute",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="catalog.attribute",
                verbose_name="attribute",
            ),
        ),
        migrations.AddField(
            model_name="historicalcategoryattribute",
            name="category",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="catalog.category",
                verbose_name="category",
            ),
        ),
        migrations.AddField(
            model_name="historicalcategoryattribute",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="attribute",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                name="attribute_name_unique_whatever_case",
                violation_error_message="There is an attribute of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="attribute",
            constraint=models.CheckConstraint(
                condition=models.Q(("type__in", ["text", "number", "boolean", "date", "select", "multiselect"])),
                name="attribute_type_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="attribute",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit", None), ("type", "number"), _connector="OR"),
                name="attribute_unit_only_of_numbers",
            ),
        ),
        migrations.AddConstraint(
            model_name="categoryattribute",
            constraint=models.UniqueConstraint(
                fields=("category", "attribute"),
                name="category_has_an_attribute_once",
                violation_error_message="The category has this attribute already.",
            ),
        ),
        migrations.RunPython(first_look, migrations.RunPython.noop),
    ]
