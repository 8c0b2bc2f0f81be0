"""What a file says of a supplier and of what it sells: the fields, what a blank and a dash mean, what differs."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.models import Supplier, SupplierItem
from backoffice.kernel import money
from backoffice.kernel.quantity import format_quantity
from backoffice.transfers.importer import Change, Fact
from backoffice.transfers.rows import composed

# What of the supplier, and of its item, a file may say: attribute, column, label. A blank cell says nothing.
OF_SUPPLIER = (
    ("name", "name", gettext_lazy("Name")),
    ("email", "email", gettext_lazy("E-mail")),
    ("phone", "phone", gettext_lazy("Phone")),
    ("document", "document", gettext_lazy("Document")),
    ("lead_days", "lead_days", gettext_lazy("Days to deliver")),
    ("minimum_order", "minimum_order", gettext_lazy("Least order")),
    ("note", "note", gettext_lazy("Note")),
)
OF_ITEM = (
    ("pack_id", "pack", gettext_lazy("Pack")),
    ("price", "price", gettext_lazy("Price of one")),
    ("code", "code", gettext_lazy("Their code")),
    ("minimum", "minimum", gettext_lazy("Least quantity")),
    ("lead_days", "item_days", gettext_lazy("Days for this product")),
    ("is_preferred", "first", gettext_lazy("Bought here first")),
)
AMOUNTS = {"price", "minimum", "minimum_order"}
CLEAR = "-"
# What a dash clears, and what it is then.
CLEARED = {
    "email": "", "phone": "", "document": "", "note": "", "code": "", "minimum_order": "0", "item_days": None,
}  # fmt: skip


def take_over(thing: Supplier | SupplierItem, given: Mapping[str, Any]) -> bool:
    """Set what was said; whether anything is different now."""
    different = False
    for name, value in given.items():
        value = Decimal(value) if name in AMOUNTS else value
        fixed = name == "code" and isinstance(thing, Supplier) and thing.pk
        if not fixed and not _same(getattr(thing, name), value):
            different = True
            setattr(thing, name, value)
    return different


def _same(before: Any, after: Any) -> bool:
    """Whether it is what the file says, as far as a file can say it: "-" clears, and accents come put together."""
    if isinstance(before, str):
        return composed(before).strip() == after or (before == CLEAR and not after)
    return bool(before == after)


def is_said(data: Mapping[str, Any], column: str) -> bool:
    """Whether the row has something in this column, be it a dash."""
    return column in data.get("cleared", ()) or data.get(column) not in ("", None)


def changes(thing: Supplier | SupplierItem | None, data: Mapping[str, Any], fields: Iterable[Any]) -> list[Change]:
    """What the row would change of a thing that is there."""
    if thing is None:
        return []
    found = []
    for name, column, label in fields:
        if name == "pack_id" or not is_said(data, column):  # the pack says which item is meant
            continue
        before, after = getattr(thing, name), data[column]
        if name in AMOUNTS:
            if before != Decimal(after):
                found.append(Change(column, label, _shown(name, before), _shown(name, Decimal(after))))
        elif not _same(before, after):
            found.append(Change(column, label, _word(before), _word(after)))
    return found


def facts(data: Mapping[str, Any], fields: Iterable[Any]) -> list[Fact]:
    """What the row says of a new thing."""
    found = []
    for name, column, label in fields:
        value = data.get("pack_name") if name == "pack_id" else data.get(column)
        if name != "name" and value not in ("", None):
            found.append(Fact(label, _shown(name, Decimal(value)) if name in AMOUNTS else _word(value)))
    return found


def _shown(name: str, amount: Decimal) -> str:
    return format_quantity(amount) if name == "minimum" else money.format_amount(amount, 4 if name == "price" else 2)


def _word(value: Any) -> str:
    return "" if value is None else ((_("yes") if value else _("no")) if isinstance(value, bool) else str(value))
