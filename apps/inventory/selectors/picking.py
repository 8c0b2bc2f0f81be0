"""What is to be fetched for a day, place by place, in the order in which one walks."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from apps.inventory.models import Hold, HoldAllocation, Location, Lot
from apps.inventory.selectors import locations as places
from backoffice.kernel import clock


@dataclass
class Pick:
    """So much of one lot, and for whom."""

    lot: Lot
    quantity: Decimal
    holders: list[str] = field(default_factory=list)


@dataclass
class Stop:
    """One place on the way."""

    location: Location
    picks: list[Pick] = field(default_factory=list)


def for_day(day: date, *, location: Location | None = None) -> list[Stop]:
    """What backs the holds of a day (and of days before that still wait), by place, then product.

    With a `location` only there and inside it. Three queries, one more for the place.
    """
    rows = (
        HoldAllocation.objects.filter(Hold.counting_condition(clock.now(), prefix="hold__"), hold__needed_on__lte=day)
        .select_related("lot__product__unit", "lot__product__category", "location", "hold")
        .prefetch_related("hold__origin")
        .order_by("location__code", "lot__product__name", "lot__expires_on", "lot_id", "pk")
    )
    if location is not None:
        rows = rows.filter(location_id__in=places.scope([location]) or ())
    stops: dict[int, Stop] = {}
    picks: dict[tuple[int, int], Pick] = {}
    for row in rows:
        stop = stops.setdefault(row.location_id, Stop(row.location))
        key = (row.location_id, row.lot_id)
        if key not in picks:
            picks[key] = Pick(row.lot, Decimal(0))
            stop.picks.append(picks[key])
        picks[key].quantity += row.quantity
        who = str(row.hold.origin or row.hold)
        if who not in picks[key].holders:
            picks[key].holders.append(who)
    return list(stops.values())
