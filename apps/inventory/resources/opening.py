"""Opening stock from a file: one row for each lot in each place."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.models import Location
from apps.inventory.services import opening
from apps.inventory.services.opening import Entry
from backoffice.kernel import quantity as quantities
from backoffice.transfers.importer import Applied, BadCell, Column, Importer, Row, RowResult
from backoffice.transfers.models import TransferRow


class OpeningImporter(Importer):
    """Each row is posted once: the same file again finds everything unchanged."""

    key = "opening_stock"
    permission = "inventory.adjust_stock"
    title = gettext_lazy("Import opening stock")
    help = gettext_lazy(
        "One row for each lot in each place. A row that was taken before is not taken again, "
        "however often the file comes."
    )
    thing = gettext_lazy("Product")
    columns = (
        Column("sku", gettext_lazy("SKU"), required=True, aliases=("code", "código"), example="MA-FL65"),
        Column("location", gettext_lazy("Place"), required=True, aliases=("location", "local"), example="DRY"),
        Column("quantity", gettext_lazy("Quantity"), required=True, aliases=("quantidade",), example="125.5"),
        Column("lot", gettext_lazy("Lot"), aliases=("lote",), example="L-2231"),
        Column("expires_on", gettext_lazy("Expiry"), aliases=("validade",), example="2027-03-31"),
        Column("unit_cost", gettext_lazy("Cost of one unit"), aliases=("cost", "custo"), example="3.90"),
    )
    figure_labels = {"rows": gettext_lazy("rows posted")}
    done_url = "inventory:stock_list"

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.seen: dict[str, int] = {}

    def _places(self) -> dict[str, Location]:
        found: dict[str, Location] = {}
        for place in Location.objects.physical().active():
            found[place.name.casefold()] = place
            found[place.code.casefold()] = place
        return found

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        codes = {row.text("sku") for row in rows}
        products = {
            product.sku.casefold(): product
            for product in Product.objects.stocked()
            .filter(sku__in=codes | {code.upper() for code in codes})
            .select_related("unit")
        }
        places = self._places()
        read: list[tuple[Row, Entry | BadCell]] = []
        for row in rows:
            try:
                read.append((row, self._entry(row, products, places)))
            except BadCell as bad:
                read.append((row, bad))
        entries = [entry for _row, entry in read if isinstance(entry, Entry)]
        before, lots = opening.done(entries), opening.lots_of(entries)
        for row, entry in read:
            if isinstance(entry, BadCell):
                yield row.refuse(entry)
                continue
            name, meta = entry.product.name, f"{entry.code} · {entry.location.name}"
            if (line := self.seen.get(entry.key)) is not None:
                yield row.refuse(
                    _("The same lot in the same place stands on line %(line)s already.") % {"line": line}, column="sku"
                )
                continue
            self.seen[entry.key] = row.line
            if entry.key in before:
                if before[entry.key] == entry.figures:
                    yield row.unchanged(label=name, meta=meta)
                else:
                    yield row.refuse(
                        _("It was opened before with other figures. Count it, or adjust it, instead."),
                        column="quantity",
                        label=name,
                    )
            elif reason := opening.clash(entry, lots.get((entry.product.pk, entry.code))):
                yield row.refuse(reason, column="lot", label=name)
            else:
                yield row.new(label=name, meta=meta, data=_data(entry))

    def _entry(self, row: Row, products: dict[str, Product], places: dict[str, Location]) -> Entry:
        product = products.get(row.required("sku").casefold())
        if product is None:
            raise BadCell("sku", _("No product with stock has this SKU."), _("Import the products first."))
        place = places.get(row.required("location").casefold())
        if place is None:
            raise BadCell(
                "location", _("There is no open place of this code or name."), _("Open it under Stock → Places.")
            )
        row.required("quantity")
        quantity = row.decimal("quantity", places=6)
        if quantity is None or quantity <= 0:
            raise BadCell("quantity", _("Opening stock is above zero."), _("Leave out what is not there."))
        step = product.unit.step
        if quantities.round_half_up(quantity, step) != quantity:
            raise BadCell(
                "quantity",
                _("%(product)s is kept in steps of %(step)s.")
                % {"product": product.name, "step": quantities.format_quantity(step, product.unit.code)},
            )
        expires_on = row.date("expires_on")
        if expires_on is None and product.lot_tracked and product.shelf_life_days is not None:
            raise BadCell("expires_on", _("%(product)s spoils; say until when.") % {"product": product.name})
        cost = row.decimal("unit_cost", places=6, minimum=0) or Decimal(0)
        return Entry(product, place, quantity, row.text("lot")[:60], expires_on, cost)

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        products = Product.objects.select_related("unit").in_bulk([row.data["product"] for row in rows])
        places = Location.objects.in_bulk([row.data["location"] for row in rows])
        entries = {row.pk: _read(row.data, products, places) for row in rows}
        lots = opening.lots_of(list(entries.values()))
        before = opening.done(list(entries.values()))
        refused, good = {}, []
        for pk, entry in entries.items():
            if reason := opening.clash(entry, lots.get((entry.product.pk, entry.code))):
                refused[pk] = reason
            elif entry.key in before:
                refused[pk] = _("It was opened in the meantime.")
            elif not entry.location.is_active:
                refused[pk] = _("%(place)s is closed.") % {"place": entry.location.name}
            else:
                good.append(entry)
        if good:
            opening.open_stock(good)
        return Applied(figures={"rows": len(good)}, refused=refused)


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "product": entry.product.pk,
        "location": entry.location.pk,
        "quantity": str(entry.quantity),
        "lot": entry.lot_code,
        "expires_on": entry.expires_on.isoformat() if entry.expires_on else "",
        "unit_cost": str(entry.unit_cost),
    }


def _read(data: dict[str, Any], products: dict[int, Product], places: dict[int, Location]) -> Entry:
    return Entry(
        products[data["product"]],
        places[data["location"]],
        Decimal(data["quantity"]),
        data["lot"],
        date.fromisoformat(data["expires_on"]) if data["expires_on"] else None,
        Decimal(data["unit_cost"]),
    )
