"""How the stock of products went, day by day, and how long it lasts at that pace.

One rule for the stock card, which reads it when it is opened, and for the stock list, which reads what a job keeps
(`apps.inventory.services.trends`): the pace is that of the whole days before today. Today is not over, and two weeks
have each day of the week twice.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db.models import BigIntegerField, Case, F, IntegerField, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast

from apps.catalog.models import Product
from apps.inventory.models import Location, Move, StockBalance, StockOperation
from apps.inventory.selectors.availability import usable_stock
from backoffice.kernel import clock
from backoffice.kernel.fields import QuantityField

DAYS = 14
"""So many days are shown, today last; and so many whole days before today make the pace."""
ON_HAND = -1
ZERO = Decimal(0)
INSIDE = [kind.value for kind in Location.PHYSICAL]
USED = [Location.Kind.CUSTOMER.value, Location.Kind.CONSUMED.value]


@dataclass(frozen=True)
class Story:
    """The last days, oldest first, today last: what was left at the end of each, and what was sold or used on it.

    `a_day` is the average use of the whole days before today, since the product was first there in that time; `lasts`
    says for how many days what is usable now is enough at that pace, None when nothing was used: what has expired or is
    blocked lasts nobody.
    """

    days: list[date]
    left: list[Decimal]
    used: list[Decimal]
    a_day: Decimal
    lasts: Decimal | None


@dataclass
class Days:
    """What the moves of one product say, in the whole numbers of the tables. Days are counted from the first one that
    is looked at; today is `DAYS`."""

    on_hand: int = 0
    change: dict[int, int] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)

    @property
    def left(self) -> list[int]:
        """What was there before the first day, and at the end of each."""
        ends, balance = [], self.on_hand
        for day in range(DAYS, -1, -1):
            ends.append(balance)
            balance -= self.change.get(day, 0)
        return [balance, *ends[::-1]]

    @property
    def ends(self) -> list[int]:
        """What was there at the end of each day that is shown, but for today."""
        return self.left[2:-1]

    @property
    def whole_days(self) -> int:
        """The days before today since the product was there: what was there before has been there all the time."""
        first = 0 if self.left[0] else min(self.change, default=DAYS)
        return DAYS - first

    @property
    def used_before(self) -> int:
        """What was sold or used on the days before today."""
        return max(sum(used for day, used in self.used.items() if day < DAYS), 0)


def written(ends: list[int]) -> str:
    """Ends of days as they are kept: the one figure when all are the same."""
    return " ".join(map(str, ends)) if any(end != ends[0] for end in ends) else str(ends[0])


def read(kept: str | None) -> list[int]:
    """Ends of days as they were kept; nothing kept is nothing there."""
    ends = [int(end) for end in kept.split()] if kept else [0]
    return ends if len(ends) > 1 else ends * (DAYS - 1)


def lasts(usable: Decimal, used: Decimal, days: int) -> Decimal | None:
    """For how many days that is enough when so much is used in so many days; None when nothing is."""
    return usable * days / used if used and days else None


def rounded(days: Decimal) -> Decimal:
    """As people read it: tenths below ten days, never more than there is."""
    return days.quantize(Decimal("0.1") if days < 10 else Decimal(1), ROUND_DOWN)


def story(product: Product) -> Story:
    """Two queries. What is on hand now is taken back day by day, so no day sums the history before it."""
    today = clock.today()
    found = dict(of([product.pk], today=today)).get(product.pk, Days())
    used, days = exactly(found.used_before), found.whole_days
    there = StockBalance.objects.filter(usable_stock(today), product=product)
    usable = there.aggregate(there=Sum("quantity"))["there"] or ZERO
    return Story(
        [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)],
        [exactly(left) for left in found.left[2:]],
        [exactly(max(found.used.get(day, 0), 0)) for day in range(1, DAYS + 1)],
        used / days if days else ZERO,
        lasts(usable, used, days),
    )


def of(product_ids: Collection[int], *, today: date, first_move: int | None = 0) -> Iterator[tuple[int, Days]]:
    """The days of those products that have stock or moved, one after the other, in one query.

    No move of these days has a key below `first_move`: of products with a long history only what is new is looked at.
    None says that nothing moved at all.
    """
    since = today - timedelta(days=DAYS)
    there = (
        StockBalance.objects.filter(product_id__in=product_ids)
        .order_by()
        .values("product_id")
        .annotate(day=Value(ON_HAND, output_field=IntegerField()), change=Sum(_WHOLE), used=_NOTHING)
        .values_list("product_id", "day", "change", "used")
    )
    if first_move is None:
        return _told(there.order_by("product_id"))
    moved = _moved(Move.objects.filter(product_id__in=product_ids, id__gte=first_move), since)
    # One statement: between two of them somebody sells.
    return _told(there.union(moved, all=True).order_by("product_id"))


def first_move(today: date) -> int | None:
    """The key of the first move that happened in these days; None when nothing moved."""
    since = clock.at(today - timedelta(days=DAYS))
    found: Mapping[str, int | None] = Move.objects.filter(operation__occurred_at__gte=since).aggregate(first=Min("pk"))
    return found["first"]


_WHOLE = Cast(F("quantity"), BigIntegerField())
_NOTHING = Value(0, output_field=BigIntegerField())


def _moved(moves: QuerySet[Move], since: date) -> QuerySet[Any, Any]:
    """What changed and what was used, by product and day."""
    starts = [(number, clock.at(since + timedelta(days=number))) for number in range(DAYS, -1, -1)]
    day = Case(*[When(operation__occurred_at__gte=start, then=Value(number)) for number, start in starts])
    reversal = Q(operation__kind=StockOperation.Kind.REVERSAL)
    arrived, left = _summed(Q(destination__kind__in=INSIDE)), _summed(Q(source__kind__in=INSIDE))
    # What is made comes from where materials go, and is not given back by that: only a reversal gives back.
    used, back = _summed(~reversal & Q(destination__kind__in=USED)), _summed(reversal & Q(source__kind__in=USED))
    return (
        moves.filter(operation__occurred_at__gte=clock.at(since), quantity__gt=0)
        .order_by()
        .annotate(day=day)
        .values("product_id", "day")
        .annotate(change=arrived - left, used=used - back)
        .values_list("product_id", "day", "change", "used")
    )


def _summed(which: Q) -> Sum:
    return Sum(Case(When(which, then=_WHOLE), default=_NOTHING))


def _told(rows: Iterable[tuple[int, int, int, int]]) -> Iterator[tuple[int, Days]]:
    current: int | None = None
    found = Days()
    for product_id, day, change, used in rows:
        if product_id != current:
            if current is not None:
                yield current, found
            current, found = product_id, Days()
        if day == ON_HAND:
            found.on_hand = int(change)
        else:
            found.change[day], found.used[day] = int(change), int(used)
    if current is not None:
        yield current, found


def exactly(quantity: int) -> Decimal:
    """What a whole number of the tables stands for."""
    return Decimal(quantity).scaleb(-QuantityField.places)
