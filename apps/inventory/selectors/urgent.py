"""What has something to say comes first in the stock list: found from the few rows that are meant."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.lookups import GreaterThan

from apps.catalog.models import Product
from apps.inventory.models import Hold, HoldAllocation, Location, Lot, StockBalance
from apps.inventory.selectors.stock import below_minimum, expiring_lots, summed, there, waiting
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.ui.parts import Kept

SEEN_DAYS = 400


def worst_first(enough: int | None = None) -> list[int]:
    """The products with something to say, as the stock list says it: short, below minimum, unusable, expiring.

    All of them, in one query that starts from the few rows that are meant, however large the assortment is. With
    `enough` at least the first so many: what only expires, which are most, is not looked at when it comes later than
    that, and is a second query when it does not.
    """
    today = clock.today()
    since = today - timedelta(days=SEEN_DAYS)
    worst: dict[int, tuple[int, str]] = {}
    bad = _bad_or_going(clock.now(), today, since) if enough is None else _bad(clock.now(), today, since)
    for product_id, rank, name in bad:
        if product_id not in worst or rank < worst[product_id][0]:
            worst[product_id] = rank, name
    if enough is not None and len(worst) < enough:
        for product_id, rank, name in _going(today):
            worst.setdefault(product_id, (rank, name))
    return sorted(worst, key=lambda pk: (*worst[pk], pk))


def lately() -> list[int]:
    """`worst_first` as it was within the last minute: for pages far behind it, which only ask what lies before them."""
    return _lately.of("worst first", worst_first)


_lately: Kept[list[int]] = Kept()


def _part(rows: QuerySet[Any], rank: int) -> QuerySet[Any, Any]:
    kept = rows.exclude(product__sell_policy=Product.SellPolicy.ON_DEMAND)
    return kept.order_by().values_list("product_id", Value(rank, output_field=IntegerField()), "product__name")


def _short_low_or_unusable(now: Any, today: Any, since: Any) -> list[QuerySet[Any, Any]]:
    """Each part is served by an index: `blocked` in two parts, and what has expired as far back as anybody will not
    have seen it. Lots are looked at, not what lies of each in every place, so that a row stands for a product."""
    low = below_minimum(now, today).filter(location=None)
    unbacked, spoilt = (rows.filter(product__is_active=True) for rows in _waiting_in_parts(now, today, since))
    lots = Lot.objects.filter(there(quantity__gt=0), pk__in=RawSQL(OUT_OF_USE, []))  # noqa: S611 - a constant
    gone = Lot.objects.filter(there(), expires_on__lt=today, expires_on__gte=since)
    places = StockBalance.objects.filter(pk__in=RawSQL(IN_QUARANTINE, []))  # noqa: S611 - a constant
    return [_part(unbacked, 0), _part(spoilt, 0), _part(low, 1), *(_part(rows, 2) for rows in (lots, places, gone))]


def _expiring_soon(today: Any) -> QuerySet[Any, Any]:
    return _part(expiring_lots(today), 3)


IN_QUARANTINE = """SELECT held.id FROM inventory_location place CROSS JOIN inventory_stockbalance held
WHERE place.kind = 'quarantine' AND held.location_id = place.id"""
"""Said so that SQLite begins with the places, which are few: it read all balances otherwise, for none at all."""


OUT_OF_USE = "SELECT shut.id FROM inventory_lot shut WHERE NOT (shut.status = 'ok')"
"""The condition of a partial index with its value: SQLite knows it only then."""


def _waiting_in_parts(now: Any, today: Any, since: Any) -> tuple[QuerySet[Hold], QuerySet[Hold]]:
    """`waiting` without looking at the lot of every promise: holds that have not enough backing of any kind, and those
    that are backed by what cannot be used, which is found from the few lots and places that are meant."""
    unbacked = Hold.objects.counting(now).filter(_asks_more_than_it_has())
    gone = HoldAllocation.objects.filter(lot__expires_on__lt=today, lot__expires_on__gte=since)
    shut = HoldAllocation.objects.filter(lot__in=RawSQL(OUT_OF_USE, []))  # noqa: S611 - a constant
    places = HoldAllocation.objects.filter(location__in=Location.objects.filter(kind=Location.Kind.QUARANTINE))
    spoilt = (rows.order_by().values("hold_id") for rows in (gone, shut, places))
    return unbacked, waiting(now, today).filter(pk__in=next(spoilt).union(*spoilt))


UNBACKED = """SELECT asking.id FROM inventory_hold asking
LEFT JOIN (SELECT hold_id, SUM(quantity) AS has FROM inventory_holdallocation GROUP BY hold_id) given
ON given.hold_id = asking.id
WHERE asking.status = 'active' AND asking.quantity - asking.fulfilled > COALESCE(given.has, 0)"""
"""All holds at once, as PostgreSQL does in half the time of one after the other; SQLite does not."""


def _asks_more_than_it_has() -> Q:
    if connection.vendor == "postgresql":
        return Q(pk__in=RawSQL(UNBACKED, []))  # noqa: S611 - a constant
    backed = HoldAllocation.objects.filter(hold_id=OuterRef("pk"))
    return Q(GreaterThan(F("quantity") - F("fulfilled"), summed(backed, "hold_id")))


def _together(parts: list[QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    first, *others = parts
    return first.union(*others, all=True)


_bad: Compiled[Any] = Compiled(lambda now, today, since: _together(_short_low_or_unusable(now, today, since)))
_going: Compiled[Any] = Compiled(_expiring_soon)
_bad_or_going: Compiled[Any] = Compiled(
    lambda now, today, since: _together([*_short_low_or_unusable(now, today, since), _expiring_soon(today)])
)
