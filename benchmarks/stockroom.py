"""The stock room's work, and many at the same stock."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet

from apps.catalog.models import Product
from apps.inventory.models import Location, Move, StockBalance
from apps.inventory.selectors import ledger, valuation
from apps.inventory.services import stock, verify
from apps.inventory.services.posting import PostLine
from apps.inventory.services.stock import ReceiptLine
from backoffice.accounts.models import User
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.testing.crowd import Crowd
from benchmarks import many
from benchmarks.meter import Reading, measure, p95

LINES = 3
CLIENTS = 4
UNTIMED = 3
PLENTY = Decimal(1000)
"""As much of each is received: more than all of them buy."""
TURNS = 4
"""So often one alone and all of them take turns: the machine is another one from second to second."""


def posting(user: User, shop: Location, *, rounds: int = 160) -> Reading:
    """A transfer of three lots from the shop to a store."""
    there = Location.objects.get(code="S0")
    rows = StockBalance.objects.filter(location=shop, quantity__gte=5, product__sku__startswith="P-")
    balances = list(rows.select_related("product__unit", "lot").order_by("-pk")[: LINES * (rounds + 10)])

    def post(number: int) -> int:
        lines = [
            PostLine(row.product, row.lot, shop, there, row.product.unit.step)
            for row in (balances[(number * LINES + step) % len(balances)] for step in range(LINES))
        ]
        with acting(user):
            stock.post("transfer", lines)
        return 0

    return measure(post, rounds=rounds)


def past_value() -> Reading:
    """The whole stock at the end of a day in the middle of the book, where most has to be read."""
    day = clock.today() - timedelta(days=365)

    def value(_number: int) -> int:
        assert valuation.at(day).total > 0
        return 0

    return measure(value, rounds=2, warm_up=0)


def old_page(product_id: int) -> str:
    """What the link to a page in the middle of the product's moves carries, as the page above it writes it."""
    keys = Move.objects.filter(product_id=product_id).order_by("-pk").values_list("pk", flat=True)
    product = Product.objects.get(pk=product_id)
    return ledger.card(product, before=int(keys[keys.count() // 2])).older


@dataclass(frozen=True)
class Contention:
    """What came of four at the same stock, and how long nineteen in twenty of them waited, against one alone."""

    single_ms: float
    p95_ms: float
    found: Counter[str]
    oversold: int

    @property
    def times(self) -> float:
        return self.p95_ms / self.single_ms


def timed(products: list[int]) -> float:
    """One order, and the seconds that it took by the clock.

    Every turn begins with new connections, which a shop's processes keep: the first orders of each are left out.
    """
    if connection.connection is None:
        for _ in range(UNTIMED):
            many.sell(products)
    began = time.perf_counter()
    many.sell(products)
    return time.perf_counter() - began


def contended(products: Sequence[int], *, alone: int = 40, together: int = 100) -> Contention:
    """Orders of the same three products by one process alone and by four at once, so many in each turn.

    Of thirty alone the slowest but one would be their p95, and whether SQLite copied its log in it, or not, the figure.
    """
    call = (list(products),)
    crowd = Crowd(str(connection.settings_dict["NAME"]), processes=CLIENTS)
    one = Crowd(str(connection.settings_dict["NAME"]), processes=1)
    try:
        one.do(f"{__name__}:timed", [call] * 5, threads=1)
        crowd.do(f"{__name__}:timed", [call] * CLIENTS * 3, threads=1)
        single, several, names = list[float](), list[float](), Counter[str]()
        for _ in range(TURNS):
            for crowded, number, seconds in ((one, alone, single), (crowd, together, several)):
                outcome = crowded.do(f"{__name__}:timed", [call] * number, threads=1)
                seconds += [each for each in outcome.results if each is not None]
                names += outcome.names
    finally:
        crowd.close()
        one.close()
    oversold = StockBalance.objects.filter(quantity__lt=0).count() + len(verify.differences())
    return Contention(p95(single) * 1000, p95(several) * 1000, names, oversold)


def running_balance(product_id: int) -> bool:
    """Whether the card's oldest line began from nothing: a page that is wrong is not fast."""
    product = Product.objects.get(pk=product_id)
    oldest = Move.objects.filter(product=product).order_by("pk").values_list("pk", flat=True)[0]
    line = ledger.card(product, before=oldest + 1, size=1).lines[0]
    return line.balance == line.change


def contested(shop: Location, for_sale: QuerySet[Product], count: int = LINES) -> list[int]:
    """Products with enough for everybody: those of which there is most, and more of them."""
    rows = StockBalance.objects.filter(location=shop, product__in=for_sale).order_by("-quantity", "pk")
    found = list(Product.objects.filter(pk__in=list(rows.values_list("product_id", flat=True)[:count])))
    stock.receive(shop, [ReceiptLine(product, PLENTY, unit_cost=Decimal(1)) for product in found])
    return [product.pk for product in found]
