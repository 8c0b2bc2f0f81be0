"""What was noted of a change stays as it was noted: the database refuses to change or delete it."""

from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_reasons_of_any_length")]
    operations = [AppendOnly("outbox_historicaldirective")]
