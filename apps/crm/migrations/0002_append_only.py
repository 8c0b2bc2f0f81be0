"""The points ledger is written once: the database refuses changes."""

from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [AppendOnly("crm_pointtransaction"), AppendOnly("crm_pointmove")]
