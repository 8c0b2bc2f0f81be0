"""A shop of a given size, written straight into the tables: building it is not what is measured.

The books agree (`verify_ledgers` finds nothing), names and quantities differ from row to row, and the same size gives
the same shop every time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any, TypeVar

from django.db import models

from apps.catalog.models import Category, Price, PriceList, Product, Unit
from apps.crm.models import Customer
from apps.inventory.models import Location, Lot, Move, StockBalance, StockOperation
from apps.orders.models import Channel, Order, OrderLine
from backoffice.kernel import clock

T = TypeVar("T", bound=models.Model)
BATCH = 5000
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


def _insert(model: type[T], rows: Iterable[T]) -> None:
    iterator: Iterator[T] = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        model._base_manager.bulk_create(batch)


def build(size: Size) -> None:
    """Fill an empty, migrated database."""
    chance = Random(42)
    today = clock.today()
    long_ago = clock.now() - timedelta(days=400)
    unit = Unit.objects.get(code="un")
    category = Category.objects.create(name="Everything", slug="everything")
    price_list = PriceList.objects.create(code="counter", name="Counter", is_default=True)
    places = [
        Location.objects.create(code="SHOP", name="Shop", kind=Location.Kind.SALE),
        Location.objects.create(code="BAK", name="Bakery", kind=Location.Kind.PRODUCTION),
    ]
    channel = Channel.objects.create(code="counter", name="Counter", price_list=price_list)
    channel.locations.add(places[0])

    def product(number: int) -> Product:
        name = f"{WORDS[number % len(WORDS)].title()} {WORDS[number * 7 % len(WORDS)]} {number}"
        row = Product(sku=f"P-{number:06d}", name=name, unit=unit, category=category)
        row.refresh_search_text()
        return row

    _insert(Product, (product(number) for number in range(size.products)))
    products = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    _insert(
        Price,
        (
            Price(
                price_list=price_list,
                product_id=pk,
                amount=Decimal(chance.randrange(100, 9900)) / 100,
                valid_from=long_ago,
            )
            for pk in products
        ),
    )
    # A tenth of the lots have been used up by now; the others expire over the next months.
    _insert(
        Lot,
        (
            Lot(
                product_id=products[number % len(products)],
                code=f"L-{number:06d}",
                received_on=today - timedelta(days=30),
                expires_on=today + timedelta(days=5 + number % 200),
                unit_cost=Decimal(chance.randrange(10, 900)) / 100,
            )
            for number in range(size.lots)
        ),
    )
    _move(size, chance, places)
    _insert(
        Customer,
        (
            Customer(code=f"C-{number:06d}", name=f"Customer {number}", search_text=f"c-{number:06d} customer {number}")
            for number in range(size.customers)
        ),
    )
    _sell(size, chance, channel, products)


def _move(size: Size, chance: Random, places: list[Location]) -> None:
    supplier = Location.objects.get(kind=Location.Kind.SUPPLIER)
    lots = list(Lot.objects.order_by("pk").values_list("pk", "product_id", "unit_cost"))
    _insert(
        StockOperation,
        (
            StockOperation(kind=StockOperation.Kind.RECEIPT, occurred_at=clock.now())
            for _ in range(max(1, size.moves // 10))
        ),
    )
    operations = list(StockOperation.objects.order_by("pk").values_list("pk", flat=True))
    held: dict[tuple[int, int], Decimal] = {}

    def moves() -> Iterator[Move]:
        for number in range(size.moves):
            lot, product, cost = lots[number % len(lots)]
            quantity = Decimal(chance.randrange(1, 40))
            source, destination = supplier, places[0]
            if number >= len(lots) and number % 2:
                at = held[lot, places[0].pk]
                quantity = min(quantity, at)
                if quantity > 0:
                    source, destination = places[0], places[1]
                else:
                    quantity = Decimal(5)
            if source is not supplier:
                held[lot, source.pk] -= quantity
            held[lot, destination.pk] = held.get((lot, destination.pk), Decimal(0)) + quantity
            yield Move(
                operation_id=operations[number % len(operations)],
                product_id=product,
                lot_id=lot,
                source=source,
                destination=destination,
                quantity=quantity,
                unit_cost=cost,
                value=(quantity * cost).quantize(Decimal("0.01")),
            )

    _insert(Move, moves())
    of_lot = {lot: (product, cost) for lot, product, cost in lots}
    _insert(
        StockBalance,
        (
            StockBalance(
                product_id=of_lot[lot][0],
                lot_id=lot,
                location_id=place,
                quantity=quantity,
                value=(quantity * of_lot[lot][1]).quantize(Decimal("0.01")),
            )
            for (lot, place), quantity in held.items()
            if quantity
        ),
    )


def _sell(size: Size, chance: Random, channel: Channel, products: list[int]) -> None:
    def order(number: int) -> Order:
        at = clock.now() - timedelta(minutes=number * 4)
        return Order(
            external_id=f"T-{number:06d}",
            is_imported=True,
            channel=channel,
            status=Order.Status.COMPLETED,
            status_since=at,
            placed_at=at,
            business_date=clock.local(at).date(),
            units=4,
            subtotal=Decimal(40),
            total=Decimal(40),
            paid=Decimal(40),
        )

    _insert(Order, (order(number) for number in range(size.orders)))

    def lines() -> Iterator[OrderLine]:
        for pk in Order.objects.order_by("pk").values_list("pk", flat=True).iterator():
            for position in range(1, 5):
                yield OrderLine(
                    order_id=pk,
                    position=position,
                    product_id=products[chance.randrange(len(products))],
                    sku="X",
                    name="Sold",
                    quantity=Decimal(1),
                    list_price=Decimal(10),
                    unit_price=Decimal(10),
                    total=Decimal(10),
                )

    _insert(OrderLine, lines())


def arguments_of(size: Size) -> dict[str, Any]:
    """For the report."""
    return dict(size.__dict__)
