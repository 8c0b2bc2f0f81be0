"""Two people at one shelf, two people at one button: on whatever database the suite runs on."""

from decimal import Decimal

import pytest

from apps.inventory.errors import CountedMeanwhile
from apps.inventory.models import CountEntry, PurchaseLine, StockBalance, StockCountLine, StockOperation, Supplier
from apps.inventory.services import counting, purchasing, stock
from apps.inventory.services.stock import ReceiptLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_product, make_stock
from apps.inventory.tests.test_concurrency import together
from backoffice.kernel.locks import retry_conflict

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
D = Decimal


def test_of_figures_written_at_once_one_stands_and_the_others_are_told():
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 50, shop)
    line = StockCountLine.objects.get(count=counting.start(location=shop))
    record = retry_conflict(counting.record)
    told: list[CountedMeanwhile] = []

    def write(quantity: int) -> None:
        try:
            record(line, quantity=D(quantity), revision=line.revision)
        except CountedMeanwhile as error:
            told.append(error)

    outcome = together([lambda number=number: write(number) for number in range(1, 9)], workers=8)
    assert outcome == {"done": 8}
    assert len(told) == 7
    assert CountEntry.objects.count() == 1


def test_what_several_people_add_at_once_adds_up_while_stock_moves():
    bun, shop = make_product(), make_location("Shop", kind="sale")
    lot = make_stock(bun, 50, shop)
    count = counting.start(location=shop)
    line = StockCountLine.objects.get()
    add, waste = retry_conflict(counting.add), retry_conflict(stock.waste)
    works = [lambda: add(line, quantity=D(5))] * 8
    works += [lambda: waste(lot=lot, location=shop, quantity=D(1), reason="fell")] * 4  # type: ignore[list-item]
    assert together(works, workers=6) == {"done": 12}
    line.refresh_from_db()
    assert line.counted == 40
    post = retry_conflict(counting.post)
    outcome = together([lambda: post(count, approved=True, key="one form")] * 6, workers=6)
    assert outcome == {"done": 6}
    assert StockOperation.objects.filter(kind="count").count() == 1
    assert line.book is not None
    assert StockBalance.objects.get().quantity == 46 + 40 - line.book
    assert differences() == []


def test_a_delivery_that_is_posted_by_many_hands_comes_once():
    flour, store = make_product(unit="kg"), make_location("Store")
    order = purchasing.draft(Supplier.objects.create(code="M", name="Mill"), location=store)
    purchasing.set_line(order, product=flour, quantity=D(10), price=D(4))
    purchasing.send(order)
    receive = retry_conflict(purchasing.receive)
    line = ReceiptLine(flour, D(10), pack_cost=D(4))
    outcome = together([lambda: receive(order, location=store, lines=[line], key="form")] * 6, workers=6)
    assert outcome == {"done": 6}
    assert PurchaseLine.objects.get().received == 10
    assert StockOperation.objects.count() == 1
