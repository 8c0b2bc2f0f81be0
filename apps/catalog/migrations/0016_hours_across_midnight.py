"""The hours of a rule may go on after midnight: their end may lie before their beginning, it only differs from it."""

from django.db import migrations, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Migration(migrations.Migration):
    dependencies = [("catalog", "0015_choices_found_by_name")]

    operations = [
        migrations.RemoveConstraint(model_name="promotion", name="promotion_hours_come_in_pairs"),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.CheckConstraint(
                condition=Q(from_hour=None, until_hour=None)
                | Q(from_hour__isnull=False, until_hour__isnull=False) & ~Q(until_hour=F("from_hour")),
                name="promotion_hours_come_in_pairs",
                violation_error_message=_("Give both hours, and two that differ."),
            ),
        ),
    ]
