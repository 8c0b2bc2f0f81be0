from django.db import migrations

from backoffice.kernel.ledger import AppendOnly

# Everything that was agreed; the cost is written when the goods leave. A test compares it with the model's list.
FROZEN = [
    "order_id",
    "position",
    "product_id",
    "sku",
    "name",
    "unit_code",
    "quantity",
    "list_price",
    "unit_price",
    "discount",
    "tax",
    "total",
    "price_estimated",
    "is_stocked",
    "note",
    "explanation",
]


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [
        AppendOnly("orders_orderline", columns=FROZEN),
        AppendOnly("orders_orderlinelot"),
        AppendOnly("orders_paymenttransaction"),
    ]
