"""A shop of a given size, written straight into the tables: building it is not what is measured.

The books agree (`verify_ledgers` finds nothing), names and quantities differ from row to row, and the same size gives
the same shop every time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection

from apps.crm.models import Customer
from apps.inventory.models import Location
from apps.orders.models import Channel, Order, OrderLine
from backoffice.kernel import clock
from backoffice.observability import statistics
from benchmarks import goods
from benchmarks.books import Stock
from benchmarks.load import day, load, moment


@dataclass(frozen=True)
class Size:
    """How many rows of each kind."""

    products: int
    lots: int
    moves: int
    customers: int
    orders: int


SIZES = {
    "small": Size(1_000, 2_000, 10_000, 2_000, 1_250),
    "medium": Size(10_000, 10_000, 100_000, 20_000, 12_500),
    "large": Size(100_000, 50_000, 1_000_000, 200_000, 125_000),
}


WIDE = 10_000
"""Products that lie in every place."""


def build(size: Size) -> None:
    """Fill an empty, migrated database."""
    chance = Random(42)
    shop = Location.objects.create(code="SHOP", name="Shop", kind=Location.Kind.SALE)
    Location.objects.create(code="BAK", name="Bakery", kind=Location.Kind.PRODUCTION)
    for number in range(3):
        Location.objects.create(code=f"S{number}", name=f"Store {number}")
    price_list = goods.fill(size.products, chance)
    channel = Channel.objects.create(code="counter", name="Counter", price_list=price_list)
    channel.locations.add(shop)
    Stock(products=size.products, lots=size.lots, moves=size.moves, wide=WIDE, chance=chance).fill()
    load(
        Customer,
        ("id", "code", "name", "search_text"),
        ((pk, f"C-{pk:06d}", f"Customer {pk}", f"c-{pk:06d} customer {pk}") for pk in range(1, size.customers + 1)),
    )
    _sell(size, chance, channel)
    statistics.refresh()  # as the worker does every hour
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A shop that grew day by day is swept: nobody sweeps a million rows while its orders are measured, whose
            # cost that would seem to be, and the indexes know which rows are settled and have no words in waiting.
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("VACUUM (ANALYZE)")


def _sell(size: Size, chance: Random, channel: Channel) -> None:
    """Old orders of four lines, one every four minutes."""
    now, past = clock.now(), timedelta(minutes=4)

    def orders() -> Iterator[tuple[Any, ...]]:
        for pk in range(1, size.orders + 1):
            at = now - pk * past
            yield pk, f"T-{pk:06d}", f"bench-{pk:06d}", moment(at), moment(at), day(clock.local(at).date())

    load(
        Order,
        ("id", "external_id", "token", "status_since", "placed_at", "business_date"),
        orders(),
        is_imported=True,
        channel=channel,
        status=Order.Status.COMPLETED,
        units=Decimal(4),
        subtotal=Decimal(40),
        total=Decimal(40),
        paid=Decimal(40),
    )
    load(
        OrderLine,
        ("id", "order_id", "position", "product_id"),
        (
            (number + 1, number // 4 + 1, number % 4 + 1, chance.randrange(size.products) + 1)
            for number in range(size.orders * 4)
        ),
        sku="X",
        name="Sold",
        quantity=Decimal(1),
        list_price=Decimal(10),
        unit_price=Decimal(10),
        total=Decimal(10),
    )
