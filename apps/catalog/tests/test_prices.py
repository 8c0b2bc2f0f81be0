from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from apps.catalog.errors import InvalidProduct, PriceChanged, PriceRefused
from apps.catalog.models import Price
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import packs, price_lists, prices, pricing
from apps.catalog.services.pricing import PricedLine, PricingContext
from backoffice.kernel import bulk, clock

from .factories import make_price, make_price_list, make_product, make_unit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def amounts(product: object) -> list[tuple[Decimal, bool]]:
    return [(row.amount, row.valid_to is None) for row in Price.objects.filter(product=product).order_by("valid_from")]  # type: ignore[misc]


def test_a_change_closes_one_row_and_opens_another() -> None:
    bread, counter = make_product(), make_price_list()
    first = make_price(bread, "9.50", valid_from=clock.now() - 30 * DAY)

    second = make_price(bread, "9.90", reason="flour is dearer")

    first.refresh_from_db()
    assert first.valid_to == second.valid_from
    assert price_reads.current(counter, [bread]) == {bread.pk: Decimal("9.90")}
    assert price_reads.current(counter, [bread], clock.now() - DAY) == {bread.pk: Decimal("9.50")}
    assert price_reads.current(counter, [bread], clock.now() - 31 * DAY) == {}
    assert second.history.latest().history_change_reason == "flour is dearer"


def test_the_same_price_again_is_no_change() -> None:
    bread = make_product()
    first = make_price(bread, "9.50")

    assert make_price(bread, "9.50") == first
    assert Price.objects.count() == 1


def test_a_scheduled_price_begins_by_itself_and_survives_a_change_now() -> None:
    bread, counter = make_product(), make_price_list()
    make_price(bread, "9.50", valid_from=clock.now() - DAY)
    later = clock.now() + 7 * DAY
    make_price(bread, "11", valid_from=later)

    make_price(bread, "9.90")

    assert price_reads.current(counter, [bread]) == {bread.pk: Decimal("9.90")}
    assert price_reads.current(counter, [bread], later) == {bread.pk: Decimal("11")}
    assert amounts(bread) == [(Decimal("9.50"), False), (Decimal("9.90"), False), (Decimal("11"), True)]


def test_a_scheduled_price_is_set_anew_and_cancelled() -> None:
    bread, counter = make_product(), make_price_list()
    make_price(bread, "9.50", valid_from=clock.now() - DAY)
    later = clock.now() + 7 * DAY
    make_price(bread, "11", valid_from=later)
    scheduled = make_price(bread, "12", valid_from=later)
    assert amounts(bread) == [(Decimal("9.50"), False), (Decimal("12"), True)]

    prices.cancel_scheduled(scheduled)

    assert amounts(bread) == [(Decimal("9.50"), True)]
    assert price_reads.current(counter, [bread], later) == {bread.pk: Decimal("9.50")}


def test_what_was_valid_is_not_rewritten() -> None:
    bread = make_product()
    make_price(bread, "9.50", valid_from=clock.now() - 30 * DAY)

    with pytest.raises(PriceRefused, match="history"):
        make_price(bread, "8", valid_from=clock.now() - DAY)
    with pytest.raises(PriceRefused):
        prices.cancel_scheduled(Price.objects.get())


@pytest.mark.parametrize("amount", ["-1", "1.00001"])
def test_bad_amounts_are_refused(amount: str) -> None:
    with pytest.raises(PriceRefused):
        make_price(make_product(), amount)


def test_the_price_that_was_shown_must_still_hold() -> None:
    bread, counter = make_product(), make_price_list()
    make_price(bread, "9.50")
    make_price(bread, "9.90", shown=Decimal("9.50"))

    with pytest.raises(PriceChanged):
        make_price(bread, "9", shown=Decimal("9.50"))

    assert price_reads.current(counter, [bread]) == {bread.pk: Decimal("9.90")}


def test_many_prices_at_once_write_history_and_skip_what_is_the_same() -> None:
    counter = make_price_list()
    products = [make_product(price="5") for _ in range(3)]
    fresh = make_product()
    changes = [prices.Change(product.pk, Decimal(6)) for product in products[:2]]
    changes += [prices.Change(products[2].pk, Decimal(5)), prices.Change(fresh.pk, Decimal(7))]

    written = prices.set_many(counter, changes, reason="import")

    assert written == 3
    assert price_reads.current(counter, [*products, fresh]) == {
        products[0].pk: Decimal(6), products[1].pk: Decimal(6), products[2].pk: Decimal(5), fresh.pk: Decimal(7)
    }  # fmt: skip
    assert all(row.history.exists() for row in Price.objects.all())


def test_first_prices_are_written_once_with_their_ends(django_assert_max_num_queries: Any) -> None:
    counter, now = make_price_list(), clock.now()
    many = [make_product() for _ in range(12)]
    steps = [(now - DAY, Decimal(1)), (None, Decimal(2)), (now + DAY, Decimal(3)), (now + 2 * DAY, Decimal(4))]

    with django_assert_max_num_queries(18):
        written = prices.begin(counter, {product.pk: steps for product in many}, reason="import")

    assert written == 36
    assert amounts(many[0]) == [(Decimal(2), False), (Decimal(3), False), (Decimal(4), True)]
    rows = list(Price.objects.filter(product=many[0]).order_by("valid_from"))
    assert [row.valid_to for row in rows] == [now + DAY, now + 2 * DAY, None]
    assert [row.history.count() for row in rows] == [1, 1, 1]
    assert rows[0].history.get().history_change_reason == "import"
    with pytest.raises(PriceRefused, match="already"):
        prices.begin(counter, {many[0].pk: [(None, Decimal(5))]})
    with pytest.raises(PriceRefused, match="negative"):
        prices.begin(counter, {make_product().pk: [(None, Decimal(-5))]})


def test_withdraw_takes_off_the_list() -> None:
    bread, counter = make_product(price="5"), make_price_list()

    prices.withdraw(bread, counter)

    assert price_reads.current(counter, [bread]) == {}


def test_the_database_refuses_an_overlap() -> None:
    bread, counter = make_product(), make_price_list()
    now = clock.now()
    Price.objects.create(price_list=counter, product=bread, amount=1, valid_from=now, valid_to=now + 4 * DAY)
    Price.objects.create(price_list=counter, product=bread, amount=1, valid_from=now + 4 * DAY)

    for valid_from, valid_to in [(now + DAY, now + 2 * DAY), (now - DAY, None), (now - DAY, now + DAY)]:
        with pytest.raises(IntegrityError), transaction.atomic():
            Price.objects.create(price_list=counter, product=bread, amount=1, valid_from=valid_from, valid_to=valid_to)
    with pytest.raises(IntegrityError), transaction.atomic():
        Price.objects.filter(valid_to__isnull=False).update(valid_to=now + 5 * DAY)


def test_the_guard_against_overlaps_is_there() -> None:
    query = (
        "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'price_windows_do_not_overlap%' AND tgenabled = 'O'"
        if connection.vendor == "postgresql"
        else "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'price_windows_do_not_overlap%'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchone()[0] == 2


def test_windows_of_one_statement_do_not_overlap_either() -> None:
    bread, counter, now = make_product(), make_price_list(), clock.now()
    rows = [
        Price(price_list=counter, product=bread, amount=1, valid_from=now + day * DAY, valid_to=now + (day + 2) * DAY)
        for day in range(2)
    ]
    with pytest.raises(IntegrityError, match="overlap"), transaction.atomic():
        bulk.insert(rows)
    assert not Price.objects.exists()


def test_by_list_shows_tiers_and_schedule() -> None:
    bread, counter = make_product(), make_price_list()
    wholesale = make_price_list("wholesale")
    make_price(bread, "9.50")
    make_price(bread, "7.20", min_quantity=Decimal(24))
    make_price(bread, "9.90", valid_from=clock.now() + DAY)

    first, second = price_reads.by_list(bread)

    assert first.price_list == counter
    assert first.current is not None
    assert (first.current.amount, [tier.amount for tier in first.tiers]) == (Decimal("9.50"), [Decimal("7.20")])
    assert [row.amount for row in first.scheduled] == [Decimal("9.90")]
    assert (second.price_list, second.current) == (wholesale, None)
    assert price_reads.current_by_list(bread) == [first.current]


def test_one_list_is_the_default() -> None:
    counter = make_price_list()
    wholesale = make_price_list("wholesale")
    assert price_reads.default_list() == counter

    price_lists.update(wholesale, is_default=True)

    assert price_reads.default_list() == wholesale


def test_the_windows_of_a_price_are_found_by_its_product() -> None:
    """The unit is the same for nearly all prices; looking through it made every price cost a walk through all."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'catalog_price'")
        triggers = [sql for (sql,) in cursor.fetchall() if "price_windows_do_not_overlap" in sql]
        assert len(triggers) == 2
        for sql in triggers:
            select = sql[sql.index("SELECT 1") : sql.index("BEGIN")].strip().removesuffix(")").strip()
            cursor.execute("EXPLAIN QUERY PLAN " + re.sub(r"NEW\.\w+", "1", select))
            assert "price_by_product" in str(cursor.fetchall())


def test_a_price_counts_in_any_unit_that_converts(as_user: Any) -> None:
    flour, counter = make_product("Flour", unit="kg"), make_price_list()
    gram, dozen = make_unit("g"), make_unit("dz")
    client = as_user("catalog.change_price")
    url = reverse("catalog:price_set", args=[flour.pk])
    shown = client.get(url).content.decode()
    assert ">g<" in shown
    assert ">dz<" not in shown

    for amount, start in (("0.0120", ""), ("0.0100", "500")):
        data = {"price_list": counter.pk, "amount": amount, "unit": f"u{gram.pk}", "min_quantity": start}
        assert client.post(url, data).status_code == 302

    pack = flour.packs.get()
    assert (pack.name, pack.ratio) == ("g", Fraction(1, 1000))
    assert client.get(url).content.decode().count(">g<") == 1
    for weight, total in (("0.25", 3), ("0.5", 5)):
        lines = [PricedLine("a", flour.pk, Decimal(weight))]
        assert pricing.quote(lines, PricingContext(counter.pk, clock.now())).total == total
    with pytest.raises(InvalidProduct, match="conversion"):
        prices.set_price(flour, counter, amount=Decimal(1), unit=dozen)
    wrong = client.post(url, {"price_list": counter.pk, "amount": "1", "unit": f"u{dozen.pk}"})
    assert wrong.status_code == 422


def test_a_pack_of_the_name_of_a_unit_that_holds_something_else_is_no_unit() -> None:
    flour = make_product("Flour", unit="kg")
    packs.add(flour, name="G", quantity=Decimal(30))

    with pytest.raises(InvalidProduct, match="something else"):
        prices.set_price(flour, make_price_list(), amount=Decimal(1), unit=make_unit("g"))


def test_a_price_for_many_is_taken_away_on_the_screen(as_user: Any) -> None:
    bread = make_product(price="10")
    tier = make_price(bread, "8", min_quantity=Decimal(24))
    later = make_price(bread, "7", min_quantity=Decimal(24), valid_from=clock.now() + 7 * DAY)
    client, url = as_user("catalog.view_product", "catalog.view_price", "catalog.change_price"), price_end(tier)
    assert url in client.get(reverse("catalog:product_prices", args=[bread.pk])).content.decode()

    assert "its other prices in this list count" in client.get(url).content.decode()
    assert client.post(url, {"reason": "nobody buys so many"}).status_code == 302
    last = Price.objects.at(clock.now()).get(product=bread)
    assert "no price in this list, nor in those that follow" in client.get(price_end(last)).content.decode()

    tier.refresh_from_db()
    assert tier.valid_to is not None
    assert tier.history.latest().history_change_reason == "nobody buys so many"
    assert price_reads.current(make_price_list(), [bread], clock.now()) == {bread.pk: Decimal(10)}
    again, early = client.post(url), client.post(price_end(later))
    assert (again.status_code, early.status_code) == (409, 409)
    assert "over already" in again.content.decode()
    assert "Cancel it instead" in early.content.decode()


def test_a_price_of_its_own_is_taken_away_and_the_list_follows_again(as_user: Any) -> None:
    bread, counter = make_product(price="10"), make_price_list()
    market = price_lists.create(name="Market", base=counter, percentage=Decimal(20), is_default=False)
    own = make_price(bread, "11", price_list=market)
    assert as_user("catalog.view_product", "catalog.view_price").post(price_end(own)).status_code == 403
    client = as_user("catalog.view_product", "catalog.view_price", "catalog.change_price")

    assert "follows the list" in client.get(price_end(own)).content.decode()
    assert client.post(price_end(own)).status_code == 302

    assert price_reads.current(market, [bread]) == {bread.pk: Decimal(12)}
    derived = Price.objects.at(clock.now()).get(price_list=market)
    assert client.post(price_end(derived)).status_code == 409


def test_the_answer_says_from_when_and_until_when_a_price_counts(as_user: Any) -> None:
    bread, day = make_product("Bread", price="10"), clock.today() + 7 * DAY
    client = as_user("catalog.view_product", "catalog.view_price", "catalog.change_price")
    url, counter = reverse("catalog:price_set", args=[bread.pk]), make_price_list()

    later = client.post(url, {"price_list": counter.pk, "amount": "12", "valid_from": day.isoformat()}, follow=True)
    now = client.post(url, {"price_list": counter.pk, "amount": "11"}, follow=True)

    said = [str(message) for page in (later, now) for message in page.context["messages"]]
    assert said[0].startswith("Bread: 12.00 from ")
    assert said[1].startswith("Bread: 11.00 until ")
    never = client.post(url, {"price_list": counter.pk, "amount": "12", "valid_from": "9999-12-31"})
    assert (never.status_code, "our time" in never.content.decode()) == (422, True)


def price_end(price: Price) -> str:
    return reverse("catalog:price_end", args=[price.pk])
