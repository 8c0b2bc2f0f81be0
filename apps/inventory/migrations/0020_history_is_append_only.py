"""What was noted of a change stays as it was noted: the database refuses to change or delete it."""

from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("inventory", "0019_lots_found_by_the_beginning_of_their_code")]
    operations = [
        AppendOnly("inventory_historicalcostcorrection"),
        AppendOnly("inventory_historicallocation"),
        AppendOnly("inventory_historicallot"),
        AppendOnly("inventory_historicalpurchaseline"),
        AppendOnly("inventory_historicalpurchaseorder"),
        AppendOnly("inventory_historicalputaway"),
        AppendOnly("inventory_historicalreorderrule"),
        AppendOnly("inventory_historicalstockcount"),
        AppendOnly("inventory_historicalstockpolicy"),
        AppendOnly("inventory_historicalsupplier"),
        AppendOnly("inventory_historicalsupplieritem"),
    ]
