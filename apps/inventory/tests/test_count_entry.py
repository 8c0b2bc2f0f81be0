"""Counting by hand: what a scan finds, what is typed where it does not belong, and what the review tells of it."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory.errors import CountChanged, CountOvertaken
from apps.inventory.models import CountEntry, StockBalance, StockCount, StockCountLine, StockOperation
from apps.inventory.selectors import counts
from apps.inventory.services import counting, stock
from apps.inventory.tests.factories import make_location, make_product, make_stock
from backoffice.kernel.audit import acting

pytestmark = pytest.mark.django_db
D = Decimal
HTMX = {"HX-Request": "true"}
COUNTS = ("inventory.view_stockcount", "inventory.change_stockcount")
KEEPS = (*COUNTS, "inventory.add_stockcount", "inventory.post_stockcount")


@pytest.fixture
def shop() -> Any:
    return make_location("Shop", code="SHOP", kind="sale")


@pytest.fixture
def bun() -> Any:
    return make_product("Bun", sku="BUN")


def text(page: Any) -> str:
    return page.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def enter(client: Any, count: StockCount, **query: Any) -> Any:
    return client.get(reverse("inventory:count_enter", args=[count.pk]), query)


def test_a_place_that_is_scanned_shows_all_that_is_left_there(as_user, shop):
    """Twelve of its lines were shown as if they were all."""
    cellar = make_location("Cellar", code="CELLAR")
    for number in range(30):
        make_stock(make_product(f"Bun {number:02}"), 1, shop)
    make_stock(make_product("Wine"), 1, cellar)
    count, client = counting.start(), as_user(*COUNTS)
    first = enter(client, count, scan="shop")
    assert len(first.context["lines"]) == 25
    rest = enter(client, count, scan="shop", after=first.context["more"])
    assert [line.product.name for line in rest.context["lines"]] == [f"Bun {number}" for number in range(25, 30)]
    assert rest.context["more"] == 0
    assert [line.product.name for line in enter(client, count, scan="Cellar").context["lines"]] == ["Wine"]


def test_what_is_counted_meanwhile_moves_nobody_past_other_lines(as_user, shop):
    """The second page began after 25 of those that were left: whoever had counted the first one missed as many."""
    for number in range(60):
        make_stock(make_product(f"Bun {number:02}"), 1, shop)
    count, client = counting.start(location=shop), as_user(*COUNTS)
    first = enter(client, count)
    for line in first.context["lines"]:
        counting.record(line, quantity=D(1))
    second = enter(client, count, after=first.context["more"])
    assert [line.product.name for line in second.context["lines"]] == [f"Bun {number}" for number in range(25, 50)]
    for line in count.lines.all()[50:]:
        counting.record(line, quantity=D(1))
    again = enter(client, count, after=second.context["more"])
    assert len(again.context["lines"]) == 25, "what was left out before is still to be counted"


def test_a_lot_that_nobody_expected_is_found_whatever_else_has_these_letters(as_user, shop, bun):
    """`A1` is a part of another product's name: only that was found."""
    make_stock(make_product("Flour A1", sku="FLOUR"), 1, shop)
    make_stock(bun, 3, make_location("Cellar"), lot_code="A1")
    count, client = counting.start(location=shop), as_user(*COUNTS)
    found = counts.scan(count, "a1")
    assert [line.product.name for line in found.lines] == ["Flour A1"]
    assert [lot.product.name for lot in found.strangers] == ["Bun"]
    assert "Does it lie in another place too?" in text(enter(client, count, scan="a1"))


def test_the_same_lot_may_lie_on_two_shelves(as_user, shop, bun):
    shelf = make_location("Shelf", parent=shop)
    lot = make_stock(bun, 3, shop, lot_code="A1")
    make_stock(make_product("Cake"), 3, shelf)
    count, client = counting.start(location=shop), as_user(*COUNTS)
    page = text(enter(client, count, scan="A1", at="")).split('<select class="select" name="location"')[1]
    assert "Choose a place" in page
    sent = {"lot": lot.pk, "scan": "A1", "at": "2026-01-02T03:04"}
    answer = client.post(reverse("inventory:count_stranger", args=[count.pk]), sent, follow=True)
    assert "Choose where it lies." in text(answer)
    answer = client.post(reverse("inventory:count_stranger", args=[count.pk]), {**sent, "location": shelf.pk})
    assert answer["Location"].endswith("?at=2026-01-02T03%3A04&scan=A1"), "the time of counting was forgotten"
    assert count.lines.filter(lot=lot).count() == 2
    assert "Does it lie in another place too?" not in text(enter(client, count, scan="A1"))


def test_a_product_that_was_never_received_is_called_by_its_name(as_user, shop, bun):
    make_stock(make_product("Cake"), 3, shop)
    client, count = as_user(*COUNTS), counting.start(location=shop)
    page = text(enter(client, count, scan="bun"))
    assert "Nothing of it was ever received under this code" in page
    assert reverse("inventory:receive") not in page
    assert "Nothing here has that code" in text(enter(client, count, scan="nonsense"))


def test_a_code_that_is_scanned_where_a_figure_belongs_is_no_figure(as_user, shop, bun):
    """Twelve million buns were counted."""
    cake = make_product("Cake", barcode="12345670")
    make_stock(bun, 3, shop, lot_code="L-7")
    make_stock(cake, 3, shop, lot_code="L-8")
    count, client = counting.start(location=shop), as_user(*COUNTS)
    line = count.lines.get(product=bun)
    url = reverse("inventory:count_record", args=[line.pk])
    for code, name in (("12345670", "Cake"), ("L-7", "Bun"), ("bun", "Bun")):
        answer = client.post(url, {"quantity": code, "revision": 1}, headers=HTMX)
        assert answer.status_code == 422
        assert f"“{code}” is the code of {name}, not a figure." in text(answer)
        assert f'value="{code}"' not in text(answer)
    assert client.post(url, {"quantity": "1,5 kg", "revision": 1}, headers=HTMX).status_code == 422
    assert count.lines.get(product=bun).counted is None
    assert client.post(url, {"quantity": "12345678", "revision": 1}, headers=HTMX).status_code == 200


def test_the_review_tells_who_wrote_down_what(as_user, user_with, shop, bun):
    make_stock(bun, 10, shop)
    count = counting.start(location=shop)
    line = count.lines.get()
    with acting(user_with(username="ana")):
        counting.record(line, quantity=D(6))
    page = text(as_user(*KEEPS).get(count.get_absolute_url()))
    assert "Ana, " in page
    assert "Ana 6" not in page, "one figure stands there already"
    with acting(user_with(username="bia")):
        counting.add(line, quantity=D(3))
    page = text(as_user(*KEEPS, username="other").get(count.get_absolute_url()))
    assert "Ana 6, " in page
    assert "Bia +3, " in page


def test_nobody_posts_figures_that_they_have_not_seen(as_user, shop, bun):
    """A hundred became zero between the question and the answer."""
    make_stock(bun, 100, shop)
    count, client = counting.start(location=shop), as_user(*KEEPS, counts.APPROVE)
    url = reverse("inventory:count_post", args=[count.pk])
    form = client.get(url).context["form"]
    counting.record(count.lines.get(), quantity=D(0))
    answer = client.post(url, {"seen": form["seen"].value()})
    assert answer.status_code == 409
    assert "Somebody wrote down another figure in" in text(answer)
    assert "1 line differs" in text(answer)
    assert StockBalance.objects.get().quantity == 100
    with pytest.raises(CountChanged):
        counting.post(count, seen=form["seen"].value())
    assert client.post(url, {"seen": answer.context["form"]["seen"].value()}).status_code == 302
    assert not StockBalance.objects.exists()


def test_what_differs_is_a_file_for_who_sees_the_book(as_user, shop, bun):
    cake = make_product("Cake", sku="CAKE")
    make_stock(bun, 10, shop, cost="0.50")
    make_stock(cake, 10, shop, cost="9", lot_code="C-1")
    make_stock(make_product("Tart"), 10, shop)
    count = counting.start(location=shop)
    for product, found in ((bun, 8), (cake, 11)):
        counting.record(count.lines.get(product=product), quantity=D(found), reason="looked twice")
    stock.waste(lot=count.lines.get(product=cake).lot, location=shop, quantity=D(1), reason="fell")
    url = reverse("inventory:count_variance", args=[count.pk, "csv"])
    keeper, counter = as_user(*KEEPS), as_user(*COUNTS, username="counter")
    rows = list(csv.reader(io.StringIO(b"".join(keeper.get(url)).decode("utf-8-sig"))))
    assert [row[2] for row in rows] == ["SKU", "CAKE", "BUN"], "the dearest first; what is blank differs in nothing"
    assert rows[1][4:11] == ["C-1", "un", "10", "11", "1", "9.00", "-1"]
    assert rows[2][5:11] == ["un", "10", "8", "-2", "-1.00", "0"]
    assert rows[2][13] == "looked twice"
    assert url in text(keeper.get(count.get_absolute_url()))
    assert url not in text(counter.get(count.get_absolute_url()))
    assert counter.get(url).status_code == 403, "a blind count"
    counting.post(count, approved=True)
    assert counter.get(url).status_code == 200
    assert keeper.get(url.replace("csv", "exe")).status_code == 404
    get_user_model().objects.update(language="pt-br")
    brazilian = b"".join(keeper.get(url)).decode("utf-8-sig").splitlines()[2]
    assert ";10;8;-2;-1,00;0;" in brazilian, "a guard before the sign made a text of it, which no spreadsheet adds up"


def test_a_pasted_list_takes_any_code_and_names_those_that_mean_nothing(as_user, shop, bun):
    cake = make_product("Cake", sku="CAKE", barcode="7891000000014")
    ProductUnit.objects.create(product=bun, name="Tray", numerator=12, barcode="7891000000021")
    make_product("Tart", sku="TART")
    make_stock(bun, 3, shop)
    make_stock(cake, 3, shop)
    client, url = as_user(*KEEPS), reverse("inventory:count_create")
    wrong = client.post(url, {"products": "\n".join(f"X{number}" for number in range(10))})
    assert wrong.status_code == 422
    assert "Nothing here has the code X0, X1, X2, X3, X4, X5, X6, X7 and 2 more." in text(wrong)
    answer = client.post(url, {"products": "7891000000021\t7891000000014\r\ntart; cake"}, follow=True)
    assert "Of 1 listed product the book has nothing there: scan it where you find it." in text(answer)
    count = StockCount.objects.get()
    assert set(count.products.values_list("sku", flat=True)) == {"BUN", "CAKE", "TART"}
    assert count.lines.count() == 2


def test_a_count_that_was_taken_back_says_so(as_user, shop, bun):
    make_stock(bun, 10, shop)
    count = counting.start(location=shop)
    counting.record(count.lines.get(), quantity=D(7))
    counting.post(count, approved=True)
    client, clerk = as_user(*KEEPS, "inventory.reverse_stockoperation"), as_user(*KEEPS, username="clerk")
    url = reverse("inventory:count_undo", args=[count.pk])
    assert url in text(client.get(count.get_absolute_url()))
    assert url not in text(clerk.get(count.get_absolute_url()))
    assert clerk.post(url, {"reason": "the wrong shelf"}).status_code == 403
    assert client.post(url, {"reason": " "}).status_code == 422
    for _twice in range(2):
        assert client.post(url, {"reason": "the wrong shelf", "_key": "k"}).status_code == 302
    assert "was reversed before" in text(client.post(url, {"reason": "in another tab", "_key": "l"}))
    back = StockOperation.objects.get(kind="reversal")
    page = text(client.get(count.get_absolute_url()))
    assert "This count was taken back" in page
    assert back.number in page
    assert url not in page
    assert StockBalance.objects.get().quantity == 10


def test_only_what_was_posted_is_taken_back(as_user, shop, bun):
    make_stock(bun, 10, shop)
    count, client = counting.start(location=shop), as_user(*KEEPS, "inventory.reverse_stockoperation")
    url = reverse("inventory:count_undo", args=[count.pk])
    assert url not in text(client.get(count.get_absolute_url()))
    assert client.get(url).status_code == 404
    counting.record(count.lines.get(), quantity=D(18))
    counting.post(count, approved=True)
    stock.waste(lot=count.lines.get().lot, location=shop, quantity=D(15), reason="fell")
    answer = client.post(url, {"reason": "the wrong shelf"})
    assert answer.status_code == 409
    assert "3 on hand, 3 available; 8 un asked" in text(answer)


def test_that_the_rest_is_zero_is_written_at_once(shop):
    """Three statements a line: a shop of three thousand lines waited for half a minute."""
    for number in range(6):
        make_stock(make_product(f"Bun {number}"), number + 1, shop)
    count = counting.start(location=shop)
    with CaptureQueriesContext(connection) as asked:
        assert counting.rest_is_zero(count) == 6
    assert len(asked) < 14
    assert set(count.lines.values_list("counted", "revision")) == {(D(0), 2)}
    assert set(StockCountLine.objects.values_list("book", flat=True)) == {1, 2, 3, 4, 5, 6}
    assert CountEntry.objects.filter(kind="set", after=0).count() == 6


def test_what_two_counts_found_missing_is_taken_off_once(shop, bun):
    """Ten by the book, eight on the shelf, counted in two counts: the book said six."""
    lot = make_stock(bun, 10, shop, lot_code="A1")
    first, second, third = (counting.start(location=shop) for _count in range(3))
    for count in (first, second, third):
        counting.record(count.lines.get(), quantity=D(8))
    counting.post(first, approved=True)
    assert first.operation is not None
    with pytest.raises(CountOvertaken, match=f"8.un counted where the book had 10.un; {first.operation.number} has"):
        counting.post(second, approved=True)
    assert StockBalance.objects.get().quantity == 8
    counting.record(second.lines.get(), quantity=D(8))
    counting.post(second, approved=True)
    assert second.operation is None
    stock.reverse(first.operation, reason="the wrong shelf")
    counting.post(third, approved=True)
    assert StockBalance.objects.get(lot=lot).quantity == 8, "what was taken back corrects nothing any more"
