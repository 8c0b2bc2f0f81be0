"""What was noted of a change stays as it was noted: the database refuses to change or delete it."""

from django.db import migrations

from backoffice.kernel.ledger import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("catalog", "0025_words_told_apart_sooner")]
    operations = [
        AppendOnly("catalog_historicalattribute"),
        AppendOnly("catalog_historicalbundleitem"),
        AppendOnly("catalog_historicalcategory"),
        AppendOnly("catalog_historicalcategoryattribute"),
        AppendOnly("catalog_historicalcoupon"),
        AppendOnly("catalog_historicalprice"),
        AppendOnly("catalog_historicalpricelist"),
        AppendOnly("catalog_historicalproduct"),
        AppendOnly("catalog_historicalproductmedia"),
        AppendOnly("catalog_historicalproductunit"),
        AppendOnly("catalog_historicalpromotion"),
    ]
