"""What a life of the ledger begins with, and what a machine that lives it does around every step.

A life is one transaction that is rolled back; the house it happens in is made once for all of them. After each verb the
machine knows what should lie where (`shelf`), in plain arithmetic beside the product's own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, ClassVar

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from apps.inventory.models import Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.selectors import availability
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import allocation, stock
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError

D = Decimal
ZERO = D(0)

Cell = tuple[int, int]
"""A product in a place."""

# Everything a verb may change, in one statement a table: a refusal must leave all of it as it was.
FIGURES = (
    "SELECT lot_id, location_id, quantity, value FROM inventory_stockbalance ORDER BY 1, 2",
    "SELECT hold_id, lot_id, location_id, quantity FROM inventory_holdallocation ORDER BY 1, 2, 3",
    "SELECT id, status, quantity, fulfilled, expires_at, priority, origin_id FROM inventory_hold ORDER BY 1",
    "SELECT id, status FROM inventory_lot ORDER BY 1",
    "SELECT id, revision, counted, book FROM inventory_stockcountline ORDER BY 1",
    "SELECT id, status FROM inventory_stockcount ORDER BY 1",
    "SELECT COUNT(*) FROM inventory_stockoperation",
    "SELECT COUNT(*) FROM inventory_move",
    "SELECT COUNT(*) FROM inventory_countentry",
)
LYING = "SELECT product_id, location_id, SUM(quantity) FROM inventory_stockbalance GROUP BY 1, 2"
KEPT = """
SELECT COALESCE(SUM(a.quantity), 0) FROM inventory_holdallocation a JOIN inventory_hold h ON h.id = a.hold_id
WHERE a.lot_id = %s AND a.location_id = %s AND h.status = 'active' AND (h.expires_at IS NULL OR h.expires_at > %s)
"""
PROMISED = """
SELECT a.lot_id, a.location_id, SUM(a.quantity) FROM inventory_holdallocation a
JOIN inventory_hold h ON h.id = a.hold_id WHERE h.status = 'active' GROUP BY 1, 2
"""
VALUE = """
SELECT (SELECT COALESCE(SUM(CASE WHEN s.kind IN ({kinds}) THEN 0 ELSE m.value END
    - CASE WHEN d.kind IN ({kinds}) THEN 0 ELSE m.value END), 0)
    FROM inventory_move m JOIN inventory_location s ON s.id = m.source_id
    JOIN inventory_location d ON d.id = m.destination_id),
  (SELECT COALESCE(SUM(value), 0) FROM inventory_stockbalance)
""".format(kinds=", ".join(f"'{kind}'" for kind in Location.PHYSICAL))


def _rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


class House:
    """Two products, two places, three documents, and something to work with."""

    def __init__(self) -> None:
        self.products = [make_product(unit="kg"), make_product(unit="kg", lot_tracked=False)]
        self.places = [make_location(), make_location()]
        self.origins = [make_origin() for _ in range(3)]
        # At a cost that does not divide; without any, most steps would only be refused.
        for product in self.products:
            for number, place in enumerate(self.places):
                line = stock.ReceiptLine(product, D("9.001"), unit_cost=D("0.333333") + number)
                stock.receive(place, [line])
        self.began = clock.now()


class Life(RuleBasedStateMachine):
    """The clock, the arithmetic beside the ledger, and what must hold after every step. Rules come from below."""

    house: ClassVar[House]
    done: ClassVar[dict[str, int]] = defaultdict(int)
    refused: ClassVar[dict[str, int]] = defaultdict(int)

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = self.house.began
        self.products, self.places, self.origins = self.house.products, self.house.places, self.house.origins
        self.shelf: dict[Cell, Decimal] = defaultdict(Decimal)
        self.figures = self._figures()
        self.looked_at: Any = None
        for product_id, place_id, quantity in _rows(LYING):
            self.shelf[product_id, place_id] = D(int(quantity)).scaleb(-6)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def do(
        self,
        work: Callable[[], Any],
        *,
        effect: Callable[[Any], Iterable[tuple[Cell, Decimal]]] = lambda _result: (),
        must: bool | None = None,
        name: str = "",
    ) -> Any:
        """The verb, at the machine's time, and what it does to the shelf.

        A refusal is fine as long as it changes nothing, unless the arithmetic says that it `must` be done, or must not.
        """
        name = name or work.__qualname__.split(".")[1]
        with clock.fixed(self.now):
            refusal: DomainError | None = None
            try:
                result = work()
            except DomainError as error:
                refusal = error
        if refusal is not None:
            assert must is not True, f"{name} was refused though nothing is in its way: {refusal}"
            assert self._figures() == self.figures
            Life.refused[name] += 1
            return None
        assert must is not False, f"{name} was done though it could not be"
        for cell, change in effect(result):
            self.shelf[cell] += change
        self.figures = self._figures()
        Life.done[name] += 1
        return result

    def balance(self, number: int) -> StockBalance | None:
        rows = list(StockBalance.objects.select_related("lot", "location").order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def divisible(self, number: int) -> StockBalance | None:
        """A balance of a lot of its own, of which at least two grams are free."""
        rows = StockBalance.objects.filter(lot__is_silent=False).select_related("lot", "location").order_by("pk")
        found = [row for row in rows if self.free(row) >= D("0.002")]
        return found[number % len(found)] if found else None

    def same(self, row: StockBalance, *, alike: bool = False) -> list[StockBalance]:
        """The balance; with `alike` of a silent lot all in that place that nobody can tell apart from it."""
        if not (alike and row.lot.is_silent):
            return [row]
        rows = StockBalance.objects.filter(
            product_id=row.product_id, location=row.location, lot__is_silent=True, lot__status=row.lot.status
        )
        return [one for one in rows.select_related("lot") if one.lot.expires_on == row.lot.expires_on]

    def lying(self, row: StockBalance, *, alike: bool = False) -> Decimal:
        """What lies there."""
        return sum((one.quantity for one in self.same(row, alike=alike)), D(0))

    def free(self, row: StockBalance, *, alike: bool = False) -> Decimal:
        """What of it nobody keeps."""
        now = connection.ops.adapt_datetimefield_value(self.now)
        kept = [_rows(KEPT, one.lot_id, one.location_id, now)[0][0] for one in self.same(row, alike=alike)]
        return self.lying(row, alike=alike) - D(sum(map(int, kept))).scaleb(-6)

    def lot(self, number: int, **wanted: Any) -> Lot | None:
        rows = list(Lot.objects.filter(**wanted).order_by("pk"))
        return rows[number % len(rows)] if rows else None

    @staticmethod
    def reversed_moves(operation: StockOperation) -> list[tuple[Cell, Decimal]]:
        """What taking an operation back does to the shelf: its moves the other way round."""
        moves = list(Move.objects.filter(operation=operation))
        back = [((move.product_id, move.source_id), move.quantity) for move in moves]
        return back + [((move.product_id, move.destination_id), -move.quantity) for move in moves]

    @staticmethod
    def _figures() -> Any:
        return [_rows(sql) for sql in FIGURES]

    # A step that was refused left every figure as it was; what held before it holds still.

    @invariant()
    def everything_agrees(self) -> None:
        seen = (self.figures, self.now)
        if seen == self.looked_at:
            return
        with clock.fixed(self.now):
            assert differences() == []
            self.the_shelf_is_what_arithmetic_says()
            self.the_five_numbers_come_from_one_sum()
            self.value_is_conserved()
            self.nobody_waits_beside_free_stock()
        self.looked_at = seen

    def the_shelf_is_what_arithmetic_says(self) -> None:
        lying = {(product, place): D(int(quantity)).scaleb(-6) for product, place, quantity in _rows(LYING)}
        places = {place.pk for place in self.places}
        assert lying == {cell: amount for cell, amount in self.shelf.items() if amount and cell[1] in places}

    def the_five_numbers_come_from_one_sum(self) -> None:
        listed = stock_reads.facts([product.pk for product in self.products])
        counted = availability.of(self.products)
        for product in self.products:
            numbers = counted[product.pk]
            assert listed[product.pk].numbers == numbers
            assert numbers.available == numbers.on_hand - numbers.unusable - numbers.held
            assert min(numbers.available, numbers.held, numbers.promised, numbers.unusable) >= 0
            why = availability.why(product, documents=False)
            assert numbers == why.numbers
            assert numbers.available == sum(line.available for line in why.lots)
            assert numbers.held == sum(hold.backed for hold in why.holds)
            assert numbers.promised == sum(hold.waiting for hold in why.holds)

    def nobody_waits_beside_free_stock(self) -> None:
        """But for what time alone has freed: holds and lots that grew too old, which a job looks at."""
        queue = [
            hold
            for hold in allocation.waiting([product.pk for product in self.products], now=self.now)
            if hold.given == hold.backed  # type: ignore[attr-defined]
        ]
        if not queue:
            return
        kept = {(lot, place): D(int(amount)).scaleb(-6) for lot, place, amount in _rows(PROMISED)}
        cells = stock_cells.load({hold.product_id for hold in queue}, now=self.now)
        scopes = allocation.Scopes(queue)
        for hold in queue:
            scope, day = scopes.of(hold), allocation.usable_day(hold.needed_on)
            for cell in cells[hold.product_id]:
                free = cell.on_hand - kept.get((cell.lot_id, cell.location_id), ZERO)
                if free > 0 and cell.usable(day) and (scope is None or cell.location_id in scope):
                    raise AssertionError(f"{hold} waits for {free} of lot {cell.lot_id}")

    def value_is_conserved(self) -> None:
        [(came, there)] = _rows(VALUE)
        assert came == there
