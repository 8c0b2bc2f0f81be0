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

from apps.catalog.models import Category, Price, PriceList, Product, Unit
from apps.crm.models import Customer
from apps.inventory.models import Location, Lot, Move, StockBalance, StockOperation
from apps.orders.models import Channel, Order, OrderLine
from backoffice.kernel import clock
from benchmarks.load import day, load, moment

WORDS = ["sourdough", "baguette", "croissant", "rye", "brioche", "focaccia", "carrot", "basque", "cookie", "espresso"]


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


# How amounts are scaled in the tables; values are in cents.
PRICE, QUANTITY, COST = 10_000, 1_000_000, 1_000_000


WIDE = 10_000


def build(size: Size) -> None:
    """Fill an empty, migrated database."""
    chance = Random(42)
    today, now = clock.today(), clock.now()
    unit = Unit.objects.get(code="un")
    category = Category.objects.create(name="Everything", slug="everything")
    price_list = PriceList.objects.create(code="counter", name="Counter", is_default=True)
    places = [
        Location.objects.create(code="SHOP", name="Shop", kind=Location.Kind.SALE),
        Location.objects.create(code="BAK", name="Bakery", kind=Location.Kind.PRODUCTION),
        *(Location.objects.create(code=f"S{number}", name=f"Store {number}") for number in range(3)),
    ]
    channel = Channel.objects.create(code="counter", name="Counter", price_list=price_list)
    channel.locations.add(places[0])

    def product(number: int) -> tuple[int, str, str, str]:
        name = f"{WORDS[number % len(WORDS)].title()} {WORDS[number * 7 % len(WORDS)]} {number}"
        row = Product(sku=f"P-{number:06d}", name=name)
        row.refresh_search_text()
        return number, row.sku, name, row.search_text

    products = range(1, size.products + 1)
    load(Product, ("id", "sku", "name", "search_text"), map(product, products), unit=unit, category=category)
    load(
        Price,
        ("id", "product_id", "amount"),
        ((pk, pk, chance.randrange(100, 9900) * PRICE // 100) for pk in products),
        price_list=price_list,
        amount=Decimal(1),
        valid_from=now - timedelta(days=400),
    )
    costs = [chance.randrange(10, 900) for _ in range(size.lots)]
    lots = [(number, (number - 1) % size.products + 1, cost) for number, cost in enumerate(costs, start=1)]
    load(
        Lot,
        ("id", "product_id", "code", "expires_on", "unit_cost"),
        (
            (lot, product, f"L-{lot:06d}", day(today + timedelta(days=5 + lot % 200)), cost * COST // 100)
            for lot, product, cost in lots
        ),
        received_on=today - timedelta(days=30),
    )
    _move(size, chance, [place.pk for place in places], lots)
    load(
        Customer,
        ("id", "code", "name", "search_text"),
        ((pk, f"C-{pk:06d}", f"Customer {pk}", f"c-{pk:06d} customer {pk}") for pk in range(1, size.customers + 1)),
    )
    _sell(size, chance, channel)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _move(size: Size, chance: Random, places: list[int], lots: list[tuple[int, int, int]]) -> None:
    """Lots come to the shop, and every second time some of it goes on to another place."""
    supplier = Location.objects.get(kind=Location.Kind.SUPPLIER).pk
    operations = max(1, size.moves // 10)
    load(
        StockOperation,
        ("id",),
        ((pk,) for pk in range(1, operations + 1)),
        kind=StockOperation.Kind.RECEIPT,
        occurred_at=clock.now(),
    )
    held: dict[tuple[int, int], int] = {}
    shop = places[0]

    def moves() -> Iterator[tuple[int, ...]]:
        for number in range(size.moves):
            lot, product, cost = lots[number % len(lots)]
            turn = number // len(lots)
            quantity, source, destination = chance.randrange(1, 40), supplier, shop
            if turn % 2 and (there := held[lot, shop]) > 1:
                quantity, source = min(quantity, there - 1), shop
                # The first products are in every place, the others in two.
                destination = places[1 + turn // 2 % (len(places) - 1)] if product <= WIDE else places[1]
                held[lot, shop] -= quantity
            held[lot, destination] = held.get((lot, destination), 0) + quantity
            yield (
                number + 1, number % operations + 1, product, lot, source, destination,
                quantity * QUANTITY, cost * COST // 100, quantity * cost,
            )  # fmt: skip

    load(
        Move,
        ("id", "operation_id", "product_id", "lot_id", "source_id", "destination_id", "quantity", "unit_cost", "value"),
        moves(),
    )
    load(
        StockBalance,
        ("id", "product_id", "lot_id", "location_id", "quantity", "value"),
        (
            (number, lots[lot - 1][1], lot, place, quantity * QUANTITY, quantity * lots[lot - 1][2])
            for number, ((lot, place), quantity) in enumerate(held.items(), start=1)
        ),
    )


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
