"""What was noted of a change stays as it was noted: the database refuses to change or delete it."""

from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("production", "0004_reasons_of_any_length")]
    operations = [
        AppendOnly("production_historicalplanline"),
        AppendOnly("production_historicalrecipe"),
        AppendOnly("production_historicalrecipeline"),
        AppendOnly("production_historicalrecipestep"),
        AppendOnly("production_historicalworkcenter"),
        AppendOnly("production_historicalworkorder"),
    ]
