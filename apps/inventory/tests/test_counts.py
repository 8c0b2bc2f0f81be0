from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.services import categories
from apps.inventory.errors import (
    ApprovalNeeded,
    BadQuantity,
    CountedMeanwhile,
    CountOvertaken,
    NotCounting,
    NothingToCount,
)
from apps.inventory.models import CountEntry, HoldAllocation, StockBalance, StockCount, StockCountLine, StockOperation
from apps.inventory.selectors import counts
from apps.inventory.services import counting, holds, policy, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import NotAllowed

pytestmark = pytest.mark.django_db
D = Decimal
HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop() -> Any:
    return make_location("Shop", kind="sale")


@pytest.fixture
def bun() -> Any:
    return make_product("Bun", sku="BUN")


def only(count: StockCount) -> StockCountLine:
    return StockCountLine.objects.get(count=count)


def test_a_count_posts_the_difference_and_leaves_what_moved_since(shop, bun):
    lot = make_stock(bun, 10, shop, cost="2")
    count = counting.start(location=shop)
    counting.record(only(count), quantity=D(8))
    stock.waste(lot=lot, location=shop, quantity=D(3), reason="fell")
    counting.post(count)
    assert StockBalance.objects.get().quantity == 5
    assert count.operation is not None
    assert (count.status, count.operation.kind) == ("posted", "count")
    assert differences() == []


def test_blank_is_not_zero_and_zero_is(shop):
    kept, gone = make_product("Kept"), make_product("Gone")
    make_stock(kept, 4, shop)
    make_stock(gone, 4, shop)
    count = counting.start(location=shop)
    counting.record(StockCountLine.objects.get(product=gone), quantity=D(0))
    counting.post(count)
    assert {row.product_id: row.quantity for row in StockBalance.objects.all()} == {kept.pk: 4}


def test_what_nobody_counted_becomes_zero_only_when_somebody_says_so(shop, bun):
    make_stock(bun, 4, shop)
    count = counting.start(location=shop)
    assert counting.rest_is_zero(count) == 1
    counting.post(count)
    assert not StockBalance.objects.exists()


def test_a_count_is_of_a_place_with_what_is_inside_a_category_or_a_list(shop, bun):
    shelf, other = make_location("Shelf", parent=shop), make_location("Cellar")
    cake = make_product("Cake")
    for product, place in ((bun, shelf), (cake, shop), (bun, other)):
        make_stock(product, 1, place)
    assert counting.start(location=shop).lines.count() == 2
    assert counting.start(products=[bun]).lines.count() == 2
    assert counting.start(location=shop, products=[bun]).lines.count() == 1
    sweet = categories.create(name="Sweet")
    inner = categories.create(name="Cakes", parent=sweet)
    make_stock(make_product("Tart", category=inner), 1, other)
    assert counting.start(category=sweet).lines.count() == 1, "what is in a category beneath it"
    with pytest.raises(NothingToCount):
        counting.start(category=sweet, location=shop)
    with pytest.raises(NothingToCount, match="no stock there"):
        counting.start(location=make_location("Empty"))


def test_two_people_do_not_overwrite_each_other(shop, bun, user_with):
    make_stock(bun, 10, shop)
    count = counting.start(location=shop)
    ana, bia = user_with(username="ana"), user_with(username="bia")
    line = only(count)
    with acting(ana):
        counting.record(line, quantity=D(6), revision=line.revision)
    with acting(bia), pytest.raises(CountedMeanwhile, match="Ana wrote down 6") as refused:
        counting.record(line, quantity=D(4), revision=line.revision)
    assert refused.value.given == 4
    assert only(count).counted == 6
    with acting(bia):
        counting.add(line, quantity=D(4))
    fresh = only(count)
    assert (fresh.counted, fresh.difference) == (10, 0)
    entries = CountEntry.objects.order_by("pk").values_list("actor__username", "kind", "quantity", "after")
    assert list(entries) == [("ana", "set", 6, 6), ("bia", "add", 4, 10)]


def test_the_same_form_sent_twice_adds_once(shop, bun):
    make_stock(bun, 10, shop)
    count = counting.start(location=shop)
    for _time in range(2):
        counting.add(only(count), quantity=D(4), key="form")
    assert only(count).counted == 4
    assert counting.post(count, key="p") == counting.post(count, key="p")
    assert StockOperation.objects.filter(kind="count").count() == 1


def test_a_figure_is_of_the_units_step_and_not_below_zero(shop, bun):
    make_stock(bun, 10, shop)
    line = only(counting.start(location=shop))
    with pytest.raises(BadQuantity, match="steps of 1"):
        counting.record(line, quantity=D("1.5"))
    with pytest.raises(BadQuantity, match="not below zero"):
        counting.record(line, quantity=D(-1))


def test_a_dear_difference_needs_an_approval(shop, bun):
    policy.update(count_tolerance=D(5))
    make_stock(bun, 10, shop, cost="3")
    count = counting.start(location=shop)
    counting.record(only(count), quantity=D(8))
    with pytest.raises(ApprovalNeeded, match="Send it for approval"):
        counting.post(count)
    assert StockBalance.objects.get().quantity == 10
    counting.send_for_approval(count)
    with pytest.raises(NotCounting, match="for approval"):
        counting.record(only(count), quantity=D(9))
    counting.post(count, approved=True)
    assert StockBalance.objects.get().quantity == 8


def test_holds_on_what_is_not_there_move_or_wait(shop, bun):
    make_stock(bun, 10, shop, lot_code="A", expires_on=clock.today() + timedelta(days=2))
    first = holds.place(origin=make_origin(), lines=[HoldLine(bun, D(6))], locations=[shop])[0]
    second = holds.place(origin=make_origin(), lines=[HoldLine(bun, D(4))], locations=[shop])[0]
    make_stock(bun, 1, shop, lot_code="B", expires_on=clock.today() + timedelta(days=9))
    count = counting.start(location=shop)
    counting.record(StockCountLine.objects.get(lot__code="A"), quantity=D(7))
    counting.post(count, approved=True)
    backed = {(row.hold_id, row.lot.code): row.quantity for row in HoldAllocation.objects.select_related("lot")}
    assert backed == {(first.pk, "A"): 6, (second.pk, "A"): 1, (second.pk, "B"): 1}
    assert differences() == []


def test_more_sold_since_than_is_left_is_refused_with_the_figures(shop, bun):
    lot = make_stock(bun, 10, shop)
    count = counting.start(location=shop)
    counting.record(only(count), quantity=D(2))
    stock.waste(lot=lot, location=shop, quantity=D(7), reason="fell")
    with pytest.raises(CountOvertaken, match=r"2.un counted where the book had 10.un; only 3.un is left"):
        counting.post(count, approved=True)


def test_found_where_the_book_has_none(shop, bun):
    cellar = make_location("Cellar")
    lot = make_stock(bun, 10, cellar, lot_code="X1")
    make_stock(make_product("Cake"), 1, shop)
    count = counting.start(location=shop)
    assert counts.scan(count, "bun").lines == []
    assert [stranger.code for stranger in counts.scan(count, "x1").strangers] == ["X1"]
    line = counting.add_line(count, lot=lot, location=shop)
    assert counting.add_line(count, lot=lot, location=shop) == line
    counting.record(line, quantity=D(2))
    counting.post(count)
    assert StockBalance.objects.get(lot=lot, location=shop).quantity == 2


def test_a_posted_count_is_over(shop, bun):
    make_stock(bun, 10, shop)
    count = counting.start(location=shop)
    counting.post(count)
    assert count.operation is None
    with pytest.raises(NotCounting):
        counting.record(only(count), quantity=D(1))
    with pytest.raises(NotAllowed):
        counting.post(count)


# --- screens ----------------------------------------------------------------------------------------------------------
ALL = ("view_stockcount", "change_stockcount", "add_stockcount", "post_stockcount")


@pytest.fixture
def clerk(as_user):
    return as_user(*(f"inventory.{name}" for name in ALL))


def test_a_count_from_start_to_posting_on_the_screens(clerk, shop, bun):
    make_stock(bun, 10, shop, lot_code="A1")
    bad = clerk.post(reverse("inventory:count_create"), {"products": "NOPE"})
    assert bad.status_code == 422
    assert "NOPE" in bad.content.decode()
    clerk.post(reverse("inventory:count_create"), {"location": shop.code, "is_blind": "on", "products": "bun"})
    count = StockCount.objects.get()
    enter = reverse("inventory:count_enter", args=[count.pk])
    page = clerk.get(enter).content.decode()
    assert "A1" in page
    assert "Book" not in page
    line = only(count)
    record = reverse("inventory:count_record", args=[line.pk])
    target = {**HTMX, "HX-Target": f"line-{line.pk}"}
    assert clerk.post(record, {"quantity": "", "revision": 1}, headers=target).status_code == 422
    assert clerk.post(record, {"quantity": "x", "revision": 1}, headers=target).status_code == 422
    assert clerk.post(record, {"quantity": "9", "revision": 1}, headers=target).status_code == 200
    theirs = clerk.post(record, {"quantity": "3", "revision": 1}, headers=target)
    assert theirs.status_code == 409
    assert "12\N{NO-BREAK SPACE}un together" in theirs.content.decode()
    assert clerk.post(record, {"quantity": "1", "revision": 1, "do": "add"}).status_code == 302
    assert only(count).counted == 10
    assert "Everything is counted" in clerk.get(enter).content.decode()
    assert "A1" in clerk.get(enter, {"scan": "a1"}).content.decode()
    assert clerk.get(reverse("inventory:count_sheet", args=[count.pk])).status_code == 200
    assert clerk.post(reverse("inventory:count_post", args=[count.pk])).status_code == 302
    assert StockCount.objects.get().status == "posted"


def test_blind_is_blind_for_who_only_counts(as_user, shop, bun):
    make_stock(bun, 7171, shop)
    count = counting.start(location=shop)
    counter = as_user("inventory.view_stockcount", "inventory.change_stockcount", username="counter")
    for url in (count.get_absolute_url(), reverse("inventory:count_enter", args=[count.pk])):
        assert "7171" not in counter.get(url).content.decode().replace(",", "")
    assert counter.post(reverse("inventory:count_post", args=[count.pk])).status_code == 403
    keeper = as_user(*(f"inventory.{name}" for name in ALL), username="keeper")
    assert "Nobody has counted yet" in keeper.get(count.get_absolute_url()).content.decode()


def test_the_pages_ask_as_often_for_one_line_as_for_three(clerk, shop):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    seen = []
    for number in range(1, 4):
        make_stock(make_product(f"Bun {number}"), 3, shop)
        count = counting.start(location=shop, is_blind=False)
        for line in count.lines.all():
            counting.record(line, quantity=D(1))
        urls = [
            reverse("inventory:count_list"),
            count.get_absolute_url(),
            reverse("inventory:count_enter", args=[count.pk]) + "?show=all",
            reverse("inventory:count_sheet", args=[count.pk]),
        ]
        figures = []
        for url in urls:
            clerk.get(url)
            with CaptureQueriesContext(connection) as asked:
                assert clerk.get(url).status_code == 200
            figures.append(len(asked))
        seen.append(figures)
    assert seen[0] == seen[1] == seen[2]
    assert max(seen[0]) <= 20


def test_a_scan_puts_the_finger_on_the_first_line_that_is_still_blank(as_user):
    place, milk = make_location("Fridge"), make_product("Milk", sku="MILK")
    for code in ("A", "B"):
        make_stock(milk, 5, place, lot_code=code)
    count = counting.start(location=place)
    first, second = count.lines.order_by("lot__code")
    counting.record(first, quantity=D(5))
    client = as_user("inventory.change_stockcount", "inventory.view_stockcount")
    page = client.get(reverse("inventory:count_enter", args=[count.pk]), {"scan": "MILK"}).content.decode()
    assert page.count("data-replace autofocus") == 1
    assert "data-replace autofocus" in page.split(f'id="line-{second.pk}"')[1].split("</li>")[0]
    counting.record(second, quantity=D(5))
    page = client.get(reverse("inventory:count_enter", args=[count.pk]), {"scan": "MILK"}).content.decode()
    assert "data-replace autofocus" in page.split(f'id="line-{first.pk}"')[1].split("</li>")[0]


def test_the_review_says_on_a_phone_what_wide_screens_have_columns_for(as_user, shop, bun):
    """What the book had, what the difference is worth, and what moved since: below the product's name."""
    lot = make_stock(bun, 10, shop, cost="2.50")
    seer = as_user(*(f"inventory.{name}" for name in ALL), username="keeper")
    counter = as_user("inventory.view_stockcount", "inventory.change_stockcount", username="counter")
    for is_blind, sees in ((False, True), (True, False)):
        count = counting.start(location=shop, is_blind=is_blind)
        line = count.lines.get(lot=lot)
        counting.record(line, quantity=D(8))
        stock.adjust(lot=lot, location=shop, counted=D(13), reason="found")
        page = counter.get(count.get_absolute_url() + "?show=all").content.decode().replace("\N{NO-BREAK SPACE}", " ")
        book = "Book 10 un · −5.00 · Moved since +3" if sees else "Moved since"
        assert (book in page) == sees
        page = seer.get(count.get_absolute_url() + "?show=all").content.decode().replace("\N{NO-BREAK SPACE}", " ")
        assert "Moved since +3" in page
        counting.cancel(count, reason="again")
        stock.adjust(lot=lot, location=shop, counted=D(10), reason="back")


def test_one_page_takes_the_same_figure_for_several_lines_each_once(as_user):
    """All lines of a page send the same key: five of this and five of that were one request sent twice."""
    place = make_location("Fridge")
    for name in ("Milk", "Cream"):
        make_stock(make_product(name), 7, place)
    count = counting.start(location=place)
    client = as_user("inventory.change_stockcount", "inventory.view_stockcount")
    page = client.get(reverse("inventory:count_enter", args=[count.pk]))
    for line in count.lines.all():
        sent = {"_key": page.context["key"], "revision": line.revision, "quantity": "5", "do": "set"}
        url = reverse("inventory:count_record", args=[line.pk])
        for _twice in range(2):
            assert client.post(url, sent, headers={"HX-Request": "true"}).status_code == 200
    assert [line.counted for line in count.lines.all()] == [5, 5]
    assert CountEntry.objects.count() == 2
