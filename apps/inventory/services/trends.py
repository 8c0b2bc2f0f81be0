"""Keeping how the stock of each product went, so that the stock list need not ask the ledger.

What is kept is about days that are over, so it is written once a day, soon after midnight; today's end is the balance,
which lists read anyway. What is posted into a day that is over says so here, and its products are written again. A row
is always made from the ledger, never from the row before it: whatever runs twice, or late, ends the same.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.catalog.models import Product
from apps.inventory.models import StockTrend, TrendsKept
from apps.inventory.selectors import daily
from backoffice.kernel import clock
from backoffice.kernel.locks import retry_conflict
from backoffice.outbox import directives
from backoffice.outbox.models import Directive

ZERO = Decimal(0)
KEEP = "stock.trends"
LATE = "stock.trends_late"
AT_ONCE = 500
"""Products that are written in one transaction: others wait for it as long as for a sale."""
NAMED = 300
"""Products that one directive names."""
ONCE_MORE = timedelta(hours=1)
"""After midnight everything is looked at again: for what began before it and was committed after the first look."""


def due() -> bool:
    """Whether the trends are not of today, or only of its first minutes."""
    row = TrendsKept.objects.filter(pk=TrendsKept.PK).first()
    if row is None or row.kept_at is None or row.day != clock.today():
        return True
    settled = clock.at(row.day) + ONCE_MORE
    return row.kept_at < settled <= clock.now()


def start() -> Directive:
    """Issue the job; once an hour at most."""
    return directives.issue(KEEP, dedupe_key=f"{clock.local(clock.now()):%Y-%m-%dT%H}")


def carry_out(directive: Directive) -> None:
    """The job: bring the trends of all products in step with the ledger."""
    for _some in keep():
        directives.heartbeat(directive)


def carry_out_late(directive: Directive) -> None:
    """The job: write the trends of these products again, because something was posted into a day that is over."""
    again([int(pk) for pk in directive.payload.get("products", [])])


def posted(occurred_at: datetime, product_ids: Collection[int]) -> None:
    """Something of these products is posted that happened at that time. Of today there is nothing to do."""
    if occurred_at >= clock.at(clock.today()):
        return
    ids = sorted(set(product_ids))
    directives.issue_many(LATE, [{"products": ids[at : at + NAMED]} for at in range(0, len(ids), NAMED)])


def everything() -> None:
    """Bring the trends of all products in step with the ledger, now."""
    for _some in keep():
        pass


def keep() -> Iterator[int]:
    """The same, some products at a time: tells how many were looked at. Says that it is done at the end only."""
    today = clock.today()
    first_move, last = daily.first_move(today), 0
    while ids := list(Product.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        _write(ids, today, first_move)
        last = ids[-1]
        yield len(ids)
    with transaction.atomic():
        row = _locked()
        row.day, row.kept_at = today, clock.now()
        row.save(update_fields=["day", "kept_at"])


def again(product_ids: Sequence[int]) -> None:
    """Bring the trends of these products in step with the ledger."""
    today = clock.today()
    first_move = daily.first_move(today)
    for at in range(0, len(product_ids), AT_ONCE):
        _write(product_ids[at : at + AT_ONCE], today, first_move)


@retry_conflict
@transaction.atomic
def _write(product_ids: Sequence[int], today: date, first_move: int | None) -> None:
    """Only what differs is written. The ledger is read under the lock: who comes later has seen more."""
    _locked()
    wanted = {
        pk: told for pk, days in daily.of(product_ids, today=today, first_move=first_move) if (told := _told(days))
    }
    kept = StockTrend.objects.filter(pk__in=product_ids).values_list("pk", "ends", "used", "days")
    there = {pk: tuple(told) for pk, *told in kept}
    StockTrend.objects.bulk_create(
        [
            StockTrend(product_id=pk, ends=ends, used=used, days=days)
            for pk, (ends, used, days) in wanted.items()
            if there.get(pk) != (ends, used, days)
        ],
        update_conflicts=True,
        unique_fields=["product"],
        update_fields=["ends", "used", "days"],
    )
    if gone := there.keys() - wanted.keys():
        StockTrend.objects.filter(pk__in=gone).delete()


def _told(days: daily.Days) -> tuple[str, Decimal, int] | None:
    """What is kept of a product; nothing of one that had nothing."""
    if not days.change:  # most products, most weeks
        return (str(days.on_hand), ZERO, daily.DAYS) if days.on_hand else None
    ends, used = days.ends, days.used_before
    if not used and not any(ends):
        return None
    return daily.written(ends), daily.exactly(used), days.whole_days


def _locked() -> TrendsKept:
    TrendsKept.objects.bulk_create([TrendsKept(pk=TrendsKept.PK)], ignore_conflicts=True)
    return TrendsKept.objects.select_for_update().get(pk=TrendsKept.PK)
