"""How soon what would be sold next expires; some promotions want to know."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Min

from apps.inventory.models import Location, Lot, StockBalance
from apps.orders.models import Channel
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
