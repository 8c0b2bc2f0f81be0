"""Alerts: once for every crossing, seen by a person, told to whoever wants to know."""

from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import IntegrityError, transaction

from apps.catalog.models import PriceList
from apps.catalog.services import prices
from apps.inventory.errors import AlertSettled
from apps.inventory.models import AlertNotice, Location, Lot, ReorderRule, StockAlert
from apps.inventory.selectors import alerts as reads
from apps.inventory.services import alert_jobs, alerts, holds, lots, reorder, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db
D = Decimal


def kinds(**which: Any) -> list[str]:
    return list(StockAlert.objects.open().filter(**which).order_by("kind").values_list("kind", flat=True))


def waste(lot: Lot, shop: Location, quantity: int) -> Any:
    return stock.waste(lot=lot, location=shop, quantity=D(quantity), reason="fell")


def test_a_minimum_is_crossed_once_each_time(shop, committed):
    bun = make_product("Bun")
    reorder.set_minimum(bun, minimum=D(10))
    lot = committed(make_stock, bun, 12, shop)
    assert kinds() == []
    committed(waste, lot, shop, 3)
    first = StockAlert.objects.get()
    assert (first.kind, first.measured, first.limit) == ("low", 9, 10)
    assert first.says == "9\N{NO-BREAK SPACE}un available, minimum 10\N{NO-BREAK SPACE}un"
    committed(waste, lot, shop, 1)
    assert StockAlert.objects.count() == 1, "the same crossing raises nothing anew"
    committed(make_stock, bun, 5, shop)
    first.refresh_from_db()
    assert first.resolved_at is not None
    committed(waste, lot, shop, 5)
    assert StockAlert.objects.count() == 2
    assert [alert.pk for alert in reads.earlier(StockAlert.objects.open().get())] == [first.pk]


def test_a_hold_crosses_the_line_as_a_sale_does_and_letting_go_crosses_back(shop, committed):
    bun = make_product("Bun")
    reorder.set_minimum(bun, minimum=D(10))
    committed(make_stock, bun, 12, shop)
    origin = make_origin()
    committed(holds.place, origin=origin, lines=[HoldLine(bun, D(4))], locations=[shop])
    assert kinds() == ["low"]
    committed(holds.release_for, origin)
    assert kinds() == []


def test_waiting_demand_is_raised_with_the_hold_and_ends_when_stock_arrives(shop, committed):
    bun = make_product("Bun")
    committed(make_stock, bun, 3, shop)
    committed(holds.place, origin=make_origin(), lines=[HoldLine(bun, D(10))], locations=[shop], partial=True)
    committed(holds.place, origin=make_origin(), lines=[HoldLine(bun, D(1))], locations=[shop], partial=True)
    alert = StockAlert.objects.open().get()
    assert (alert.kind, alert.subject_id) == ("waiting", bun.pk)
    alerts.sweep()
    alert.refresh_from_db()
    assert alert.measured == 8, "the sweep brings the figures up to date"
    committed(make_stock, bun, 8, shop)
    assert kinds() == []


def test_blocking_the_only_lot_crosses_both_lines(shop, committed):
    bun = make_product("Bun")
    reorder.set_minimum(bun, minimum=D(5))
    lot = committed(make_stock, bun, 12, shop)
    committed(holds.place, origin=make_origin(), lines=[HoldLine(bun, D(2))], locations=[shop])
    committed(lots.block, lot, reason="smells")
    assert kinds() == ["low", "waiting"]
    committed(lots.unblock, lot, reason="was the fridge")
    assert kinds() == []


def test_a_minimum_of_one_place_counts_that_place_only(shop, committed):
    bun, cellar = make_product("Bun"), make_location("Cellar")
    rule = ReorderRule.objects.create(product=bun, location=shop, minimum=D(5), target=D(9))
    committed(make_stock, bun, 20, cellar)
    alert = StockAlert.objects.get()
    assert (alert.subject_id, alert.location, alert.measured) == (rule.pk, shop, 0)
    assert "at Shop" in alert.says
    committed(make_stock, bun, 6, shop)
    assert kinds() == []


def test_time_crosses_lines_and_the_sweep_finds_them(shop, committed):
    bun = make_product("Bun")
    lot = committed(make_stock, bun, 4, shop, expires_on=clock.today() + timedelta(days=5))
    alerts.sweep()
    assert kinds() == []
    with clock.fixed(clock.now() + timedelta(days=2)):
        assert alerts.sweep() == 1
        alert = StockAlert.objects.get()
        assert (alert.kind, alert.lot, alert.day) == ("expiring", lot, lot.expires_on)
        assert alerts.sweep() == 0
    with clock.fixed(clock.now() + timedelta(days=6)):
        alerts.sweep()
        assert kinds() == ["expired"]
        committed(stock.waste, lot=lot, location=shop, quantity=D(4), reason="too old")
        assert kinds() == [], "what is thrown away is no longer on the shelf"


def test_what_never_lasts_longer_is_not_told_until_it_stays_on_the_shelf(shop, committed):
    committed(make_stock, make_product("Bun", shelf_life_days=2), 4, shop)
    alerts.sweep()
    assert kinds() == []
    with clock.fixed(clock.now() + timedelta(days=3)):
        alerts.sweep()
        assert kinds() == ["expired"]


def test_a_price_below_cost_is_told_and_stays_told_when_stock_runs_out(shop, committed):
    bun = make_product("Bun")
    counter = PriceList.objects.create(code="counter", name="Counter")
    prices.set_price(bun, counter, amount=D(3))
    lot = committed(make_stock, bun, 4, shop, cost="3.50")
    alerts.sweep()
    alert = StockAlert.objects.get()
    assert (alert.kind, alert.measured, alert.limit, alert.price_list) == ("margin", 3, D("3.5"), counter)
    assert alert.says == "3.00 in Counter, costs 3.50"
    committed(waste, lot, shop, 4)
    alerts.sweep()
    assert kinds() == ["margin"], "without stock nobody knows what it costs now"
    committed(make_stock, bun, 4, shop, cost="2")
    alerts.sweep()
    assert kinds() == []


def test_a_minimum_that_is_taken_away_ends_its_alert(shop, committed):
    bun = make_product("Bun")
    committed(reorder.set_minimum, bun, minimum=D(5))
    assert kinds() == ["low"], "a new minimum is a line too"
    committed(reorder.set_minimum, bun, minimum=D(0))
    assert kinds() == []


def test_moving_stock_asks_one_query_more_and_writes_nothing_when_no_line_is_crossed(
    shop, committed, django_assert_num_queries
):
    bun, roll = make_product("Bun"), make_product("Roll")
    for product in (bun, roll):
        reorder.set_minimum(product, minimum=D(1))
        committed(make_stock, product, 100, shop)
    with django_assert_num_queries(1):
        alerts.look({bun.pk, roll.pk})


def test_everything_that_moves_in_one_transaction_is_looked_at_once(shop, committed, monkeypatch):
    seen: list[set[int]] = []
    monkeypatch.setattr(alerts, "look", lambda products: seen.append(set(products)))
    bun, roll = make_product("Bun"), make_product("Roll")

    @transaction.atomic
    def both() -> None:
        make_stock(bun, 1, shop)
        make_stock(roll, 1, shop)

    committed(both)
    assert seen == [{bun.pk, roll.pk}]


def test_what_goes_wrong_while_looking_never_reaches_whoever_sells(shop, committed, monkeypatch):
    def broken(products: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(alerts, "look", broken)
    committed(make_stock, make_product("Bun"), 1, shop)


def test_the_database_takes_one_open_alert_of_a_kind_and_subject(shop):
    bun = make_product("Bun")
    values = {"kind": "waiting", "subject_id": bun.pk, "product": bun, "measured": D(1), "raised_at": clock.now()}
    StockAlert.objects.create(**values, resolved_at=clock.now())
    StockAlert.objects.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        StockAlert.objects.create(**values)


def test_who_saw_it_is_kept_and_the_second_is_told_who_was_first(shop, committed, user_with):
    bun = make_product("Bun")
    committed(reorder.set_minimum, bun, minimum=D(5))
    alert = StockAlert.objects.get()
    with acting(user_with(username="olga")):
        alerts.acknowledge(alert, note=" ordered ")
    alert.refresh_from_db()
    assert (alert.acknowledged_by.name, alert.note, alert.state) == ("Olga", "ordered", "seen")
    with acting(user_with(username="ben")), pytest.raises(AlertSettled, match="Olga saw it"):
        alerts.acknowledge(alert, note="mine")
    committed(make_stock, bun, 9, shop)
    alert.refresh_from_db()
    assert alert.note == "ordered"
    with pytest.raises(AlertSettled, match="over since"):
        alerts.acknowledge(alert)


def reader(username: str, *wanted: str, may: bool = True, user_with: Any) -> Any:
    user = user_with(*(["inventory.view_stockalert"] if may else []), username=username)
    get_user_model().objects.filter(pk=user.pk).update(email=f"{username}@example.com")
    alerts.choose(user, wanted)
    return user


def test_who_chose_a_kind_gets_one_letter_for_what_comes_together(shop, committed, user_with):
    reader("olga", "low", user_with=user_with)
    reader("ben", "margin", user_with=user_with)
    reader("eve", "low", may=False, user_with=user_with)
    for name in ("Bun", "Roll"):
        committed(reorder.set_minimum, make_product(name), minimum=D(5))
    told = list(Directive.objects.filter(topic="notify.staff"))
    assert len(told) == 2, "one for each who chose it, whatever is raised in the same minutes"
    assert all(directive.available_at > clock.now() for directive in told)
    for directive in [*told, *told]:
        alert_jobs.tell(directive)
    letter = mail.outbox[0]
    assert len(mail.outbox) == 1
    assert letter.to == ["olga@example.com"]
    assert "2 things" in letter.subject
    assert "Bun: below minimum" in letter.body
    assert f"/stock/alerts/{StockAlert.objects.first().pk}/" in letter.body
    assert AlertNotice.objects.count() == 2


def test_a_letter_about_many_counts_them_and_names_the_worst(shop, committed, user_with):
    for number in range(12):
        committed(reorder.set_minimum, make_product(f"Bun {number:02}"), minimum=D(5))
    late = make_product("Roll")
    committed(holds.place, origin=make_origin(), lines=[HoldLine(late, D(3))], locations=[shop], partial=True)
    reader("olga", "low", "waiting", user_with=user_with)
    committed(reorder.set_minimum, make_product("Bun 12"), minimum=D(5))
    directive = Directive.objects.get(topic="notify.staff")
    alert_jobs.tell(directive)
    [letter] = mail.outbox
    assert "14 things" in letter.subject
    named = [line for line in letter.body.splitlines() if line.startswith("* ")]
    assert (len(named), named[0]) == (10, "* Roll: waiting demand")
    assert "and 4 more. In all:\n  waiting demand: 1\n  below minimum: 13\n" in letter.body
    assert "/stock/alerts/?view=new" in letter.body
    assert AlertNotice.objects.count() == 14, "who was told of their number is told of each"
    alert_jobs.tell(directive)
    assert len(mail.outbox) == 1


def test_what_somebody_saw_or_what_is_over_is_not_written_about(shop, committed, user_with):
    user = reader("olga", "low", user_with=user_with)
    bun, roll = make_product("Bun"), make_product("Roll")
    committed(reorder.set_minimum, bun, minimum=D(5))
    committed(reorder.set_minimum, roll, minimum=D(5))
    alerts.acknowledge(StockAlert.objects.get(product=bun))
    committed(make_stock, roll, 5, shop)
    alert_jobs.tell(Directive.objects.filter(topic="notify.staff", payload__user=user.pk).first())
    assert mail.outbox == []


def test_the_clock_issues_the_sweep_once(shop):
    alert_jobs.start_sweep()
    alert_jobs.start_sweep()
    assert Directive.objects.filter(topic="stock.alerts").count() == 1


def test_an_alert_is_never_over_before_it_began(shop, committed):
    bun = make_product("Bun")
    reorder.set_minimum(bun, minimum=D(10))
    committed(make_stock, bun, 5, shop)
    alert = StockAlert.objects.get()
    with clock.fixed(alert.raised_at - timedelta(days=1)):
        committed(make_stock, bun, 20, shop)
    alert.refresh_from_db()
    assert alert.resolved_at == alert.raised_at


def test_what_others_have_moved_is_looked_at_by_them():
    """Their transaction is not over: who looked now would see the stock of before."""
    seen = []
    other = Thread(target=lambda: (alerts._touched().add(7), seen.append(set(alerts._touched()))))
    other.start()
    other.join()
    assert seen == [{7}]
    assert 7 not in alerts._touched()
