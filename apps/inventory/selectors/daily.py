"""How the stock of one product went, day by day, and how long it lasts at that pace."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.catalog.models import Product
from apps.inventory.models import Location, Move, StockOperation
from backoffice.kernel import clock

DAYS = 14
ZERO = Decimal(0)
INSIDE = frozenset(kind.value for kind in Location.PHYSICAL)
USED = frozenset([Location.Kind.CUSTOMER.value, Location.Kind.CONSUMED.value])


@dataclass(frozen=True)
class Story:
    """The last days, oldest first, today last: what was left at the end of each, and what was sold or used on it.

    `a_day` is the average use since the product first moved in that time; `lasts` says for how many days what is on
    hand is enough at that pace, None when nothing was used.
    """

    days: list[date]
    left: list[Decimal]
    used: list[Decimal]
    a_day: Decimal
    lasts: Decimal | None


def story(product: Product, on_hand: Decimal, *, days: int = DAYS) -> Story:
    """One query. What is on hand now is taken back day by day, so no day sums the history before it."""
    today = clock.today()
    since = today - timedelta(days=days - 1)
    rows = (
        Move.objects.filter(product=product, operation__occurred_at__gte=clock.at(since), quantity__gt=0)
        .annotate(day=TruncDate("operation__occurred_at", tzinfo=timezone.get_default_timezone()))
        .order_by()
        .values_list("day", "operation__kind", "source__kind", "destination__kind")
        .annotate(total=Sum("quantity"))
    )
    change: dict[date, Decimal] = defaultdict(Decimal)
    used: dict[date, Decimal] = defaultdict(Decimal)
    for day, kind, source, destination, total in rows:
        change[day] += (total if destination in INSIDE else ZERO) - (total if source in INSIDE else ZERO)
        # What is made comes from where materials go, and is not given back by that.
        if kind == StockOperation.Kind.REVERSAL:
            used[day] -= total if source in USED else ZERO
        elif destination in USED:
            used[day] += total
    shown = [since + timedelta(days=number) for number in range(days)]
    left, balance = [], on_hand
    for day in reversed(shown):
        left.append(balance)
        balance -= change.get(day, ZERO)
    # What was there before the first of the days has been there all the time.
    first = since if balance else min(change, default=today)
    a_day = max(sum(used.values(), ZERO), ZERO) / ((today - first).days + 1)
    return Story(
        shown,
        left[::-1],
        [max(used.get(day, ZERO), ZERO) for day in shown],
        a_day,
        on_hand / a_day if a_day else None,
    )
