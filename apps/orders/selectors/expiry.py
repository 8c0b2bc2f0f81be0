"""How soon what would be sold next expires, as some promotions want to know; and how long it has to be good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from django.db.models import Min

from apps.inventory.models import Location, Lot, StockBalance
from apps.orders.models import Channel, Order, OrderSession
from backoffice.kernel import clock

from . import places


def of_channel(code: str, product_ids: Collection[int]) -> dict[int, int]:
    """The same of the channel with this code, as the catalogue asks when a promotion is tried; none when it is gone."""
    channel = Channel.objects.filter(code=code).first()
    return days_left(product_ids, places.of_channel(channel)) if channel else {}


def days_left(product_ids: Collection[int], locations: Sequence[Location]) -> dict[int, int]:
    """In how many days the first lot of each product expires that may still be sold at the places; products without a
    dated lot there are absent. One query."""
    today = clock.today()
    rows = (
        StockBalance.objects.filter(
            lot__product__in=product_ids, lot__status=Lot.Status.OK, lot__expires_on__gte=today, location__in=locations,
            quantity__gt=0,
        )
        .values("lot__product_id")
        .annotate(first=Min("lot__expires_on"))
        .values_list("lot__product_id", "first")
    )  # fmt: skip
    return {product_id: (first - today).days for product_id, first in rows}


def good_until(of: OrderSession | Order) -> date:
    """The day that stock for it must still be good on.

    A channel that sells nothing about to expire asks for stock that is still good some days later. Not so for a
    pre-order: it is made freshly, and production must see the day on which it is wanted.
    """
    today = clock.today()
    day = clock.local(of.needed_at).date() if of.needed_at else today
    return day + timedelta(days=of.channel.expiry_margin_days) if day == today else day
