"""Counts as people look at them: how far they are, what differs, what moved since, and which line a scan means."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.catalog.models import Product
from apps.inventory.models import CountEntry, Location, Lot, Move, StockBalance, StockCount, StockCountLine
from apps.inventory.selectors import codes
from apps.inventory.selectors import locations as places
from backoffice.kernel import money
from backoffice.kernel.fields import QuantityField, exact
from backoffice.kernel.text import fold

ZERO = Decimal(0)
ROWS = 300
FOUND = 24
ONE_FIGURE = 2
"""The revision of a line that one figure was written down for."""
APPROVE = "inventory.approve_stockcount"
GIVES_RIGHTS = "django.contrib.auth.backends.ModelBackend"


def worth(line: StockCountLine) -> Decimal:
    """What the line's difference is worth, at the lot's cost, with its sign."""
    difference = line.difference or ZERO
    size = money.round_money(abs(difference) * line.lot.unit_cost)
    return -size if difference < 0 else size


def deviation(lines: Iterable[StockCountLine]) -> Decimal:
    """What the differences add up to, whatever their sign: what the tolerance is compared with."""
    return sum((abs(worth(line)) for line in lines), ZERO)


def approvers() -> list[str]:
    """The names of who may post a count that differs by more than the tolerance."""
    people = get_user_model()._default_manager.with_perm(APPROVE, backend=GIVES_RIGHTS)
    return sorted({person.name or person.get_username() for person in people}, key=str.casefold)


def for_approval() -> QuerySet[StockCount]:
    """Counts that somebody sent for approval: what waits at the entry of the navigation."""
    return StockCount.objects.filter(status=StockCount.Status.APPROVAL)


@dataclass(frozen=True)
class Progress:
    """How many lines there are, how many somebody counted, how many of those differ."""

    lines: int
    counted: int
    different: int

    @property
    def blank(self) -> int:
        return self.lines - self.counted

    @property
    def percent(self) -> int:
        return self.counted * 100 // self.lines if self.lines else 0


@dataclass(frozen=True)
class Row:
    """A line as the review shows it. `since` is what moved after it was counted.

    `entries` is who wrote down what, in their order, where that was more than one figure.
    """

    line: StockCountLine
    value: Decimal
    since: Decimal
    entries: Sequence[CountEntry] = ()

    @property
    def difference(self) -> Decimal | None:
        return self.line.difference

    @property
    def came_late(self) -> bool:
        """Whether exactly what differs moved since: a delivery or a sale, perhaps, that was entered after the count."""
        return bool(self.since) and self.since == self.difference


@dataclass
class Review:
    """The differences of a count, the dearest first, with their sums."""

    progress: Progress
    rows: list[Row] = field(default_factory=list)
    up: Decimal = ZERO
    down: Decimal = ZERO
    left_out: int = 0

    @property
    def net(self) -> Decimal:
        return self.up + self.down

    @property
    def deviation(self) -> Decimal:
        return self.up - self.down


def book_at(cells: Collection[tuple[int, int]], at: datetime | None = None) -> dict[tuple[int, int], Decimal]:
    """What the book had of each (lot, place) at an instant: what is there now, without what moved since."""
    lots = {lot_id for lot_id, _place in cells}
    found = dict.fromkeys(cells, ZERO)
    for row in StockBalance.objects.filter(lot_id__in=lots):
        if (row.lot_id, row.location_id) in found:
            found[row.lot_id, row.location_id] = row.quantity
    if at is not None:
        moves = Move.objects.filter(lot_id__in=lots, operation__occurred_at__gt=at).order_by()
        for end, sign in (("destination_id", 1), ("source_id", -1)):
            for lot_id, location_id, quantity in moves.values_list("lot_id", end).annotate(Sum("quantity")):
                if (lot_id, location_id) in found:
                    found[lot_id, location_id] -= sign * quantity
    # A past that was never on the shelf: something was backdated before the count and taken since.
    return {cell: max(quantity, ZERO) for cell, quantity in found.items()}


def every_line() -> QuerySet[StockCountLine]:
    """Lines with what they are about, and as `there` what the book has of it now."""
    now = StockBalance.objects.filter(lot_id=OuterRef("lot_id"), location_id=OuterRef("location_id"))
    return StockCountLine.objects.select_related(
        "product__unit", "product__category", "lot", "location", "counted_by", "count"
    ).annotate(
        there=Coalesce(Subquery(now.values("quantity")[:1], output_field=QuantityField()), exact(0, QuantityField))
    )


def lines_of(count: StockCount) -> QuerySet[StockCountLine]:
    """The lines of a count, in the order of the shelves."""
    return every_line().filter(count=count).order_by("location__name", "product__name", "lot__expires_on", "pk")


def progress(count: StockCount) -> Progress:
    counted = Q(counted__isnull=False)
    sums = StockCountLine.objects.filter(count=count).aggregate(
        lines=Count("pk"),
        done=Count("pk", filter=counted),
        other=Count("pk", filter=counted & ~Q(counted=F("book"))),
    )
    return Progress(sums["lines"], sums["done"], sums["other"])


def review(count: StockCount, *, show: str = "different", most: int | None = ROWS) -> Review:
    """The lines that differ ("different"), that nobody counted ("blank"), or all ("all"), at most `most`."""
    found = Review(progress(count))
    differing = list(lines_of(count).filter(counted__isnull=False).exclude(counted=F("book")))
    for line in differing:
        value = worth(line)
        if value >= 0:
            found.up += value
        else:
            found.down += value
    lines: Sequence[StockCountLine]
    if show == "blank":
        lines, there = list(lines_of(count).filter(counted=None)[:most]), found.progress.blank
    elif show == "all":
        lines, there = list(lines_of(count)[:most]), found.progress.lines
    else:
        lines, there = sorted(differing, key=lambda line: -abs(worth(line)))[:most], len(differing)
    found.left_out = max(there - len(lines), 0)
    entries = _entries(lines)
    for line in lines:
        since = ZERO
        if line.book is not None and count.status in StockCount.OPEN:
            since = line.there - line.book  # type: ignore[attr-defined]
        found.rows.append(Row(line, worth(line), since, entries.get(line.pk, ())))
    return found


def _entries(lines: Iterable[StockCountLine]) -> dict[int, list[CountEntry]]:
    """Who wrote down what, of the lines that more than one figure was written down for: each makes a revision."""
    again = [line.pk for line in lines if line.revision > ONE_FIGURE]
    found: dict[int, list[CountEntry]] = {}
    if again:
        for entry in CountEntry.objects.filter(line__in=again).select_related("actor").order_by("pk"):
            found.setdefault(entry.line_id, []).append(entry)
    return found


def seen(count: StockCount) -> str:
    """What changes with every figure that is written down: whoever posts has seen all of them, or is told."""
    lines = StockCountLine.objects.filter(count=count).aggregate(number=Count("pk"), revisions=Sum("revision"))
    return f"{lines['number']}.{lines['revisions'] or 0}"


@dataclass
class Scanned:
    """What a scan means in a count: its lines, or all those of a `place`; else lots that the count did not expect.

    `strangers` may lie where the count has no line of them. `product` is what was scanned and has no lot at all.
    """

    lines: list[StockCountLine] = field(default_factory=list)
    strangers: list[Lot] = field(default_factory=list)
    place: Location | None = None
    product: Product | None = None
    more: bool = False

    @property
    def next(self) -> StockCountLine | None:
        """Where the figure goes that is typed next: the first that is still blank."""
        return next((line for line in self.lines if line.counted is None), self.lines[0] if self.lines else None)


def scan(count: StockCount, text: str) -> Scanned:
    """What a code means: a place, a lot or a product; else lines by words of the product's name."""
    read = codes.read(text)
    if not read.code:
        return Scanned()
    rows = lines_of(count)
    named = Q(code__iexact=read.code) | Q(name__iexact=read.code)
    place = Location.objects.physical().filter(named, pk__in=rows.order_by().values("location")).order_by("pk").first()
    if place is not None:
        return Scanned(place=place)
    exactly = codes.of_lot(read, "lot__")
    if not _names_a_lot(read):
        exactly |= Q(product__in=codes.products(read))
    lines, strangers = list(rows.filter(exactly)[: FOUND + 1]), _lots(read)
    if not lines:
        matching = rows
        for word in fold(text).split():
            matching = matching.filter(product__search_text__contains=word)
        lines = list(matching[: FOUND + 1])
    product = None if lines or strangers else codes.products(read).filter(pk__in=Product.objects.stocked()).first()
    return Scanned(lines[:FOUND], strangers, product=product, more=len(lines) > FOUND)


def _names_a_lot(read: codes.Scan) -> bool:
    return read.lot_id is not None or bool(read.lot)


def _lots(read: codes.Scan) -> list[Lot]:
    """The lots that were scanned, wherever they lie; of a product the newest."""
    lots = Lot.objects.select_related("product__unit").order_by("-pk")
    found = list(lots.filter(codes.of_lot(read), is_silent=False)[:FOUND])
    if found or _names_a_lot(read):
        return found
    return list(lots.filter(product__in=codes.products(read))[:FOUND])


def name_of(text: str) -> str:
    """What has this very code, a product or a lot, by its product's name; empty when nothing has."""
    read = codes.read(text)
    if not read.code:
        return ""
    if (product := codes.products(read).first()) is not None:
        return product.name
    lot = Lot.objects.tracked().select_related("product").filter(codes.of_lot(read)).first()
    return lot.product.name if lot is not None else ""


def places_of(count: StockCount) -> list[Location]:
    """Where something may have been found: the count's places, or every open place."""
    choices = places.choices()
    if count.location_id:
        choices = choices.filter(pk__in=places.scope([count.location_id]) or ())
    return list(choices)
