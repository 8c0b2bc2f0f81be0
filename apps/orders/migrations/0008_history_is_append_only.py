"""What was noted of a change stays as it was noted: the database refuses to change or delete it."""

from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_orders_by_total")]
    operations = [
        AppendOnly("orders_historicalchannel"),
        AppendOnly("orders_historicalorder"),
        AppendOnly("orders_historicalpayment"),
    ]
