"""Count sheets as files: out with what is to be counted, back with what somebody found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.errors import BadMoment, BadQuantity, CountedMeanwhile, NotCounting
from apps.inventory.models import Location, Lot, StockCount, StockCountLine
from apps.inventory.selectors import codes
from apps.inventory.selectors import counts as count_reads
from apps.inventory.services import count_sheets, counting
from apps.inventory.services.count_sheets import Figure, Trace
from backoffice.kernel import clock
from backoffice.kernel import quantity as quantities
from backoffice.kernel.quantity import format_quantity
from backoffice.transfers.importer import Applied, BadCell, Change, Column, Importer, Row, RowResult
from backoffice.transfers.models import TransferRow

from .places import Places

HEADINGS = (
    "count", "location", "sku", "product", "lot", "expires_on", "unit", "book", "counted", "reason", "version",
)  # fmt: skip


class Questions(forms.Form):
    """Asked when the file comes."""

    count = forms.ModelChoiceField(
        queryset=StockCount.objects.none(),
        label=gettext_lazy("Count"),
        required=False,
        empty_label=gettext_lazy("as the file says"),
        help_text=gettext_lazy("For files without a column for it, such as those of a scanner."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = StockCount.objects.filter(status=StockCount.Status.OPEN).order_by("-pk")
        self.fields["count"].queryset = found  # type: ignore[attr-defined]


@dataclass
class Sheet:
    """A count and its lines, by what people scan or write of them."""

    count: StockCount
    by_lot: dict[str, list[StockCountLine]] = field(default_factory=dict)
    by_product: dict[str, list[StockCountLine]] = field(default_factory=dict)
    cells: dict[tuple[int, int], StockCountLine] = field(default_factory=dict)

    @classmethod
    def of(cls, count: StockCount) -> "Sheet":
        sheet = cls(count)
        lines = StockCountLine.objects.filter(count=count).order_by("pk")
        for line in lines.select_related("product__unit", "lot", "location", "counted_by").prefetch_related(
            "product__packs"
        ):
            line.lot.product = line.product
            sheet.cells[line.lot_id, line.location_id] = line
            sheet.by_lot.setdefault(line.lot.code.casefold(), []).append(line)
            codes = {line.product.sku, line.product.barcode, *(pack.barcode for pack in line.product.packs.all())}
            for code in codes - {""}:
                sheet.by_product.setdefault(code.casefold(), []).append(line)
        return sheet


class CountImporter(Importer):
    """A line is found by its lot, or by its product where that has one lot. Nobody's figure is replaced unseen."""

    key = "counts"
    permission = "inventory.change_stockcount"
    export_permission = "inventory.view_stockcount"
    title = gettext_lazy("Import a filled count sheet")
    help = gettext_lazy(
        "One row for each lot in each place, as the sheet has them, or a scanner's list of codes and quantities. "
        "A blank figure is not zero: it leaves the line as it is. What somebody else counted is not replaced."
    )
    thing = gettext_lazy("Product")
    columns = (
        Column("count", gettext_lazy("Count"), aliases=("contagem",), example="CT-0012"),
        Column("location", gettext_lazy("Place"), aliases=("local",), example="DRY",
               help=gettext_lazy("needed where a lot lies in several")),
        Column("sku", gettext_lazy("SKU"), example="MA-FL65"),
        Column("lot", gettext_lazy("Lot"), aliases=("lote", "code", "código", "scan"), example="L-2231",
               help=gettext_lazy("or whatever was scanned: a lot, an SKU or a barcode")),
        Column("counted", gettext_lazy("Counted"), required=True, aliases=("contado", "quantity", "quantidade"),
               example="12.5"),
        Column("unit", gettext_lazy("Unit"), aliases=("unidade",), example="kg",
               help=gettext_lazy("the product's own or one of its packs")),
        Column("reason", gettext_lazy("Reason"), aliases=("motivo",)),
        Column("counted_at", gettext_lazy("Counted at"), aliases=("hora",), example="09:15",
               help=gettext_lazy("when it was counted, if stock moved since")),
        Column("version", gettext_lazy("Version"), aliases=("versão",), example="1",
               help=gettext_lazy("as the sheet has it")),
    )  # fmt: skip
    options_form = Questions
    figure_labels = {"lines": gettext_lazy("lines counted")}
    undoable = True
    undone_new = gettext_lazy("counted by it: not counted any more")
    undo_note = gettext_lazy(
        "Lines say again what they said before the file came, as long as their count is not posted. Lots that the "
        "count did not expect stay in it, not counted."
    )
    done_url = "inventory:count_list"

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.seen: dict[tuple[int, int, int], int] = {}
        self.sheets: dict[str, Sheet | None] = {}
        self.places = Places()

    # --- reading

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        for row in rows:
            try:
                yield self._judge(row)
            except BadCell as bad:
                yield row.refuse(bad)

    def _judge(self, row: Row) -> RowResult:
        row.whole()
        sheet, place = self._sheet(row), self._place(row)
        line, lot, location = self._find(row, sheet, place)
        product = lot.product
        name = product.name
        meta = " · ".join([sheet.count.number, location.name, *([] if lot.is_silent else [lot.code])])
        cell = (sheet.count.pk, lot.pk, location.pk)
        if not row.text("counted"):
            return row.unchanged(label=name, meta=_("%(line)s: blank, not counted") % {"line": meta})
        if (before := self.seen.setdefault(cell, row.line)) != row.line:
            raise BadCell(
                "lot",
                _("The same lot in the same place stands on line %(line)s already.") % {"line": before},
                _("Add both up on one line."),
            )
        quantity = self._quantity(row, product)
        at = _counted_at(row, sheet.count)
        if line is not None and line.counted == quantity:
            return row.unchanged(label=name, meta=meta)
        version = row.integer("version", minimum=0)
        if line is not None and line.revision != (1 if version is None else version):
            raise BadCell("counted", CountedMeanwhile(line, given=quantity).message, _("Look at the count's page."))
        data = {
            "count": sheet.count.pk,
            "lot": lot.pk,
            "location": location.pk,
            "product": product.pk,
            "quantity": str(quantity),
            "revision": line.revision if line is not None else 0,
            "reason": row.short("reason", 200),
            "at": at.isoformat() if at is not None else "",
        }
        if line is None or line.counted is None:
            return row.new(label=name, meta=f"{meta} · {format_quantity(quantity, product.unit.code)}", data=data)
        unit = product.unit.code
        change = Change(
            "counted", gettext_lazy("Counted"), format_quantity(line.counted, unit), format_quantity(quantity, unit)
        )
        return row.changed([change], label=name, meta=meta, data=data)

    def _sheet(self, row: Row) -> Sheet:
        number = row.text("count")
        chosen = "" if number else str(self.options.get("count") or "")
        if not number and not chosen:
            raise BadCell("count", _("Which count is this of?"), _("Choose one when you upload the file."))
        named = number.casefold() or f"#{chosen}"
        if named not in self.sheets:
            wanted = {"number__iexact": number} if number else {"pk": int(chosen)}
            count = StockCount.objects.filter(**wanted).first()
            self.sheets[named] = Sheet.of(count) if count is not None else None
        sheet = self.sheets[named]
        if sheet is None:
            raise BadCell("count", _("There is no such count."))
        if sheet.count.status != StockCount.Status.OPEN:
            raise BadCell("count", NotCounting.of(sheet.count).message)
        return sheet

    def _place(self, row: Row) -> Location | None:
        text = row.text("location")
        return self.places.find(text) if text else None

    def _find(self, row: Row, sheet: Sheet, place: Location | None) -> tuple[StockCountLine | None, Lot, Location]:
        """The line that the row means; or the lot that the count did not expect, with where it was found."""
        sku, scan = row.text("sku").casefold(), codes.read(row.text("lot"))
        code = scan.code.casefold()
        if not sku and not code:
            raise BadCell("lot", _("Which lot or product is this?"))
        if scan.lot_id is not None:
            found = [line for line in sheet.cells.values() if line.lot_id == scan.lot_id]
        elif scan.article:
            found = sheet.by_product.get(code) or sheet.by_product.get(scan.article, [])
            found = [line for line in found if not scan.lot or line.lot.code.casefold() == scan.lot.casefold()]
        else:
            found = sheet.by_lot.get(code) or sheet.by_product.get(code, []) if code else sheet.by_product.get(sku, [])
        if sku and code:
            found = [line for line in found if line.product.sku.casefold() == sku]
        if place is not None:
            found = [line for line in found if line.location_id == place.pk]
        if len(found) == 1:
            return found[0], found[0].lot, found[0].location
        if found:
            if len({line.location_id for line in found}) > 1:
                names = ", ".join(sorted({line.location.name for line in found}))
                raise BadCell("location", _("It lies in several places: %(names)s.") % {"names": names},
                              _("Say in which it was counted."))  # fmt: skip
            raise BadCell("lot", _("There are several lots of it: %(names)s.")
                          % {"names": ", ".join(sorted(line.lot.code for line in found)[:8])},
                          _("Count each by itself."))  # fmt: skip
        return self._stranger(row, scan, sheet, place)

    def _stranger(
        self, row: Row, scan: codes.Scan, sheet: Sheet, place: Location | None
    ) -> tuple[StockCountLine | None, Lot, Location]:
        code, sku = scan.lot or scan.code, row.text("sku")
        lots = Lot.objects.select_related("product__unit").prefetch_related("product__packs").order_by("-pk")
        lots = lots.filter(product__sku__iexact=sku) if sku else lots
        named = {"pk": scan.lot_id} if scan.lot_id is not None else {"code__iexact": code}
        found = list(lots.filter(**named)[:2]) if code else []
        if not found:
            raise BadCell("lot" if code else "sku", _("The count has no such line, and no lot has this code."),
                          _("Receive it first, or correct the code."))  # fmt: skip
        if len(found) > 1:
            raise BadCell("sku", _("Several products have a lot of this code."), _("Say which: fill in the SKU."))
        if place is None:
            raise BadCell("location", _("The count did not expect this lot."), _("Say where it was found."))
        if not place.is_active:
            raise BadCell("location", _("%(place)s is closed.") % {"place": place.name})
        # Two codes may have led to one line.
        return sheet.cells.get((found[0].pk, place.pk)), found[0], place

    def _quantity(self, row: Row, product: Any) -> Decimal:
        amount = row.decimal("counted", places=6) or Decimal(0)
        unit = row.text("unit")
        if unit and unit.casefold() != product.unit.code.casefold():
            packs = {pack.name.casefold(): pack for pack in product.packs.all()}
            if unit.casefold() not in packs:
                names = ", ".join([product.unit.code, *(pack.name for pack in packs.values())])
                raise BadCell(
                    "unit",
                    _("%(product)s is not counted in “%(unit)s”.") % {"product": product.name, "unit": unit},
                    _("There are: %(names)s.") % {"names": names},
                )
            amount = quantities.from_fraction(Fraction(amount) * packs[unit.casefold()].ratio)
        try:
            counting.check_figure(product, amount)
        except BadQuantity as error:
            raise BadCell("counted", error.message) from None
        return amount

    # --- writing

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        figures = {row.pk: _figure(row.data) for row in rows}
        traces: dict[count_sheets.Cell, Trace] = {}
        refused = count_sheets.write(list(figures.values()), traces=traces)
        said = {pk: refused[figure.cell] for pk, figure in figures.items() if figure.cell in refused}
        written = {pk: asdict(traces[figure.cell]) for pk, figure in figures.items() if figure.cell in traces}
        return Applied(figures={"lines": len(figures) - len(said)}, refused=said, written=written)

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Figures of counts that are posted or over, and what somebody counted again."""
        traces = _traces(rows)
        why = count_sheets.obstacles(list(traces.values()))
        return {pk: why[trace.line_id] for pk, trace in traces.items() if trace.line_id in why}

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Let the lines say what they said before the file came."""
        traces = _traces(rows)
        kept = count_sheets.take_back(list(traces.values()))
        return {pk: kept[trace.line_id] for pk, trace in traces.items() if trace.line_id in kept}

    @classmethod
    def export(cls) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Every line of every count that is still counted."""
        return sheet(StockCount.objects.filter(status=StockCount.Status.OPEN).order_by("pk"))


def sheet(counts: Iterable[StockCount]) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """Headings and rows of the counts' sheets. The book's figure stands only where the count is not blind."""
    return HEADINGS, (_cells(count, line) for count in counts for line in count_reads.lines_of(count))


def _traces(rows: Sequence[TransferRow]) -> dict[int, Trace]:
    """What the rows left behind; a figure that stood there already left nothing."""
    return {row.pk: Trace(**row.written) for row in rows if row.written}


def _cells(count: StockCount, line: Any) -> Sequence[Any]:
    return (
        count.number,
        line.location.code,
        line.product.sku,
        line.product.name,
        line.lot.code,
        line.lot.expires_on,
        line.product.unit.code,
        None if count.is_blind else quantities.bare(line.there),
        None if line.counted is None else quantities.bare(line.counted),
        line.reason,
        line.revision,
    )


def _counted_at(row: Row, count: StockCount) -> datetime | None:
    """When it was counted: a time of today, or a day with a time. BadCell before the count began and in the future."""
    text = row.text("counted_at")
    if not text:
        return None
    first, _space, rest = text.replace("T", " ").partition(" ")
    is_time = not any(sign in first for sign in "-/.")
    day = clock.today() if is_time else row.date("counted_at")
    time = Row(row.line, {"counted_at": text if is_time else rest.strip() or text}).time("counted_at")
    if day is None or time is None:
        return None
    at = clock.at(day, time.hour, time.minute)
    try:
        counting.check_moment(count, at)
    except BadMoment as error:
        raise BadCell("counted_at", error.message) from None
    return at


def _figure(data: dict[str, Any]) -> Figure:
    return Figure(
        data["count"],
        data["lot"],
        data["location"],
        data["product"],
        Decimal(data["quantity"]),
        data["revision"],
        data["reason"],
        datetime.fromisoformat(data["at"]) if data["at"] else None,
    )
