from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]
    operations = [AppendOnly("inventory_stockoperation"), AppendOnly("inventory_move")]
