"""Counts as people look at them: how far they are, what differs, what moved since, and which line a scan means."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.catalog.models import Product
from apps.inventory.models import Location, Lot, Move, StockBalance, StockCount, StockCountLine
from apps.inventory.selectors import codes
from apps.inventory.selectors import locations as places
from backoffice.kernel import money
from backoffice.kernel.fields import QuantityField, exact
from backoffice.kernel.text import fold

ZERO = Decimal(0)
ROWS = 300
FOUND = 12
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
    """A line as the review shows it. `since` is what moved after it was counted."""

    line: StockCountLine
    value: Decimal
    since: Decimal

    @property
    def difference(self) -> Decimal | None:
        return self.line.difference


@dataclass
class Review:
    """The differences of a count, the dearest first, with their sums."""

    progress: Progress
    rows: list[Row] = field(default_factory=list)
    up: Decimal = ZERO
    down: Decimal = ZERO

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


def review(count: StockCount, *, show: str = "different") -> Review:
    """The lines that differ ("different"), that nobody counted ("blank"), or all ("all"), at most `ROWS`."""
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
        lines = list(lines_of(count).filter(counted=None)[:ROWS])
    elif show == "all":
        lines = list(lines_of(count)[:ROWS])
    else:
        lines = sorted(differing, key=lambda line: -abs(worth(line)))[:ROWS]
    for line in lines:
        since = ZERO
        if line.book is not None and count.status in StockCount.OPEN:
            since = line.there - line.book  # type: ignore[attr-defined]
        found.rows.append(Row(line, worth(line), since))
    return found


@dataclass
class Scanned:
    """What a scan means in a count: its lines; or a lot that the count did not expect, with where it may be added."""

    lines: list[StockCountLine] = field(default_factory=list)
    strangers: list[Lot] = field(default_factory=list)

    @property
    def next(self) -> StockCountLine | None:
        """Where the figure goes that is typed next: the first that is still blank."""
        return next((line for line in self.lines if line.counted is None), self.lines[0] if self.lines else None)


def scan(count: StockCount, text: str, *, location: Location | None = None) -> Scanned:
    """Lines by lot code, SKU or barcode, else by words of the product's name; unknown to the count: lots to add."""
    read = codes.read(text)
    if not read.code:
        return Scanned()
    code = read.article or read.code
    rows = lines_of(count)
    exactly = Q(product__sku__iexact=code) | Q(product__barcode__in=(code, read.code))
    exactly |= Q(product__packs__barcode__in=(code, read.code))
    if read.lot_id is not None:
        exactly = Q(lot=read.lot_id)
    elif read.lot:
        exactly &= Q(lot__code__iexact=read.lot)
    else:
        exactly |= Q(lot__code__iexact=code) | Q(location__code__iexact=code)
    found = list(rows.filter(exactly).distinct()[:FOUND])
    if not found:
        matching = rows
        for word in fold(text).split():
            matching = matching.filter(product__search_text__contains=word)
        found = list(matching[:FOUND])
    if found:
        return Scanned(found)
    lots = Lot.objects.select_related("product__unit").order_by("-pk")
    named = Q(pk=read.lot_id) if read.lot_id is not None else Q(code__iexact=read.lot or code)
    strangers = list(lots.filter(named, is_silent=False)[:FOUND])
    if not strangers:
        products = Product.objects.stocked().filter(Q(sku__iexact=code) | Q(barcode=code))
        strangers = list(lots.filter(product__in=products)[:FOUND])
    return Scanned(strangers=strangers)


def places_of(count: StockCount) -> list[Location]:
    """Where something may have been found: the count's places, or every open place."""
    choices = places.choices()
    if count.location_id:
        choices = choices.filter(pk__in=places.scope([count.location_id]) or ())
    return list(choices)
