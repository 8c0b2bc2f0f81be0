"""Opening stock from a file: one row for each lot in each place."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.models import Location, Move, StockBalance, StockOperation
from apps.inventory.services import opening, stock_locks
from apps.inventory.services.opening import Entry
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities
from backoffice.kernel.audit import current_actor
from backoffice.transfers.importer import Applied, BadCell, Column, Fact, Importer, Row, RowResult, all_wrong
from backoffice.transfers.models import TransferRow

from . import goods
from .places import Places


class OpeningImporter(Importer):
    """Each row is posted once: the same file again finds everything unchanged, and so does the stock as it stands."""

    key = "opening_stock"
    permission = "inventory.adjust_stock"
    export_permission = "inventory.view_stockbalance"
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
    undoable = True
    apply_size = 400
    figure_labels = {"rows": gettext_lazy("rows posted")}
    done_url = "inventory:stock_list"

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.seen: dict[str, int] = {}
        self.lots: dict[tuple[int, str], tuple[int, Entry]] = {}  # where the file names a lot first, and how
        self.places = Places()

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        products = goods.named(rows)
        read: list[tuple[Row, Entry | BadCell]] = []
        for row in rows:
            try:
                read.append((row, self._entry(row, products)))
            except BadCell as bad:
                read.append((row, bad))
        entries = [entry for _row, entry in read if isinstance(entry, Entry)]
        before, lots = opening.done(entries), opening.lots_of(entries)
        there = opening.there(lots.values())
        for row, entry in read:
            if isinstance(entry, BadCell):
                alone = {
                    "sku": lambda row: goods.of(row, products),
                    "location": self._place,
                    "quantity": _quantity,
                    "lot": lambda row: row.short("lot", 60),
                    "expires_on": lambda row: row.date("expires_on"),
                    "unit_cost": _cost,
                }
                yield row.refuse(all_wrong(row, entry, alone))
                continue
            name, meta = entry.product.name, f"{entry.code} · {entry.location.name}"
            if (line := self.seen.get(entry.key)) is not None:
                yield row.refuse(
                    _("The same lot in the same place stands on line %(line)s already.") % {"line": line}, column="sku"
                )
                continue
            self.seen[entry.key] = row.line
            lot = lots.get((entry.product.pk, entry.code))
            book = there.get((lot.pk, entry.location.pk)) if lot is not None else None
            reason = opening.clash(entry, lot)
            line, first = self.lots.setdefault((entry.product.pk, entry.code), (row.line, entry))
            if before.get(entry.key) == entry.figures or (book == entry.quantity and not reason):
                yield row.unchanged(label=name, meta=meta)
            elif entry.key in before:
                yield row.refuse(
                    _("It was opened before with other figures. Count it, or adjust it, instead."),
                    column="quantity",
                    label=name,
                )
            elif reason:
                yield row.refuse(reason, column="lot", label=name)
            elif first is not entry and (reason := opening.clash(entry, first.as_lot())):
                yield row.refuse(
                    reason, column="lot", label=name, hint=_("It stands so on line %(line)s.") % {"line": line}
                )
            elif book is not None:
                yield row.refuse(opening.stands(entry, book), column="quantity", label=name)
            else:
                yield row.new(label=name, meta=meta, data=_data(entry))

    def _place(self, row: Row) -> Location:
        return self.places.open(row.required("location"))

    def _entry(self, row: Row, products: dict[str, Product]) -> Entry:
        product, place, quantity = goods.of(row, products), self._place(row), _quantity(row)
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
        return Entry(product, place, quantity, row.short("lot", 60), expires_on, _cost(row, quantity))

    def facts(self, rows: Sequence[TransferRow]) -> Mapping[int, Sequence[Fact]]:
        """How much, until when, and what it cost."""
        found = Product.objects.filter(pk__in=[row.data["product"] for row in rows])
        units = dict(found.values_list("pk", "unit__code"))
        return {row.pk: _facts(row.data, units.get(row.data["product"], "")) for row in rows}

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        products = stock_locks.lock_products(row.data["product"] for row in rows)
        places = Location.objects.in_bulk([row.data["location"] for row in rows])
        entries = {row.pk: _read(row.data, products, places) for row in rows}
        lots = opening.lots_of(list(entries.values()))
        before, there = opening.done(list(entries.values())), opening.there(lots.values())
        refused, good = {}, []
        for pk, entry in entries.items():
            lot = lots.get((entry.product.pk, entry.code))
            if reason := opening.clash(entry, lot):
                refused[pk] = reason
            elif entry.key in before:
                refused[pk] = _("It was opened in the meantime.")
            elif lot is not None and (book := there.get((lot.pk, entry.location.pk))) is not None:
                refused[pk] = opening.stands(entry, book)
            elif not entry.location.is_active:
                refused[pk] = _("%(place)s is closed.") % {"place": entry.location.name}
            else:
                good.append(entry)
        operation = opening.write(good, products, lots) if good else None
        written = {pk: {"operation": operation.pk} for pk in entries if pk not in refused} if operation else {}
        return Applied(figures={"rows": len(good)}, refused=refused, written=written)

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Rows are taken back as they were booked, some hundred in one go: all of them or none."""
        booked = {row.pk: row.written["operation"] for row in rows if "operation" in row.written}
        why = opening.built_on(set(booked.values()))
        return {pk: why[operation] for pk, operation in booked.items() if operation in why}

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Reverse what was booked. A posting may reach into the next batch of rows: then it is gone already there."""
        booked = {row.written["operation"] for row in rows if "operation" in row.written}
        rest = self.run.rows.filter(state=TransferRow.State.UNDONE)
        gone = {written["operation"] for written in rest.values_list("written", flat=True) if "operation" in written}
        standing = sorted(booked - gone)
        stock_locks.lock_products(
            Move.objects.filter(operation__in=standing).values_list("product_id", flat=True).distinct()
        )
        why = opening.built_on(standing)
        for operation in StockOperation.objects.filter(pk__in=[pk for pk in standing if pk not in why]).order_by("-pk"):
            opening.take_back(operation, reason=current_actor().why or str(self.title))
        return {row.pk: why[row.written["operation"]] for row in rows if row.written.get("operation") in why}

    @classmethod
    def export(cls) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """What lies in every place today, as another house would open with it."""
        stock = StockBalance.objects.select_related("product", "lot", "location").order_by("location__code", "pk")
        return [column.name for column in cls.columns], map(_written, stock.iterator(chunk_size=2000))


def _quantity(row: Row) -> Decimal:
    row.required("quantity")
    quantity = row.decimal("quantity", places=6)
    if quantity is None or quantity <= 0:
        raise BadCell("quantity", _("Opening stock is above zero."), _("Leave out what is not there."))
    return goods.amount(row, "quantity") or quantity


def _cost(row: Row, quantity: Decimal = Decimal(1)) -> Decimal:
    return goods.money(row, "unit_cost", places=6, times=quantity) or Decimal(0)


def _written(row: StockBalance) -> Sequence[Any]:
    cost = row.lot.unit_cost
    entry = Entry(row.product, row.location, row.quantity, "", row.lot.expires_on, cost)
    # What has no lot of its own finds its silent one by cost and date.
    code = "" if row.lot.is_silent and entry.code == row.lot.code else row.lot.code
    return (
        row.product.sku,
        row.location.code,
        quantities.bare(row.quantity),
        code,
        row.lot.expires_on,
        quantities.bare(cost),
    )


def _facts(data: Mapping[str, Any], unit: str) -> list[Fact]:
    day, cost = data["expires_on"], Decimal(data["unit_cost"])
    return [
        Fact(_("Quantity"), quantities.format_quantity(Decimal(data["quantity"]), unit)),
        *([Fact(_("Expiry"), date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT"))] if day else []),
        *([Fact(_("Cost of one unit"), money.format_amount(cost, 4))] if cost else []),
    ]


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
