from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.inventory.errors import ReasonMissing
from apps.inventory.models import Hold, Lot
from apps.inventory.selectors import recall as reads
from apps.inventory.services import holds, rearranging, recall, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


def made(product: Any, quantity: str, shop: Any, *parents: Lot) -> Lot:
    return stock.produce(
        origin=make_origin(),
        product=product,
        quantity=D(quantity),
        location=shop,
        total_cost=D(4),
        produced_on=clock.today(),
        expires_on=None,
        parents=list(parents),
    )


@pytest.fixture
def bakery() -> dict[str, Any]:
    """Flour becomes dough, dough becomes bread; some bread is sold, some is held, some is here; salt goes in too."""
    shop = make_location("Shop", kind="sale")
    flour, dough, bread = make_product("Flour", unit="kg"), make_product("Dough", unit="kg"), make_product("Bread")
    salt = make_product("Salt", unit="kg")
    lot = make_stock(flour, 10, shop, lot_code="FL-1")
    salty = make_stock(salt, 1, shop, lot_code="SA-1")
    doughs = made(dough, "6", shop, lot, salty)
    breads = made(bread, "20", shop, doughs)
    other = make_stock(bread, 5, shop, lot_code="OTHER")
    order, tab = make_origin("order-1"), make_origin("tab-2")
    holds.place(origin=order, lines=[HoldLine(bread, D(3))], locations=[shop])
    holds.fulfil_for(order)
    hold = holds.place(origin=tab, lines=[HoldLine(bread, D(4))], locations=[shop])[0]
    return {
        "shop": shop, "flour": lot, "salt": salty, "dough": doughs, "bread": breads, "other": other, "hold": hold,
        "order": order,
    }  # fmt: skip


def test_a_recall_reaches_every_step_forward_and_back(bakery):
    found = reads.of(bakery["flour"])
    assert [(one.lot.pk, one.level) for one in found.family] == [
        (bakery["flour"].pk, 0), (bakery["dough"].pk, 1), (bakery["bread"].pk, 2),
    ]  # fmt: skip
    assert {one.lot.code for one in reads.of(bakery["bread"]).ancestors} == {"FL-1", "SA-1", bakery["dough"].code}
    assert {(row.lot.code, row.quantity) for row in found.here} == {
        ("FL-1", 10), (bakery["dough"].code, 6), (bakery["bread"].code, 17),
    }  # fmt: skip
    assert [(row.origin, row.quantity) for row in found.sold] == [(bakery["order"], 3)]


def test_blocking_all_moves_holds_to_other_stock_and_says_how_many(bakery):
    with pytest.raises(ReasonMissing):
        recall.block_all(bakery["flour"], reason=" ")
    done = recall.block_all(bakery["flour"], reason="stones")
    assert len(done) == 3
    assert recall.block_all(bakery["flour"], reason="stones") == []
    assert set(Lot.objects.filter(status="blocked")) == {bakery["flour"], bakery["dough"], bakery["bread"]}
    assert "stones" in bakery["bread"].history.first().history_change_reason
    rows = Hold.objects.get(pk=bakery["hold"].pk).allocations.all()
    assert [(row.lot, row.quantity) for row in rows] == [(bakery["other"], 4)]
    assert differences() == []


def test_what_is_made_of_it_while_a_recall_waits_is_locked_and_blocked_too(bakery, monkeypatch):
    """The family is one step longer at each look until the last, as when somebody produced before we had the locks."""
    family, steps, locked = reads.family, iter((0, 1)), []
    lock = recall.stock_locks.lock_products

    def seen(lot):
        level = next(steps, None)
        return [one for one in family(lot) if level is None or one.level <= level]

    monkeypatch.setattr(recall.recall, "family", seen)
    monkeypatch.setattr(recall.stock_locks, "lock_products", lambda ids: locked.append(sorted(ids)) or lock(ids))
    assert len(recall.block_all(bakery["flour"], reason="stones")) == 3
    assert locked[:3] == [[bakery[name].product_id] for name in ("flour", "dough", "bread")]


def test_a_recall_of_many_lots_asks_as_often_as_one_of_few(bakery, django_assert_max_num_queries):
    """Each lot was locked, read and saved by itself, and its holds went on to the next that was blocked after it."""
    bread, shop, flour = bakery["bread"].product, bakery["shop"], bakery["flour"]
    Lot.objects.filter(pk=bakery["other"].pk).update(status="blocked")
    for number in range(30):
        make_stock(bread, 1, shop, lot_code=f"B-{number}").parents.add(flour)
    late = holds.place(origin=make_origin(), lines=[HoldLine(bread, D(30))], locations=[shop])[0]
    why = "y" * 200
    with django_assert_max_num_queries(25):
        done = recall.block_all(flour, reason=why)
    assert len(done) == 33
    assert not Lot.objects.filter(pk__in=[lot.pk for lot in done]).exclude(status="blocked").exists()
    last = Lot.objects.get(code="B-29").history.first()
    assert (last.history_type, last.status, last.history_change_reason) == ("~", "blocked", f"Recall of FL-1: {why}")
    assert not late.allocations.exists()
    assert differences() == []


def test_a_trace_goes_through_parts_and_merged_lots_both_ways(bakery):
    bread, shop = bakery["bread"], bakery["shop"]
    part = rearranging.split(lot=bread, location=shop, quantity=D(2), reason="torn", code="PART")
    other = rearranging.split(lot=bakery["other"], location=shop, quantity=D(1), reason="torn", code="FREE")
    rearranging.merge(lot=part, into=other, location=shop, reason="one box")
    order = make_origin("order-9")
    Lot.objects.filter(pk__in=[bread.pk, bakery["other"].pk]).update(status="quarantine")
    holds.place(origin=order, lines=[HoldLine(bread.product, D(3))], locations=[shop])
    holds.fulfil_for(order)
    found = reads.of(bakery["flour"])
    assert {one.lot.code: one.level for one in found.family if one.level > 2} == {"PART": 3, "FREE": 4}
    assert [(row.lot.code, row.quantity) for row in found.sold if row.origin == order] == [("FREE", 3)]
    back = {one.lot.code for one in reads.of(other).ancestors}
    assert {"PART", bread.code, bakery["dough"].code, "FL-1", "SA-1", "OTHER"} == back
    assert {one.code for one in recall.block_all(bakery["flour"], reason="stones")} >= {"PART", "FREE", bread.code}
    assert not Lot.objects.exclude(status="blocked").exclude(code__in=["SA-1", "OTHER"]).exists()


def test_the_page_of_a_lot_says_where_the_rest_of_a_long_list_is(as_user, bakery, monkeypatch):
    """After fifty it stopped, and nothing said that there were more."""
    flour = bakery["flour"]
    made_of_it = Lot.objects.bulk_create(Lot(product=bakery["bread"].product, code=f"N-{n}") for n in range(50))
    for lot in made_of_it:
        lot.parents.add(flour)
    client = as_user("inventory.view_lot", "inventory.view_stockoperation")
    page = client.get(flour.get_absolute_url()).content.decode()
    assert page.count(">N-") == 50
    assert "42 more" in page
    assert "All of them: trace and recall" in page
    assert "more</summary>" not in client.get(bakery["salt"].get_absolute_url()).content.decode()

    Lot.objects.filter(pk=flour.pk).update(code="77001")
    went = reverse("inventory:lot_went", args=[flour.pk])
    assert "Older ones too" not in client.get(went).content.decode()
    rearranging.split(lot=flour, location=bakery["shop"], quantity=D(1), reason="torn")
    monkeypatch.setattr("apps.inventory.views.lots.MOVES", 1)
    assert client.get(went).content.decode().count("/stock/operations/?q=77001") == 1
    listed = client.get(reverse("inventory:operation_list"), {"q": "77001"}).content.decode()
    assert listed.count('href="/stock/operations/') >= 2


def test_a_trace_of_very_many_shows_the_first_hundred_and_the_rest_when_asked(as_user, bakery):
    """A recall of three hundred lots was a page of a megabyte that took seconds."""
    made_of_it = Lot.objects.bulk_create(Lot(product=bakery["bread"].product, code=f"N-{n:03}") for n in range(120))
    Lot.parents.through.objects.bulk_create(
        Lot.parents.through(from_lot_id=lot.pk, to_lot_id=bakery["flour"].pk) for lot in made_of_it
    )
    url = reverse("inventory:lot_trace", args=[bakery["flour"].pk])
    client = as_user("inventory.view_lot")
    few, all_of_them = client.get(url).content.decode(), client.get(url, {"all": "1"}).content.decode()
    assert (few.count(">N-"), all_of_them.count(">N-")) == (99, 120)
    assert '<a href="?all=1">23 more</a>' in few
    assert "23 more" not in all_of_them


def test_what_came_back_was_not_sold(bakery):
    sale = bakery["bread"].moves.get(operation__kind="sale").operation
    stock.reverse(sale, reason="wrong person")
    assert reads.of(bakery["flour"]).sold == []


def test_the_pages_the_sheet_and_the_file(as_user, bakery):
    client = as_user("inventory.view_lot", "inventory.block_lot")
    pk = bakery["flour"].pk
    page = client.get(reverse("inventory:lot_trace", args=[pk])).content.decode()
    assert bakery["bread"].code in page
    assert client.get(reverse("inventory:lot_recall_sheet", args=[pk])).status_code == 200
    text = b"".join(client.get(reverse("inventory:lot_recall_file", args=[pk]))).decode()
    assert f"still here,{bakery['bread'].product.sku},Bread,{bakery['bread'].code},17,un,Shop,,," in text
    assert f"sold,{bakery['bread'].product.sku},Bread,{bakery['bread'].code},3,un,order-1" in text
    action = reverse("inventory:lot_recall", args=[pk])
    assert "3 lots are blocked; 1 hold" in client.get(action).content.decode()
    assert client.post(action, {"reason": ""}).status_code == 422
    assert client.post(action, {"reason": "stones"}).status_code == 302
    assert "blocked already: there is nothing more to block" in client.get(action).content.decode()
    again = client.post(action, {"reason": "stones"}, follow=True).content.decode()
    assert "All were blocked already; nothing was changed." in again
    assert as_user("inventory.view_lot", username="other").post(action, {"reason": "x"}).status_code == 403


def test_the_file_opens_in_a_spreadsheet_of_the_reader_and_runs_nothing(as_user, bakery, monkeypatch):
    """In Portuguese all of a row stood in one cell. A name that begins like a formula is a name."""
    party = reads.Party("=HYPERLINK(1)", "+55 11 9")

    def ask(documents: Any) -> Any:
        rows = [row for model, keys in documents.items() for row in model.objects.filter(pk__in=keys)]
        return {(type(row), row.pk): reads.Told(row, party) for row in rows}

    monkeypatch.setattr("apps.orders.selectors.parties.of", ask)
    stock.waste(lot=bakery["salt"], location=bakery["shop"], quantity=D("0.25"), reason="wet")
    client = as_user("inventory.view_lot", "inventory.block_lot", "orders.view_order", language="pt-br")
    answer = client.get(reverse("inventory:lot_recall_file", args=[bakery["salt"].pk]))
    lines = b"".join(answer).decode().removeprefix("\ufeff").splitlines()
    rows = [line.split(";") for line in lines]
    assert {len(row) for row in rows} == {10}
    sold = next(row for row in rows if "order-1" in row)
    assert (sold[4], sold[8], sold[9]) == ("3", "'=HYPERLINK(1)", "'+55 11 9")
    assert {row[4] for row in rows if row[3] == "SA-1"} == {"0,75", "0,25"}


def test_who_bought_is_told_to_who_may_see_orders(as_user, bakery, monkeypatch):
    def ask(documents: Any) -> Any:
        maria = reads.Party("Maria Lima", "+55 11")
        rows = [row for model, keys in documents.items() for row in model.objects.filter(pk__in=keys)]
        return {(type(row), row.pk): reads.Told(row, maria) for row in rows}

    monkeypatch.setattr("apps.orders.selectors.parties.of", ask)
    url = reverse("inventory:lot_trace", args=[bakery["flour"].pk])
    keeper = as_user("inventory.view_lot", "inventory.block_lot", username="keeper")
    assert "Maria Lima" not in keeper.get(url).content.decode()
    seller = as_user("inventory.view_lot", "inventory.block_lot", "orders.view_order", username="seller")
    assert "Maria Lima" in seller.get(url).content.decode()


def test_the_sheet_goes_place_by_place_and_calls_each_customer_once(as_user, bakery, monkeypatch):
    """It went by product, to and fro between the places; and who bought twice was to be called twice."""
    cellar, bread = make_location("Cellar"), bakery["bread"].product
    stock.transfer(lot=bakery["bread"], quantity=D(6), source=bakery["shop"], destination=cellar)
    sales = {"maria-1": ("Maria Lima", "+55 11"), "counter": ("Counter", ""), "maria-2": ("Maria Lima", "+55 11")}
    for name in sales:
        order = make_origin(name)
        holds.place(origin=order, lines=[HoldLine(bread, D(1))], locations=[cellar])
        holds.fulfil_for(order)

    def ask(documents: Any) -> Any:
        rows = [row for model, keys in documents.items() for row in model.objects.filter(pk__in=keys)]
        return {
            (type(row), row.pk): reads.Told(row, reads.Party(*sales[row.name])) for row in rows if row.name in sales
        }

    monkeypatch.setattr("apps.orders.selectors.parties.of", ask)
    client = as_user("inventory.view_lot", "inventory.block_lot", "orders.view_order")
    answer = client.get(reverse("inventory:lot_recall_sheet", args=[bakery["flour"].pk]))

    assert [row.location.name for row in answer.context["here"]] == ["Cellar", "Shop", "Shop", "Shop"]
    assert [row.label for row in answer.context["sold"]][:2] == ["maria-2", "maria-1"]
    text = answer.content.decode()
    assert (text.count("Maria Lima"), text.count("+55 11")) == (2, 1)
    assert "of 1<" not in text  # the printer counts the pages


def test_what_was_sent_back_and_refused_is_not_away(bakery):
    back = rearranging.return_to_supplier(lot=bakery["salt"], location=bakery["shop"], quantity=D(1), reason="wet")
    assert [(row.lot, row.quantity) for row in reads.of(bakery["salt"]).lost] == [(bakery["salt"], 1)]
    stock.reverse(back, reason="they refused it")
    assert reads.of(bakery["salt"]).lost == []


def test_a_hold_on_two_lots_of_the_family_is_one_hold(bakery):
    more = make_stock(bakery["dough"].product, 3, bakery["shop"], lot_code="D-2")
    more.parents.add(bakery["flour"])
    holds.place(origin=make_origin(), lines=[HoldLine(bakery["dough"].product, D(8))], locations=[bakery["shop"]])
    found, reach = reads.of(bakery["flour"]), reads.reach(bakery["flour"])
    assert len(found.held) == 3
    assert (reach.open, reach.holds) == (found.open, 2) == (4, 2)


def test_lots_merged_to_and_fro_are_traced_once_each_at_their_nearest_level(bakery):
    bakery["flour"].parents.add(bakery["bread"])
    for lot, levels in (("flour", (0, 1, 2)), ("dough", (2, 0, 1)), ("bread", (1, 2, 0))):
        level_of = {one.lot: one.level for one in reads.family(bakery[lot])}
        assert len(reads.family(bakery[lot])) == 3
        assert tuple(level_of[bakery[name]] for name in ("flour", "dough", "bread")) == levels
    back = {one.lot: one.level for one in reads.ancestors(bakery["flour"])}
    assert back == {bakery["bread"]: 1, bakery["dough"]: 2, bakery["salt"]: 3}


def test_a_trace_ends_after_twenty_levels(bakery):
    bun = make_product("Starter")
    chain = [Lot.objects.create(product=bun, code=f"S{number:02}") for number in range(23)]
    for parent, child in pairwise(chain):
        child.parents.add(parent)
    found = reads.of(chain[0])
    assert [(one.lot, one.level) for one in found.family] == [(lot, at) for at, lot in enumerate(chain[:21])]
    assert [one.lot for one in reads.of(chain[22]).ancestors] == chain[2:22][::-1]


def test_a_trace_asks_twelve_times_at_most_however_far_it_goes(as_user, bakery):
    """Session, person, permissions, company, menu: what every page asks. Of its own: all lots with their levels, what
    is here, what holds it, what left; and once for each kind of document, of which there are three here."""
    bread, shop, old = bakery["bread"].product, bakery["shop"], bakery["bread"]
    client = as_user("inventory.view_lot", "inventory.block_lot", "orders.view_order")

    def causes(lot: Lot) -> None:
        for kind in (make_origin, make_location, make_product):
            for _ in range(2):
                document = kind()
                holds.place(origin=document, lines=[HoldLine(lot.product, D(1))], locations=[shop])
                holds.fulfil_for(document)
                holds.place(origin=document, lines=[HoldLine(lot.product, D(1))], locations=[shop])

    def asked(lot: Lot) -> int:
        url = reverse("inventory:lot_trace", args=[lot.pk])
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url)
        assert answer.status_code == 200
        return len(queries)

    holds.release_for(bakery["hold"].origin, reason="x")
    Lot.objects.filter(pk=bakery["other"].pk).update(status="blocked")
    causes(old)
    far = asked(bakery["flour"])
    assert far <= 12
    found = reads.of(bakery["flour"])
    assert {one.level for one in found.family} == {0, 1, 2}
    assert len({type(row.origin) for row in found.sold}) == len({type(row.hold.origin) for row in found.held}) == 3
    assert asked(old) == far  # one level forward, two back
    next_lots = [made(bread, "20", shop, old) for _ in range(3)]
    made(bread, "20", shop, *next_lots)
    causes(next_lots[0])
    assert {one.level for one in reads.of(bakery["flour"]).family} == {0, 1, 2, 3, 4}
    assert asked(bakery["flour"]) == far
