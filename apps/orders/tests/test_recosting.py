"""What was sold already costs what it really cost, once that is known: the order's cost of goods and margin follow."""

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.inventory.models import (
    CostChange,
    CostCorrection,
    Location,
    Lot,
    Move,
    StockBalance,
    StockOperation,
)
from apps.inventory.services import cost_corrections, rearranging, stock, verify
from apps.inventory.services.stock import ConsumeLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from apps.orders.tests.build import croissant, order
from apps.production.models import WorkOrder
from apps.production.services import work_orders
from apps.production.services.work_orders import Output
from apps.production.tests.build import bakery, due
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError
from backoffice.outbox import runner
from backoffice.outbox.models import Directive
from backoffice.outbox.tests.test_killed import database_url
from backoffice.testing.crowd import Crowd

D = Decimal
HERE = "apps.orders.tests.test_recosting"


def draft_of(receipt: StockOperation, value: str, reason: str = "The invoice came") -> CostCorrection:
    move = receipt.moves.order_by("pk").first()
    return cost_corrections.draft(receipt, values={move.pk: D(value)}, reason=reason)


def correct(receipt: StockOperation, value: str) -> CostCorrection:
    correction = cost_corrections.apply(draft_of(receipt, value))
    runner.drain()
    correction.refresh_from_db()
    return correction


def conserved() -> None:
    """Sum of values in = sum of values out + on hand; and the ledgers agree."""
    physical = Location.objects.physical()
    came = Move.objects.exclude(source__in=physical).aggregate(total=Sum("value"))["total"] or D(0)
    went = Move.objects.exclude(destination__in=physical).aggregate(total=Sum("value"))["total"] or D(0)
    here = StockBalance.objects.aggregate(total=Sum("value"))["total"] or D(0)
    assert came == went + here
    assert verify.differences() == []


@pytest.mark.django_db
def test_what_was_sold_costs_what_it_really_cost(as_owner):
    bun = croissant(10)
    receipt = StockOperation.objects.get(kind="receipt")
    sold = order((bun, 4), hand_over=True)
    line = sold.lines.get()
    assert line.unit_cost == D("3.42")

    correction = draft_of(receipt, "41.00")
    before = as_owner.get(correction.get_absolute_url()).text
    cost_corrections.apply(correction)
    runner.drain()

    line.refresh_from_db()
    assert line.unit_cost == D("4.1")
    correction.refresh_from_db()
    change = correction.document_changes.get()
    assert (change.document, change.cost_before, change.cost_after) == (sold, D("13.68"), D("16.40"))
    after = as_owner.get(correction.get_absolute_url()).text
    for page in (before, after):
        assert sold.get_absolute_url() in page
        assert "13.68" in page
        assert "16.40" in page
    assert "16.40" in as_owner.get(sold.get_absolute_url()).text
    conserved()


@pytest.mark.django_db
def test_who_may_not_see_margins_sees_none(as_user):
    receipt_bun = croissant(10)
    receipt = StockOperation.objects.get(kind="receipt")
    sold = order((receipt_bun, 4), hand_over=True)
    correction = draft_of(receipt, "41.00")

    page = as_user("inventory.view_costcorrection").get(correction.get_absolute_url()).text

    assert sold.get_absolute_url() not in page
    assert "Margin" not in page
    file = as_user("inventory.view_costcorrection", username="other").get(correction.get_absolute_url() + "?export=csv")
    assert "margin" not in b"".join(file).decode()


@pytest.mark.django_db
def test_one_cent_over_three_lines_is_one_cent():
    bun = croissant(3)
    receipt = StockOperation.objects.get(kind="receipt")
    for _time in range(3):
        order((bun, 1), hand_over=True)

    correct(receipt, "10.27")  # one cent more

    assert sum(one.cost_after - one.cost_before for one in CostCorrection.objects.get().document_changes.all()) == D(
        "0.01"
    )
    conserved()


@pytest.mark.django_db
def test_the_pages_ask_as_often_for_many_sales_as_for_one(as_owner):
    bun = croissant(100)
    receipt = StockOperation.objects.get(kind="receipt")
    order((bun, 1), hand_over=True)
    first = correct(receipt, "400.00")
    as_owner.get(first.get_absolute_url())
    with CaptureQueriesContext(connection) as few:
        as_owner.get(first.get_absolute_url())
    for _time in range(4):
        order((bun, 1), hand_over=True)
    second = correct(receipt, "401.00")
    with CaptureQueriesContext(connection) as many:
        as_owner.get(second.get_absolute_url())
    listing = reverse("inventory:correction_list")
    with CaptureQueriesContext(connection) as rows:
        as_owner.get(listing)

    assert len(many) == len(few)
    assert len(rows) <= 12


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["receive", "transfer", "split", "merge", "waste", "count", "make", "sell", "back", "reverse", "correct"]
        ),
        st.integers(0, 10_000),
        st.integers(1, 9_999),
    ),
    min_size=8,
    max_size=25,
)


class Life:
    """A shop in which things happen, chosen by numbers; what a rule refuses does not happen."""

    def __init__(self) -> None:
        self.shop = bakery(flour="0", butter="0")
        self.places = [self.shop.storage, make_location("Back", code="BACK")]
        self.others: list[Any] = []
        self.products = [self.shop.flour, self.shop.butter]
        for product in self.products:
            make_stock(product, 300, self.shop.storage, cost="3.33")

    def do(self, verb: str, choice: int, amount: int) -> None:
        pick = random.Random(choice)
        quantity = (D(amount) / 1000).quantize(D("0.001"))
        getattr(self, verb)(pick, quantity)

    def _some(self, pick: random.Random) -> StockBalance | None:
        rows = list(StockBalance.objects.select_related("lot", "location").order_by("pk"))
        return pick.choice(rows) if rows else None

    def receive(self, pick: random.Random, quantity: Decimal) -> None:
        cost = D(pick.randint(0, 999)) / 100
        make_stock(pick.choice(self.products), quantity + 1, pick.choice(self.places), cost=str(cost))

    def transfer(self, pick: random.Random, quantity: Decimal) -> None:
        if row := self._some(pick):
            there = next(place for place in self.places if place != row.location)
            stock.transfer(lot=row.lot, quantity=min(quantity, row.quantity), source=row.location, destination=there)

    def split(self, pick: random.Random, quantity: Decimal) -> None:
        if row := self._some(pick):
            rearranging.split(lot=row.lot, location=row.location, quantity=min(quantity, row.quantity), reason="Shelf")

    def merge(self, pick: random.Random, quantity: Decimal) -> None:
        if row := self._some(pick):
            others = Lot.objects.filter(product_id=row.product_id).exclude(pk=row.lot_id).order_by("pk")
            if others:
                rearranging.merge(lot=row.lot, into=pick.choice(list(others)), location=row.location, reason="Tidy")

    def waste(self, pick: random.Random, quantity: Decimal) -> None:
        if row := self._some(pick):
            stock.waste(lot=row.lot, location=row.location, quantity=min(quantity, row.quantity), reason="Fell")

    def count(self, pick: random.Random, quantity: Decimal) -> None:
        if row := self._some(pick):
            stock.adjust(lot=row.lot, location=row.location, counted=quantity, reason="Counted")

    def back(self, pick: random.Random, quantity: Decimal) -> None:
        if row := self._some(pick):
            rearranging.return_to_supplier(
                lot=row.lot, location=row.location, quantity=min(quantity, row.quantity), reason="Bad"
            )

    def reverse(self, pick: random.Random, quantity: Decimal) -> None:
        rows = StockOperation.objects.filter(kind__in=StockOperation.BY_HAND, origin_id=None, reversed_by=None)
        if rows:
            stock.reverse(pick.choice(list(rows.order_by("pk"))), reason="Wrong")

    def make(self, pick: random.Random, quantity: Decimal) -> None:
        work = work_orders.plan(self.shop.dough, quantity=max(quantity.quantize(D("0.1")), D("0.5")), due_at=due())
        work_orders.release(work)
        half = (work.quantity / 2).quantize(D("0.001"))
        grades = pick.choice([("first",), ("first", "second"), ("second",)])
        work_orders.report(work, outputs=[Output((half / 4).quantize(D("0.001")), grade) for grade in grades], key="a")
        if pick.random() < 0.5:
            work_orders.finish(work, key="b", outputs=[Output(half)], confirmed=True)
        else:
            work_orders.abort(work, reason="Oven")

    def sell(self, pick: random.Random, quantity: Decimal) -> None:
        """What is used up for something that hands nothing on."""
        row = self._some(pick)
        if row is not None:
            line = ConsumeLine(row.lot.product, min(quantity, row.quantity), row.location, row.lot)
            stock.consume(origin=make_origin(), lines=[line])

    def correct(self, pick: random.Random, quantity: Decimal) -> None:
        rows = list(StockOperation.objects.filter(kind="receipt", reversed_by=None).order_by("pk"))
        if rows:  # all may have been taken back
            correct(pick.choice(rows), str(D(pick.randint(0, 30_000)) / 100))


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_whatever_happens_and_is_corrected_nothing_is_made_and_nothing_lost(steps, subtests_of_a_life):
    with subtests_of_a_life():
        life = Life()
        for verb, choice, amount in [*steps, ("correct", 1, 1), ("correct", 2, 1)]:
            try:
                life.do(verb, choice, amount)
            except DomainError:
                continue
        conserved()
        assert not CostCorrection.objects.filter(status="applying").exists()
        assert not StockBalance.objects.filter(quantity=0).exists()
        for work in WorkOrder.objects.all():
            spent = sum((row.value for row in work.materials.all()), D(0))
            assert work.material_cost == spent
            made = Move.objects.filter(operation__kind="output", operation__origin_id=work.pk)
            in_lots = sum(made.values_list("value", flat=True), D(0))
            later = CostChange.objects.filter(move__in=made)
            in_lots += sum((one.after - one.before for one in later), D(0))
            assert work.output_value == in_lots


@pytest.fixture
def subtests_of_a_life():
    """Each example in a transaction of its own that is rolled back."""
    from contextlib import contextmanager

    from django.db import transaction

    @contextmanager
    def life():
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    return life


def carry_out(_number: int) -> int:
    return runner.drain(limit=1)


def take_some(origin: int, product: int, place: int) -> str:
    from apps.catalog.models import Product
    from backoffice.accounts.models import User
    from backoffice.kernel.locks import retry_conflict

    line = ConsumeLine(Product.objects.get(pk=product), D(1), Location.objects.get(pk=place))
    retry_conflict(stock.consume)(origin=User.objects.get(pk=origin), lines=[line])
    return "taken"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_corrections_at_once_and_stock_that_moves_meanwhile(crowd: Crowd) -> None:
    place = make_location("Store")
    goods = [make_product(), make_product()]
    corrections = []
    for product in goods:
        for time in range(3):
            lot = make_stock(product, 100, place, cost="1", lot_code=f"L{time}")
            receipt = StockOperation.objects.get(kind="receipt", moves__lot=lot)
            corrections.append(cost_corrections.apply(draft_of(receipt, "133.33")))
    origin = make_origin().pk
    Directive.objects.exclude(topic=cost_corrections.TOPIC).delete()

    calls: list[tuple[Any, ...]] = [(origin, product.pk, place.pk) for product in goods for _time in range(20)]
    outcome = crowd.do(f"{HERE}:take_or_carry_out", [*calls, *[(0, 0, 0)] * 8])
    runner.drain()

    assert set(outcome.names) == {"done"}, outcome.names
    assert CostCorrection.objects.filter(status="applied").count() == len(corrections)
    assert StockOperation.objects.filter(kind="correction").count() == len(corrections)
    conserved()


def take_or_carry_out(origin: int, product: int, place: int) -> Any:
    return carry_out(0) if not origin else take_some(origin, product, place)


# The job does all its work, and the process is gone before that can be committed.
WORKER = """
import os, signal
import django
django.setup()
from apps.inventory.services import cost_corrections
from backoffice.outbox import runner
real = cost_corrections._post
def post_and_die(*given):
    real(*given)
    os.kill(os.getpid(), signal.SIGKILL)
cost_corrections._post = post_and_die
runner.drain()
"""


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_killed_half_way_it_leaves_nothing_and_is_carried_out_later(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "backoffice.settings_test")
    lot = make_stock(make_product(), 10, make_location(), cost="1")
    receipt = StockOperation.objects.get(moves__lot=lot)
    correction = cost_corrections.apply(draft_of(receipt, "12.34"))
    connection.close()

    ended = subprocess.run([sys.executable, "-c", WORKER], cwd=settings.BASE_DIR, env=os.environ, timeout=120)

    assert ended.returncode == -signal.SIGKILL
    correction.refresh_from_db()
    assert correction.status == "applying"
    assert not CostChange.objects.exists()
    assert StockBalance.objects.get().value == D(10)
    past = clock.now() - timedelta(seconds=1)
    Directive.objects.filter(topic=cost_corrections.TOPIC).update(lease_until=past, available_at=past)
    runner.drain()
    correction.refresh_from_db()
    assert correction.status == "applied"
    assert StockBalance.objects.get().value == D("12.34")
    conserved()
