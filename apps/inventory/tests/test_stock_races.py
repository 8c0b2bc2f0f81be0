"""What else may meet in the stock room: blocking and holding, closing and arriving, many files, many hands."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.catalog.models import Product
from apps.inventory.models import (
    CountEntry,
    Hold,
    HoldAllocation,
    Location,
    Lot,
    Move,
    StockBalance,
    StockCount,
    StockCountLine,
    StockOperation,
)
from apps.inventory.selectors import availability
from apps.inventory.services import (
    count_sheets,
    counting,
    holds,
    locations,
    lots,
    opening,
    periods,
    reallocation,
    rearranging,
    stock,
)
from apps.inventory.services.count_sheets import Figure
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.accounts.models import User
from backoffice.kernel import clock
from backoffice.kernel.locks import retry_conflict
from backoffice.testing.crowd import Crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
D = Decimal
HERE = "apps.inventory.tests.test_stock_races"


def act(verb: str, lot_id: int, place_id: int, other_id: int, origin_id: int) -> str:
    """One of the things that people do with one lot on one shelf."""
    lot, place, other = Lot.objects.get(pk=lot_id), Location.objects.get(pk=place_id), Location.objects.get(pk=other_id)
    if verb == "waste":
        retry_conflict(stock.waste)(lot=lot, location=place, quantity=D(1), reason="fell")
    elif verb == "transfer":
        retry_conflict(stock.transfer)(lot=lot, quantity=D(1), source=place, destination=other)
    elif verb == "return":
        retry_conflict(rearranging.return_to_supplier)(lot=lot, location=place, quantity=D(1), reason="wet")
    elif verb == "hold":
        line = HoldLine(Product.objects.get(pk=lot.product_id), D(1))
        retry_conflict(holds.place)(origin=User.objects.get(pk=origin_id), lines=[line], locations=[place])
    elif verb == "block":
        retry_conflict(lots.block)(lot, reason="recall")
    elif verb == "reallocate":
        retry_conflict(reallocation.reallocate)(Hold.objects.filter(status="active").order_by("?")[0])
    return verb


def test_many_hands_take_from_one_shelf_and_it_gives_what_it_had(crowd: Crowd) -> None:
    bun, shop, cellar = make_product(), make_location("Shop", kind="sale"), make_location("Cellar")
    lot, origin = make_stock(bun, 60, shop), make_origin()
    verbs = ["waste", "transfer", "return", "hold"] * 30

    outcome = crowd.do(f"{HERE}:act", [(verb, lot.pk, shop.pk, cellar.pk, origin.pk) for verb in verbs])

    assert set(outcome.names) == {"done", "InsufficientStock", "StockHeld"}
    assert outcome.names["done"] == 60
    did = Counter(filter(None, outcome.results))
    there = {row.location_id: row.quantity for row in StockBalance.objects.filter(lot=lot)}
    assert there.get(shop.pk, 0) == did["hold"]
    assert there.get(cellar.pk, 0) == did["transfer"]
    assert availability.of_one(bun).held == did["hold"]
    assert differences() == []


def test_a_lot_is_blocked_while_others_hold_it_and_nobody_keeps_any_of_it(crowd: Crowd) -> None:
    bun, shop = make_product(), make_location("Shop", kind="sale")
    bad, good = make_stock(bun, 40, shop, lot_code="A"), make_stock(bun, 20, shop, lot_code="B")
    origins = [make_origin() for _ in range(10)]
    calls = [("hold", bad.pk, shop.pk, shop.pk, origins[n % 10].pk) for n in range(80)]
    calls[10:10] = [("block", bad.pk, shop.pk, shop.pk, origins[0].pk)] * 4
    calls += [("reallocate", bad.pk, shop.pk, shop.pk, origins[0].pk)] * 20

    outcome = crowd.do(f"{HERE}:act", calls)

    assert set(outcome.names) <= {"done", "InsufficientStock", "LotStateKept"}, outcome.names
    assert outcome.names["LotStateKept"] == 3  # the lot is blocked once; whoever comes later is told so
    assert not HoldAllocation.objects.filter(lot=bad).exists()
    assert sum(HoldAllocation.objects.values_list("quantity", flat=True)) <= 20
    numbers = availability.of_one(bun)
    assert (numbers.on_hand, numbers.unusable) == (60, 40)
    assert numbers.held == min(D(20), numbers.held + numbers.promised)
    assert Lot.objects.get(pk=good.pk).status == "ok"
    assert differences() == []


def arrive(product_id: int, place_id: int) -> str:
    line = stock.ReceiptLine(Product.objects.select_related("unit").get(pk=product_id), D(1), unit_cost=D(1))
    retry_conflict(stock.receive)(Location.objects.get(pk=place_id), [line])
    return "arrived"


def shut(_product_id: int, place_id: int) -> str:
    retry_conflict(locations.close)(Location.objects.get(pk=place_id))
    return "closed"


def come_or_close(verb: str, product_id: int, place_id: int) -> str:
    return arrive(product_id, place_id) if verb == "arrive" else shut(product_id, place_id)


def test_a_place_is_closed_or_something_arrives_never_both(crowd: Crowd) -> None:
    bun, places = make_product(), [make_location() for _ in range(30)]
    calls = [(verb, bun.pk, place.pk) for place in places for verb in ("arrive", "close")]

    outcome = crowd.do(f"{HERE}:come_or_close", calls)

    assert sum(outcome.names.values()) == 60
    assert outcome.names["done"] == 30, outcome.names
    for place in Location.objects.filter(pk__in=[place.pk for place in places]):
        assert place.is_active == StockBalance.objects.filter(location=place).exists()


def backdate(product_id: int, place_id: int) -> str:
    line = stock.ReceiptLine(Product.objects.select_related("unit").get(pk=product_id), D(1), unit_cost=D(1))
    then = clock.now() - timedelta(days=3)
    retry_conflict(stock.receive)(Location.objects.get(pk=place_id), [line], occurred_at=then)
    return "posted"


@retry_conflict
@transaction.atomic
def close_book() -> int:
    """Close the book through yesterday. Returns how many operations stood in it then."""
    periods.close(clock.today() - timedelta(days=1))
    return StockOperation.objects.filter(kind="receipt").count()


def backdate_or_close(verb: str, product_id: int, place_id: int) -> str | int:
    return backdate(product_id, place_id) if verb == "post" else close_book()


def test_nothing_gets_into_a_period_that_is_being_closed(crowd: Crowd) -> None:
    bun, store = make_product(), make_location()
    calls = [("post", bun.pk, store.pk)] * 60
    calls[20:20] = [("close", bun.pk, store.pk)]

    outcome = crowd.do(f"{HERE}:backdate_or_close", calls)

    assert set(outcome.names) <= {"done", "ClosedPeriod"}, outcome.names
    [there_when_closed] = [result for result in outcome.results if isinstance(result, int)]
    assert StockOperation.objects.filter(kind="receipt").count() == there_when_closed
    assert differences() == []


def write_file(count_id: int, figures: list[tuple[int, int, int, str]]) -> dict[Any, str]:
    """The rows of one person's file: (lot, place, product, counted)."""
    return retry_conflict(count_sheets.write)(
        [Figure(count_id, lot, place, product, D(counted), revision=1) for lot, place, product, counted in figures]
    )


def test_files_of_eight_people_at_once_write_each_line_once(crowd: Crowd) -> None:
    shop, flour = make_location("Shop"), make_product("Flour", unit="kg")
    lots_here = [make_stock(flour, 10, shop, lot_code=f"L{number}") for number in range(40)]
    count = counting.start(location=shop)
    files = [
        [(lot.pk, shop.pk, flour.pk, str(person + 1)) for lot in lots_here[person * 3 : person * 3 + 19]]
        for person in range(8)
    ]

    outcome = crowd.do(f"{HERE}:write_file", [(count.pk, file) for file in files], threads=2)

    assert outcome.names == {"done": 8}
    lines = list(StockCountLine.objects.filter(count=count))
    assert all(line.counted is not None and line.revision == 2 for line in lines)
    assert CountEntry.objects.count() == 40
    refused = sum(len(answer) for answer in outcome.results if answer)
    assert refused == sum(map(len, files)) - 40
    counting.post(StockCount.objects.get(pk=count.pk), approved=True)
    assert {row.lot_id: row.quantity for row in StockBalance.objects.all()} == {
        line.lot_id: line.counted for line in lines
    }
    assert differences() == []


def open_again(products: list[int], place_id: int) -> str | None:
    place, goods = Location.objects.get(pk=place_id), Product.objects.select_related("unit").in_bulk(products)
    entries = [opening.Entry(goods[pk], place, D(5), f"L{pk}", None, D(2)) for pk in products]
    done = retry_conflict(opening.open_stock)(entries)
    return done.number if done else None


def test_the_same_opening_stock_by_eight_hands_is_opened_once(crowd: Crowd) -> None:
    store, goods = make_location("Store"), [make_product() for _ in range(12)]
    keys = [product.pk for product in goods]

    outcome = crowd.do(f"{HERE}:open_again", [(keys[turn:] + keys[:turn], store.pk) for turn in range(8)], threads=2)

    assert outcome.names == {"done": 8}
    assert len([number for number in outcome.results if number]) == 1
    assert StockBalance.objects.count() == Move.objects.count() == 12
    assert set(StockBalance.objects.values_list("quantity", flat=True)) == {D(5)}
    assert differences() == []
