"""An importer for the tests: number series with their last number. It fails where a test wants it to."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django import forms

from backoffice.kernel.errors import DomainError
from backoffice.kernel.models import NumberSeries
from backoffice.transfers.importer import Applied, Change, Column, Importer, MapEntry, Target
from backoffice.transfers.models import TransferRow
from backoffice.transfers.rows import BadCell, Row, RowResult


class Options(forms.Form):
    year = forms.IntegerField(initial=0)


class SeriesImporter(Importer):
    key = "series"
    permission = "kernel.add_numberseries"
    title = "Import series"
    thing = "Series"
    options_form = Options
    apply_size = 10
    check_size = 25
    columns = (
        Column("series", "Series", required=True, aliases=("Série",), example="order"),
        Column("last", "Last number", required=True, example="1,234"),
    )
    figure_labels = {"written": "series written", "highest": "highest number"}

    def __init__(self, run):
        super().__init__(run)
        self.seen: dict[str, int] = {}
        self.highest = 0

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        names = [row.text("series") for row in rows]
        found = {series.series: series for series in NumberSeries.objects.filter(series__in=names)}
        for row in rows:
            name = row.text("series")
            try:
                row.required("series")
                if name in self.seen:
                    raise BadCell("series", "This series is twice in the file", f"first on line {self.seen[name]}")
                last = row.integer("last", minimum=0)
                if last is None:
                    raise BadCell("last", "This must not be blank.")
            except BadCell as bad:
                yield row.refuse(bad)
                continue
            self.seen[name] = row.line
            self.highest = max(self.highest, last)
            data = {"series": name, "last": last}
            if (series := found.get(name)) is None:
                yield row.new(label=name, data=data)
            elif series.last != last:
                change = Change("last", "Last number", str(series.last), str(last))
                yield row.changed([change], label=name, meta=str(series.pk), data=data)
            else:
                yield row.unchanged(label=name)

    @classmethod
    def export(cls):
        rows = NumberSeries.objects.order_by("series")
        return ["series", "last"], [[row.series, Decimal(row.last)] for row in rows]

    def checked(self):
        return {"highest": self.highest}

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        for row in rows:
            if row.data["last"] == 666:
                raise DomainError("That number is unlucky.")
            if row.data["last"] == 667:
                raise RuntimeError("power cut")
            NumberSeries.objects.update_or_create(series=row.data["series"], defaults={"last": row.data["last"]})
        late = {row.pk: "Too late." for row in rows if row.data["last"] == 668}
        NumberSeries.objects.filter(last=668).delete()
        return Applied(figures={"written": len(rows) - len(late)}, refused=late)


class MappedImporter(SeriesImporter):
    key = "mapped"
    needs_mapping = True

    def scan(self, rows):
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.text("series")] = counts.get(row.text("series"), 0) + 1
        return [MapEntry(name, count) for name, count in counts.items()]

    def targets(self):
        return [Target("order", "Orders"), Target("invoice", "Invoices")]

    def check(self, rows):
        for row in rows:
            decision = self.decisions[row.text("series")]
            if decision.action == "ignore":
                yield row.unchanged(label=row.text("series"))
            else:
                name = decision.target or row.text("series")
                yield row.new(label=name, data={"series": name, "last": row.integer("last")})
