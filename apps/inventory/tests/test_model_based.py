"""Whatever is received, moved, held, served, wasted, counted, made or reversed, in any order: the books agree."""

import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from apps.inventory.models import Hold, HoldAllocation, Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.selectors import availability
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import holds, lots, stock
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError

pytestmark = pytest.mark.django_db
D = Decimal

quantities = st.integers(1, 12_000).map(lambda grams: D(grams) / 1000)
some = st.integers(1, 2_500).map(lambda grams: D(grams) / 1000)
costs = st.integers(0, 5_000_000).map(lambda millionths: D(millionths) / 1_000_000)
which = st.integers(0, 1)
pick = st.integers(0, 10_000)


class Ledger(RuleBasedStateMachine):
    """Two products, two places, three documents, and a clock that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = clock.now()
        self.products = [make_product(unit="kg"), make_product(unit="kg", lot_tracked=False)]
        self.places = [make_location(), make_location()]
        self.origins = [make_origin() for _ in range(3)]
        # Something to work with, at a cost that does not divide; else most steps would only be refused.
        for product in self.products:
            for number, place in enumerate(self.places):
                line = stock.ReceiptLine(product, D("9.001"), unit_cost=D("0.333333") + number)
                self.do(lambda line=line, place=place: stock.receive(place, [line]))

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def do(self, work: Callable[[], Any]) -> Any:
        """The verb, at the machine's time; a refusal is fine, as long as it changes nothing."""
        with clock.fixed(self.now):
            before = self._figures()
            try:
                return work()
            except DomainError:
                assert self._figures() == before
                return None

    @staticmethod
    def _figures() -> Any:
        return (
            sorted(StockBalance.objects.values_list("lot_id", "location_id", "quantity", "value")),
            sorted(HoldAllocation.objects.values_list("hold_id", "lot_id", "location_id", "quantity")),
            StockOperation.objects.count(),
        )

    def balance(self, number: int) -> StockBalance | None:
        rows = list(StockBalance.objects.select_related("lot", "location").order_by("pk"))
        return rows[number % len(rows)] if rows else None

    @rule(product=which, place=which, quantity=quantities, cost=costs, days=st.integers(0, 4) | st.none())
    def receive(self, product: int, place: int, quantity: D, cost: D, days: int | None) -> None:
        def work() -> None:
            day = None if days is None else clock.today() + timedelta(days=days)
            line = stock.ReceiptLine(self.products[product], quantity, unit_cost=cost, expires_on=day)
            stock.receive(self.places[place], [line])

        self.do(work)

    @rule(number=pick, quantity=some)
    def transfer(self, number: int, quantity: D) -> None:
        if row := self.balance(number):
            to = next(place for place in self.places if place.pk != row.location_id)
            self.do(lambda: stock.transfer(lot=row.lot, quantity=quantity, source=row.location, destination=to))

    @rule(number=pick, quantity=quantities | st.just(D(0)))
    def adjust(self, number: int, quantity: D) -> None:
        if row := self.balance(number):
            self.do(lambda: stock.adjust(lot=row.lot, location=row.location, counted=quantity, reason="count"))

    @rule(number=pick, quantity=some)
    def waste(self, number: int, quantity: D) -> None:
        if row := self.balance(number):
            self.do(lambda: stock.waste(lot=row.lot, location=row.location, quantity=quantity, reason="fell"))

    @rule(number=pick)
    def waste_all(self, number: int) -> None:
        if row := self.balance(number):
            self.do(lambda: stock.waste(lot=row.lot, location=row.location, quantity=row.quantity, reason="fell"))

    @rule(number=pick)
    def reverse(self, number: int) -> None:
        rows = list(StockOperation.objects.order_by("pk"))
        if rows:
            self.do(lambda: stock.reverse(rows[number % len(rows)], reason="mistake"))

    @rule(
        origin=st.integers(0, 2),
        wanted=st.lists(st.tuples(which, some, st.integers(0, 3)), min_size=1, max_size=3),
        places=st.sampled_from([(0,), (1,), (0, 1), (1, 0), None]),
        minutes=st.integers(1, 90) | st.none(),
        partial=st.booleans(),
        again=st.booleans(),
        priority=st.integers(0, 2),
    )
    def hold(
        self, origin: int, wanted: Any, places: Any, minutes: Any, partial: bool, again: bool, priority: int
    ) -> None:
        def work() -> None:
            lines = [
                holds.HoldLine(self.products[product], quantity, clock.today() + timedelta(days=days))
                for product, quantity, days in wanted
            ]
            (holds.replace if again else holds.place)(
                origin=self.origins[origin],
                lines=lines,
                locations=None if places is None else [self.places[place] for place in places],
                expires_at=None if minutes is None else clock.now() + timedelta(minutes=minutes),
                priority=priority,
                partial=partial,
            )

        self.do(work)

    @rule(number=pick)
    def release(self, number: int) -> None:
        rows = list(Hold.objects.order_by("pk"))
        if rows:
            self.do(lambda: holds.release(rows[number % len(rows)]))

    @rule(origin=st.integers(0, 2))
    def fulfil(self, origin: int) -> None:
        self.do(lambda: holds.fulfil_for(self.origins[origin]))

    @rule(origin=st.integers(0, 2), to=st.integers(0, 2), extend=st.booleans())
    def renew(self, origin: int, to: int, extend: bool) -> None:
        if extend:
            self.do(lambda: holds.extend(self.origins[origin], clock.now() + timedelta(hours=1)))
        else:
            self.do(lambda: holds.transfer(self.origins[origin], to=self.origins[to]))

    @rule(minutes=st.integers(1, 600))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        self.do(holds.expire_due)

    @rule(number=pick)
    def block(self, number: int) -> None:
        rows = list(Lot.objects.order_by("pk"))
        if rows:
            lot = rows[number % len(rows)]
            self.do(lambda: (lots.block if lot.status == Lot.Status.OK else lots.unblock)(lot, reason="recall"))

    @rule(origin=st.integers(0, 2), product=which, place=which, quantity=some, number=pick | st.none())
    def consume(self, origin: int, product: int, place: int, quantity: D, number: int | None) -> None:
        rows = list(Lot.objects.filter(product=self.products[product]).order_by("pk"))
        lot = rows[number % len(rows)] if rows and number is not None else None
        line = stock.ConsumeLine(self.products[product], quantity, self.places[place], lot=lot)
        self.do(lambda: stock.consume(origin=self.origins[origin], lines=[line, line]))

    @rule(origin=st.integers(0, 2), place=which, quantity=quantities, cents=st.integers(0, 99_999))
    def produce(self, origin: int, place: int, quantity: D, cents: int) -> None:
        def work() -> None:
            stock.produce(
                origin=self.origins[origin],
                product=self.products[0],
                quantity=quantity,
                location=self.places[place],
                total_cost=D(cents) / 100,
                produced_on=clock.today(),
                expires_on=clock.today() + timedelta(days=2),
            )

        self.do(work)

    @invariant()
    def the_books_agree(self) -> None:
        with clock.fixed(self.now):
            assert differences() == []

    @invariant()
    def the_five_numbers_come_from_one_sum(self) -> None:
        with clock.fixed(self.now):
            listed = stock_reads.facts([product.pk for product in self.products])
            for product_id, numbers in availability.of(self.products).items():
                assert listed[product_id].numbers == numbers
                assert numbers.available == numbers.on_hand - numbers.unusable - numbers.held
                assert min(numbers.available, numbers.held, numbers.promised, numbers.unusable) >= 0
                why = availability.why(next(product for product in self.products if product.pk == product_id))
                assert numbers.available == sum(line.available for line in why.lots)
                assert numbers.held == sum(hold.backed for hold in why.holds)
                assert numbers.promised == sum(hold.waiting for hold in why.holds)

    @invariant()
    def value_is_conserved(self) -> None:
        outside = {place.pk for place in Location.objects.all() if not place.is_physical}
        came = gone = D(0)
        for source, destination, value in Move.objects.values_list("source_id", "destination_id", "value"):
            came += value if source in outside else 0
            gone += value if destination in outside else 0
        assert came - gone == sum(StockBalance.objects.values_list("value", flat=True), D(0))


# A commit looks at 30 lives of 30 steps, the same ones each time; `make model` at 200 of 50.
EXAMPLES, STEPS = (int(number) for number in os.environ.get("LEDGER_LIVES", "30x30").split("x"))


def test_the_ledger_whatever_happens() -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
