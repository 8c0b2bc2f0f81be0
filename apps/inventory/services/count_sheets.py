"""Figures of a count that come in a file: many lines at once, none of which replaces a figure that it did not see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.inventory.errors import CountedMeanwhile, NotCounting
from apps.inventory.models import CountEntry, Location, StockCount, StockCountLine
from apps.inventory.selectors.counts import book_at
from backoffice.kernel import bulk, clock
from backoffice.kernel.audit import current_actor

WRITTEN = ("counted", "book", "counted_at", "counted_by", "reason", "revision", "updated_at")
Cell = tuple[int, int, int]
"""A count, and in it a lot in a location."""


@dataclass(frozen=True)
class Figure:
    """What a file says of one lot in one place, and when it was counted (None: now).

    `revision` is that of the line it was read against; 0 when there was none.
    """

    count_id: int
    lot_id: int
    location_id: int
    product_id: int
    quantity: Decimal
    revision: int
    reason: str = ""
    at: datetime | None = None

    @property
    def cell(self) -> Cell:
        return self.count_id, self.lot_id, self.location_id


@dataclass(frozen=True)
class Trace:
    """What a figure left on its line: the line's revision since, and what stood there before (None: nothing)."""

    line_id: int
    revision: int
    before: tuple[str, str, str, int | None] | None
    reason: str

    @classmethod
    def of(cls, line: StockCountLine) -> "Trace":
        """Of a line that is about to get its figure."""
        if line.counted is None or line.book is None or line.counted_at is None:
            before = None
        else:
            before = str(line.counted), str(line.book), line.counted_at.isoformat(), line.counted_by_id
        return cls(line.pk, line.revision + 1, before, line.reason)


@transaction.atomic
def write(figures: Sequence[Figure], *, traces: dict[Cell, Trace] | None = None) -> dict[Cell, str]:
    """Write the figures down, each at most once, and take in lots that a count did not expect.

    What says what the line says already writes nothing. Returns why others could not be written: somebody counted the
    line since `revision`, the count is over, the place is closed. `traces` is filled with what taking them back needs.
    """
    counts = {
        count.pk: count
        for count in StockCount.objects.select_for_update()
        .filter(pk__in={figure.count_id for figure in figures})
        .order_by("pk")
    }
    lines = _lines(figures)
    places = Location.objects.in_bulk({figure.location_id for figure in figures})
    refused: dict[Cell, str] = {}
    strangers: list[StockCountLine] = []
    wanted: list[tuple[Figure, StockCountLine]] = []
    for figure in figures:
        count = counts[figure.count_id]
        line = lines.get(figure.cell)
        if count.status != StockCount.Status.OPEN:
            refused[figure.cell] = NotCounting.of(count).message
        elif line is None and not places[figure.location_id].is_active:
            refused[figure.cell] = _("%(place)s is closed.") % {"place": places[figure.location_id].name}
        elif line is None:
            line = StockCountLine(
                count=count, product_id=figure.product_id, lot_id=figure.lot_id, location_id=figure.location_id
            )
            strangers.append(line)
            wanted.append((figure, line))
        elif line.counted == figure.quantity:
            continue
        elif line.revision != figure.revision:
            refused[figure.cell] = CountedMeanwhile(line, given=figure.quantity).message
        else:
            wanted.append((figure, line))
    bulk.insert(strangers)
    if traces is not None:
        traces.update((figure.cell, Trace.of(line)) for figure, line in wanted)
    _write(wanted)
    return refused


def obstacles(traces: Sequence[Trace]) -> dict[int, str]:
    """Of these figures those that cannot be taken back, with why, by their lines. One query."""
    lines = _traced(traces)
    found: dict[int, str] = {}
    for trace in traces:
        line = lines.get(trace.line_id)
        if line is None:
            found[trace.line_id] = _("What it changed is gone.")
        elif line.count.status != StockCount.Status.OPEN:
            count = line.count
            found[trace.line_id] = NotCounting.of(count).message
        elif line.revision != trace.revision:
            found[trace.line_id] = _("Somebody counted it again since.")
    return found


@transaction.atomic
def take_back(traces: Sequence[Trace]) -> dict[int, str]:
    """Let the lines say what they said before. Returns, by line, why others stay, as `obstacles` does.

    A lot that the count did not expect stays in it, as one that was not counted.
    """
    counts = StockCountLine.objects.filter(pk__in=[trace.line_id for trace in traces]).values("count")
    list(StockCount.objects.select_for_update().filter(pk__in=counts).order_by("pk"))
    kept, lines = obstacles(traces), _traced(traces)
    now, person = clock.now(), getattr(current_actor().user, "pk", None)
    changed: list[StockCountLine] = []
    entries: list[CountEntry] = []
    for trace in traces:
        if trace.line_id in kept:
            continue
        line = lines[trace.line_id]
        line.counted = line.book = line.counted_at = line.counted_by_id = None
        if trace.before is not None:
            counted, book, at, line.counted_by_id = trace.before
            line.counted, line.book, line.counted_at = Decimal(counted), Decimal(book), datetime.fromisoformat(at)
        line.reason = trace.reason
        line.revision += 1
        changed.append(line)
        kind = CountEntry.Kind.CLEAR if line.counted is None else CountEntry.Kind.SET
        figure = line.counted or Decimal(0)
        entries.append(
            CountEntry(line=line, kind=kind, quantity=figure, after=line.counted, at=now, actor_id=person)
        )  # fmt: skip
    bulk.update(changed, WRITTEN)
    bulk.insert(entries)
    return kept


def _traced(traces: Sequence[Trace]) -> dict[int, StockCountLine]:
    return StockCountLine.objects.select_related("count").in_bulk([trace.line_id for trace in traces])


def _lines(figures: Sequence[Figure]) -> dict[Cell, StockCountLine]:
    rows = StockCountLine.objects.filter(
        count__in={figure.count_id for figure in figures}, lot__in={figure.lot_id for figure in figures}
    )
    there = rows.select_related("product__unit", "location", "counted_by")
    return {(row.count_id, row.lot_id, row.location_id): row for row in there}


def _write(wanted: Sequence[tuple[Figure, StockCountLine]]) -> None:
    now, person = clock.now(), getattr(current_actor().user, "pk", None)
    book = _book_then(wanted)
    entries = []
    for figure, line in wanted:
        line.book = book[figure.cell]
        line.counted, line.reason = figure.quantity, figure.reason[:200] or line.reason
        line.counted_at, line.counted_by_id = figure.at or now, person
        line.revision += 1
        entries.append(
            CountEntry(
                line=line,
                kind=CountEntry.Kind.SET,
                quantity=figure.quantity,
                after=figure.quantity,
                at=now,
                actor_id=person,
            )
        )
    bulk.update([line for _figure, line in wanted], WRITTEN)
    bulk.insert(entries)


def _book_then(wanted: Sequence[tuple[Figure, StockCountLine]]) -> dict[Cell, Decimal]:
    """What the book had of each cell when it was counted."""
    found: dict[Cell, Decimal] = {}
    for at in {figure.at for figure, _line in wanted}:
        then = [figure for figure, _line in wanted if figure.at == at]
        book = book_at({(figure.lot_id, figure.location_id) for figure in then}, at)
        found |= {figure.cell: book[figure.lot_id, figure.location_id] for figure in then}
    return found


__all__ = ["Cell", "Figure", "Trace", "obstacles", "take_back", "write"]
