from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("production", "0001_initial")]
    operations = [AppendOnly("production_workorderoutput")]
