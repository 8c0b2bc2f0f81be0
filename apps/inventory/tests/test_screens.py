from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from apps.inventory.models import Hold, Location, Lot, ReorderRule, StockBalance, StockOperation
from apps.inventory.selectors import ledger
from apps.inventory.services import holds, locations, reorder, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.testing.screens import assert_fragment_is_part_of_page, assert_same_queries

pytestmark = pytest.mark.django_db
D = Decimal
HTMX = {"HX-Request": "true"}


def stocked(shop: Location, number: int = 1, **more: Any) -> Any:
    product = make_product(f"Bun {number}", **more)
    lot = make_stock(
        product, 10, shop, cost="2", expires_on=clock.today() + timedelta(days=2), lot_code=f"LOT-{number}"
    )
    reorder.set_minimum(product, minimum=D(9))
    holds.place(origin=make_origin(), lines=[HoldLine(product, D(4))], locations=[shop])
    return lot


LISTS = {
    "stock_list": "view_stockbalance",
    "lot_list": "view_lot",
    "operation_list": "view_stockoperation",
    "hold_list": "view_hold",
    "location_list": "view_location",
}


@pytest.mark.parametrize(("name", "permission"), LISTS.items())
def test_lists_show_their_rows_with_the_same_queries_for_one_and_three(
    sign_in, shop, name, permission, django_assert_max_num_queries
):
    client = sign_in(permission)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for number in (1, 2, 3):
        stocked(shop, number)
        make_location()
        client.get(reverse(f"inventory:{name}"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            answer = client.get(reverse(f"inventory:{name}"), headers={**HTMX, "HX-Target": "table"})
        assert answer.status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2], [query["sql"][:150] for query in captured.captured_queries]
    assert counts[0] <= 20
    assert "Bun 3" in answer.content.decode() or name == "location_list"


@pytest.mark.parametrize(("name", "permission"), LISTS.items())
def test_saved_views_filters_and_exports_answer(sign_in, shop, name, permission):
    client = sign_in(permission)
    stocked(shop)
    url = reverse(f"inventory:{name}")
    for view in (
        "",
        "low",
        "expiring",
        "blocked",
        "short",
        "stock",
        "expired",
        "active",
        "waiting",
        "old",
        "ended",
        "open",
    ):
        assert client.get(url, {"view": view}).status_code == 200
    for query in (
        {"q": "bun"},
        {"q": "lot-1"},
        {"kind": ["simple", "waste"], "expiry": ["3", "expired", "undated"], "location": [shop.pk], "status": ["ok"]},
        {"q": "S-000001"},
        {"export": "csv"},
        {"export": "xlsx"},
        {"sort": "-name", "page": "9999999999999999999"},
    ):
        assert client.get(url, query).status_code == 200, query


def test_the_stock_list_finds_what_is_low_expiring_blocked_and_short(sign_in, shop):
    client = sign_in("view_stockbalance")
    stocked(shop, 1)
    fine = make_product("Fine")
    make_stock(fine, 5, shop)
    url = reverse("inventory:stock_list")
    for view in ("low", "expiring"):
        text = client.get(url, {"view": view}).content.decode()
        assert "Bun 1" in text
        assert ">Fine<" not in text
    holds.place(origin=make_origin(), lines=[HoldLine(fine, D(9))], locations=[shop], partial=True)
    assert ">Fine<" in client.get(url, {"view": "short"}).content.decode()
    assert "4\N{NO-BREAK SPACE}un short" in client.get(url).content.decode()


def test_export_has_the_numbers(sign_in, shop):
    client = sign_in("view_stockbalance")
    stocked(shop)
    answer = client.get(reverse("inventory:stock_list"), {"export": "csv"})
    text = b"".join(answer).decode()
    assert "Bun 1" in text
    assert "6" in text


def test_the_stock_card_shows_numbers_lots_holds_and_running_balance(sign_in, shop):
    client = sign_in("view_stockbalance", "release_hold", "waste_stock")
    lot = stocked(shop)
    stock.waste(lot=lot, location=shop, quantity=D(1), reason="fell")
    text = client.get(reverse("inventory:product_card", args=[lot.product_id])).content.decode()
    assert "LOT-1" in text
    assert "Below minimum" in text
    for name, shown in (
        ("moves", "fell"),
        ("promises", reverse("inventory:hold_release", args=[Hold.objects.get().pk])),
    ):
        url = reverse(f"inventory:product_{name}", args=[lot.product_id])
        assert f'hx-get="{url}"' in text
        assert f'href="{url}"' in text, "without scripts it is a link"
        assert_fragment_is_part_of_page(client, url, name)
        assert shown in client.get(url).content.decode()
    why = client.get(
        reverse("inventory:product_why", args=[lot.product_id]), headers={**HTMX, "HX-Target": f"why-{lot.product_id}"}
    ).content.decode()
    assert "<html" not in why
    assert "LOT-1" in why


def test_the_stock_card_asks_twelve_times_at_most_however_much_is_held(sign_in, shop):
    client = sign_in("view_stockbalance", "release_hold")
    lot = stocked(shop)
    url = reverse("inventory:product_card", args=[lot.product_id])

    def hold(count):
        for _number in range(count):
            holds.place(origin=make_origin(), lines=[HoldLine(lot.product, D(1))], locations=[shop])
            stock.waste(lot=lot, location=shop, quantity=D(1), reason="x")

    assert assert_same_queries(client, url, hold) <= 12


def test_a_lot_asks_twelve_times_at_most_however_often_it_moved(sign_in, shop):
    client = sign_in("view_lot", "block_lot")
    lot = stocked(shop)

    def move(count):
        for _number in range(count):
            holds.place(origin=make_origin(), lines=[HoldLine(lot.product, D(1))], locations=[shop])
            stock.waste(lot=lot, location=shop, quantity=D(1), reason="x")

    assert assert_same_queries(client, reverse("inventory:lot_detail", args=[lot.pk]), move) <= 12


def test_the_running_balance_continues_over_pages(shop):
    product = make_product()
    lot = make_stock(product, 100, shop)
    for _ in range(5):
        stock.waste(lot=lot, location=shop, quantity=D(3), reason="x")
    make_stock(product, 7, shop)
    first = ledger.card(product, size=4)
    second = ledger.card(product, before=first.before, size=4)
    lines = [*first.lines, *second.lines]
    assert [line.balance for line in lines] == [92, 85, 88, 91, 94, 97, 100]
    assert [line.change for line in lines] == [7, -3, -3, -3, -3, -3, 100]
    assert second.before == 0


def test_a_product_panel_and_made_on_demand(sign_in, shop):
    client = sign_in("view_stockbalance")
    lot = stocked(shop)
    headers = {**HTMX, "HX-Target": "panel-stock"}
    text = client.get(reverse("inventory:product_stock", args=[lot.product_id]), headers=headers).content.decode()
    assert 'id="panel-stock"' in text
    espresso = make_product("Espresso", sell_policy="on_demand")
    assert "Made on demand" in client.get(reverse("inventory:product_stock", args=[espresso.pk])).content.decode()


def test_the_lot_page_shows_both_directions_and_blocking_moves_holds(sign_in, shop):
    client = sign_in("view_lot", "block_lot")
    lot = stocked(shop)
    order = make_origin("order-77")
    cake = make_product("Cake")
    stock.consume(origin=order, lines=[stock.ConsumeLine(lot.product, D(2), shop)])
    made = stock.produce(
        origin=order,
        product=cake,
        quantity=D(1),
        location=shop,
        total_cost=D(4),
        produced_on=clock.today(),
        expires_on=None,
        parents=[lot],
    )
    text = client.get(reverse("inventory:lot_detail", args=[lot.pk])).content.decode()
    assert made.code in text
    went = reverse("inventory:lot_went", args=[lot.pk])
    assert f'hx-get="{went}"' in text
    assert f'href="{went}"' in text
    assert_fragment_is_part_of_page(client, went, "went")
    assert "order-77" in client.get(went).content.decode()
    held = reverse("inventory:lot_held", args=[lot.pk])
    assert f'hx-get="{held}"' in text
    assert_fragment_is_part_of_page(client, held, "held")
    assert str(Hold.objects.get().origin) in client.get(held).content.decode()
    assert lot.code in client.get(reverse("inventory:lot_detail", args=[made.pk])).content.decode()
    block = reverse("inventory:lot_block", args=[lot.pk])
    assert client.post(block, {"reason": ""}).status_code == 422
    assert client.post(block, {"reason": "recall"}).status_code == 422
    assert client.post(block, {"reason": "looks odd", "status": "quarantine"}).status_code == 302
    lot.refresh_from_db()
    assert lot.status == "quarantine"
    assert client.post(block, {"reason": "recall", "status": "blocked"}).status_code == 302
    lot.refresh_from_db()
    assert lot.status == "blocked"
    assert client.post(reverse("inventory:lot_unblock", args=[lot.pk]), {"reason": "fine"}).status_code == 302
    assert "recall" in client.get(reverse("inventory:lot_history", args=[lot.pk])).content.decode()


def test_transfer_adjust_and_waste_by_scanned_code(sign_in, shop):
    client = sign_in("transfer_stock", "adjust_stock", "waste_stock", "view_stockoperation")
    cellar = make_location("Cellar")
    product = make_product("Bun", sku="BUN")
    lot = make_stock(product, 10, shop, lot_code="A1")
    row = StockBalance.objects.get()
    page = client.get(reverse("inventory:transfer"), {"stock": row.pk}).content.decode()
    assert "A1 · Bun · Shop" in page
    assert (
        client.post(
            reverse("inventory:transfer"), {"stock": "a1", "quantity": "4", "destination": cellar.code}
        ).status_code
        == 302
    )
    several = client.post(reverse("inventory:waste"), {"stock": "BUN", "quantity": "1", "reason": "Expired"})
    assert several.status_code == 422
    assert "lies in 2 places: Cellar, Shop" in several.content.decode()
    done = client.post(reverse("inventory:waste"), {"stock": "A1 · Bun · Cellar", "quantity": "1", "reason": "Expired"})
    assert done.status_code == 302
    assert client.post(
        reverse("inventory:adjust"), {"stock": "A1 · Bun · Shop", "counted": "5.5", "reason": "count"}
    ).status_code in (302, 409)
    too_much = client.post(
        reverse("inventory:waste"), {"stock": "A1 · Bun · Cellar", "quantity": "9", "reason": "Expired"}
    )
    assert too_much.status_code == 409
    assert "available" in too_much.content.decode()
    assert StockBalance.objects.get(lot=lot, location=cellar).quantity == 3


def test_a_reversal_is_offered_for_what_people_posted_only(sign_in, shop):
    client = sign_in("view_stockoperation", "reverse_stockoperation", "view_hold")
    make_stock(make_product(), 3, shop)
    receipt_made = StockOperation.objects.get()
    reverse_url = reverse("inventory:operation_reverse", args=[receipt_made.pk])
    assert reverse_url in client.get(receipt_made.get_absolute_url()).content.decode()
    assert client.post(reverse_url, {"reason": "wrong"}).status_code == 302
    assert reverse_url not in client.get(receipt_made.get_absolute_url()).content.decode()
    assert client.post(reverse_url, {"reason": "twice"}).status_code == 409
    order, bun = make_origin(), make_product()
    make_stock(bun, 3, shop)
    holds.place(origin=order, lines=[HoldLine(bun, D(1))], locations=[shop])
    hold = Hold.objects.get()
    assert client.get(hold.get_absolute_url()).status_code == 200
    holds.fulfil_for(order)
    sale = StockOperation.objects.get(kind="sale")
    assert client.post(reverse("inventory:operation_reverse", args=[sale.pk]), {"reason": "x"}).status_code == 404


def test_a_reversal_that_is_refused_offers_no_smaller_quantity(sign_in, shop):
    lot = stocked(shop)  # 10, of which 4 are held
    receipt = StockOperation.objects.get(kind="receipt")
    client = sign_in("view_stockoperation", "reverse_stockoperation", "view_stockbalance")
    refused = client.post(reverse("inventory:operation_reverse", args=[receipt.pk]), {"reason": "wrong"})
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Take 6" not in page
    assert reverse("inventory:product_card", args=[lot.product_id]) in page


def test_releasing_one_hold_and_many(sign_in, shop):
    client = sign_in("view_hold", "release_hold")
    for number in (1, 2):
        stocked(shop, number)
    first, second = Hold.objects.order_by("pk")
    url = reverse("inventory:hold_release", args=[first.pk])
    assert client.post(url, {"reason": ""}).status_code == 422, "who takes goods from somebody says why"
    assert client.post(url, {"reason": "left"}).status_code == 302
    assert client.post(url, {"reason": "left"}).status_code == 409
    answer = client.post(
        reverse("inventory:hold_list"), {"action": "release", "ids": [second.pk], "confirm": "1", "reason": "end"}
    )
    assert answer.status_code in (200, 302)


def test_places_are_opened_changed_and_closed(sign_in, shop):
    client = sign_in("view_location", "add_location", "change_location")
    new = {"code": "C1", "name": "Cold room", "kind": "storage", "parent": ""}
    assert client.post(reverse("inventory:location_create"), new).status_code == 302
    cold = Location.objects.get(code="C1")
    edit = reverse("inventory:location_edit", args=[cold.pk])
    assert client.post(edit, {**new, "name": "Cold", "revision": cold.revision}).status_code == 302
    assert client.post(edit, {**new, "name": "Colder", "revision": cold.revision}).status_code == 409
    make_stock(make_product(), 1, cold)
    close = reverse("inventory:location_close", args=[cold.pk])
    assert client.post(close).status_code == 409
    assert client.get(cold.get_absolute_url()).status_code == 200
    assert client.post(reverse("inventory:location_close", args=[shop.pk])).status_code == 302
    assert client.post(reverse("inventory:location_reopen", args=[shop.pk])).status_code == 302
    circle = {"code": "C1", "name": "Cold", "kind": "storage", "parent": cold.code, "revision": cold.revision + 1}
    assert client.post(edit, circle).status_code == 409
    virtual = locations.virtual("waste")
    assert client.get(virtual.get_absolute_url()).status_code == 404
    assert client.get(reverse("inventory:location_history", args=[cold.pk])).status_code == 200


def test_a_minimum_is_set_from_the_card(sign_in, shop):
    client = sign_in("view_stockbalance", "change_reorderrule")
    product = make_product()
    url = reverse("inventory:product_minimum", args=[product.pk])
    assert client.post(url, {"minimum": "5", "target": "4"}).status_code == 409
    assert client.post(url, {"minimum": "5", "target": ""}).status_code == 302
    rule = ReorderRule.objects.get()
    assert (rule.minimum, rule.target) == (5, 5)


def test_home_shows_what_is_low_and_what_expires(sign_in, shop):
    from apps.inventory.views.home import figures

    client = sign_in("view_stockbalance")
    stocked(shop)
    assert [figure.value for figure in figures(None)] == [1, 1, 0]
    for name in ("home_low", "home_expiring"):
        assert "Bun 1" in client.get(reverse(f"inventory:{name}")).content.decode()


def test_the_palette_finds_lots_and_places(user_with, shop):
    from apps.inventory import search

    stocked(shop)
    user = user_with("inventory.view_lot", "inventory.view_location")
    assert [hit.title for hit in search.lots("lot", user)] == ["LOT-1"]
    assert search.lots("lo", user) == [], "too many begin like that"
    Lot.objects.update(code="L1")
    assert [hit.title for hit in search.lots("l1", user)] == ["L1"], "a whole code may be short"
    assert [hit.title for hit in search.locations("sho", user)] == ["Shop"]
    assert search.lots("lot", user_with(username="nobody")) == []
    assert Lot.objects.count() == 1


def test_a_lot_is_found_by_the_beginning_of_its_code_by_an_index():
    """The statement of the search and the index have to agree to the letter."""
    rows = Lot.objects.filter(code__istartswith="lot").values("pk")
    if connection.vendor == "sqlite":
        assert "LIKE" in str(rows.query), "there all codes are looked at: 8 ms for 50,000"
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "lot_by_beginning" in rows.explain()


def test_markup_in_names_is_text_in_a_list(sign_in, shop):
    make_stock(make_product("<b>Bun</b>"), 5, shop)
    answer = sign_in("view_stockbalance").get(reverse("inventory:stock_list")).content.decode()
    assert "&lt;b&gt;Bun&lt;/b&gt;" in answer
    assert "<b>Bun" not in answer


def test_the_stock_list_begins_with_the_worst_and_goes_on_by_name(sign_in, shop, django_assert_max_num_queries):
    for name in ("Apple", "Bread", "Cake", "Dough"):
        make_stock(make_product(name), 10, shop)
    make_stock(make_product("Yeast"), 3, shop, expires_on=clock.today() + timedelta(days=1))
    short = make_product("Zucchini")
    holds.place(origin=make_origin(), lines=[HoldLine(short, D(2))], locations=[shop], partial=True)
    client = sign_in("view_stockbalance")
    url = reverse("inventory:stock_list")

    def names(query: str = "") -> list[str]:
        return [row.name for row in client.get(url + query).context["page"].rows]

    names()  # warm: the company, content types
    with django_assert_max_num_queries(12):
        assert names() == ["Zucchini", "Yeast", "Apple", "Bread", "Cake", "Dough"]
    assert names("?sort=name") == ["Apple", "Bread", "Cake", "Dough", "Yeast", "Zucchini"]
    assert names("?q=e") == ["Apple", "Bread", "Cake", "Yeast"]
