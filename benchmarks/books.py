"""The stock book of the shop: two years of receipts, transfers and sales, the balances they leave, and some holds."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from apps.inventory.models import Hold, HoldAllocation, Location, Lot, Move, StockBalance, StockOperation
from backoffice.kernel import clock
from benchmarks.load import day, load, moment

QUANTITY, COST = 1_000_000, 1_000_000
"""How amounts are scaled in the tables; values are in cents."""

DAYS = 730
HOT = 20
"""Products that a fifth of all moves are of: what everybody buys."""
TOGETHER = 10
"""Moves of one operation."""
SPOILING = 100
"""One lot in so many is about to expire, or has."""
HELD = 50
"""One lot in so many has something promised to somebody."""


class Stock:
    """Lots and moves for the first `products`; the first `wide` of them come to lie in every place."""

    def __init__(self, *, products: int, lots: int, moves: int, wide: int, chance: Random) -> None:
        costs = [chance.randrange(10, 900) for _ in range(lots)]
        self.lots = [(pk, (pk - 1) % products + 1, cost) for pk, cost in enumerate(costs, start=1)]
        self.places = list(Location.objects.physical().order_by("pk").values_list("pk", flat=True))
        self.shop = Location.objects.get(code="SHOP")
        # Known beforehand: rows are made while the database takes them, and then it answers nothing else.
        self.outside = [Location.objects.get(kind=kind).pk for kind in (Location.Kind.SUPPLIER, Location.Kind.CUSTOMER)]
        self.moves, self.wide, self.chance = moves, wide, chance
        self.held: dict[tuple[int, int], int] = {}

    def fill(self) -> None:
        """Write all of it."""
        today, now = clock.today(), clock.now()
        load(
            Lot,
            ("id", "product_id", "code", "expires_on", "unit_cost"),
            (
                (pk, product, f"L-{pk:06d}", day(today + timedelta(days=_good_for(pk))), cost * COST // 100)
                for pk, product, cost in self.lots
            ),
            received_on=today - timedelta(days=30),
        )
        operations = -(-self.moves // TOGETHER)
        step = timedelta(days=DAYS) / operations
        load(
            StockOperation,
            ("id", "occurred_at"),
            ((pk, moment(now - step * (operations - pk + 1))) for pk in range(1, operations + 1)),
            kind=StockOperation.Kind.RECEIPT,
            occurred_at=now,
        )
        names = ("id", "operation_id", "product_id", "lot_id", "source_id", "destination_id")
        load(Move, (*names, "quantity", "unit_cost", "value"), self._moves())
        load(
            StockBalance,
            ("id", "product_id", "lot_id", "location_id", "quantity", "value"),
            (
                (pk, self.lots[lot - 1][1], lot, place, quantity * QUANTITY, quantity * self.lots[lot - 1][2])
                for pk, ((lot, place), quantity) in enumerate(self.held.items(), start=1)
            ),
        )
        self._promise()

    def _moves(self) -> Iterator[tuple[int, ...]]:
        """Lots come to the shop, some goes on to another place, more comes, some is sold; never the last of it."""
        supplier, customer = self.outside
        others = [place for place in self.places if place != self.shop.pk]
        turns, cold = Counter[int](), 0
        for number in range(self.moves):
            if number % 5 == 0:
                lot, product, cost = self.lots[number // 5 % HOT]
            else:
                lot, product, cost = self.lots[cold % len(self.lots)]
                cold += 1
            turn, turns[lot] = turns[lot], turns[lot] + 1
            quantity, source, destination = self.chance.randrange(1, 40), supplier, self.shop.pk
            if turn % 2 and (there := self.held[lot, self.shop.pk]) > 1:
                quantity, source, destination = min(quantity, there - 1), self.shop.pk, customer
                if turn % 4 == 1:
                    # The first products are in every place, the others in two.
                    destination = others[turn // 4 % len(others)] if product <= self.wide else others[0]
                self.held[lot, self.shop.pk] -= quantity
            if destination != customer:
                self.held[lot, destination] = self.held.get((lot, destination), 0) + quantity
            yield (
                number + 1, number // TOGETHER + 1, product, lot, source, destination,
                quantity * QUANTITY, cost * COST // 100, quantity * cost,
            )  # fmt: skip

    def _promise(self) -> None:
        held = [(pk, product) for pk, product, _cost in self.lots if pk % HELD == 0]
        load(
            Hold,
            ("id", "product_id"),
            ((number, product) for number, (_lot, product) in enumerate(held, start=1)),
            quantity=Decimal(1),
            needed_on=clock.today() + timedelta(days=1),
            origin=self.shop,
        )
        rows: Iterator[tuple[Any, ...]] = ((number, number, lot) for number, (lot, _) in enumerate(held, start=1))
        load(HoldAllocation, ("id", "hold_id", "lot_id"), rows, location=self.shop, quantity=Decimal(1))


def _good_for(lot: int) -> int:
    """Days until the lot expires."""
    return lot // SPOILING % 6 - 1 if lot % SPOILING == 0 else 5 + lot % 200
