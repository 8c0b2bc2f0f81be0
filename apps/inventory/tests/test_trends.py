"""What is kept of how the stock went says what the stock card reads from the ledger."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.urls import reverse
from django.utils.html import escape

from apps.inventory import tasks
from apps.inventory.models import StockOperation, StockTrend, TrendsKept
from apps.inventory.selectors import daily
from apps.inventory.services import lots, reorder, stock, trends
from apps.inventory.services.stock import ConsumeLine, ReceiptLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.outbox import runner
from backoffice.outbox.models import Directive
from backoffice.ui import bars

pytestmark = pytest.mark.django_db
D = Decimal


def _days_ago(number, hour=12):
    return clock.fixed(clock.at(clock.today() - timedelta(days=number), hour))


@pytest.fixture
def drain():
    """Carry out what waits; tells how many of the topic there were."""

    def run(topic):
        waiting = Directive.objects.filter(topic=topic).exclude(status="done")
        found = waiting.count()
        runner.drain()
        assert not waiting.exists()
        return found

    return run


def _kept(product):
    """What a list makes of what is kept, as the stock card tells it: ends of days, and for how long it lasts."""
    row = StockTrend.objects.filter(product=product).first()
    ends = [daily.exactly(end) for end in daily.read(row.ends if row else None)]
    on_hand = daily.story(product).left[-1]
    return [*ends, on_hand], daily.lasts(on_hand, row.used if row else D(0), row.days if row else 0)


def _on_the_card(product):
    told = daily.story(product)
    return told.left, told.lasts


def _rows():
    return sorted(StockTrend.objects.values_list("product_id", "ends", "used", "days"))


def _lives(chance, goods, places):
    """Weeks of deliveries, use, waste, moves and what was taken back, in the order of time; today too."""
    for back in range(24, -1, -1):
        with _days_ago(back, hour=chance.choice((0, 9, 23)) if back else 0):
            for product in goods:
                what, place = chance.randrange(9), chance.choice(places)
                there = product.balances.filter(location=place).order_by("pk").first()
                if what == 0:
                    make_stock(product, chance.choice(("3", "12.5", "0.75")), place)
                elif there is not None and what in (1, 2, 6, 7):
                    stock.consume(
                        origin=make_origin(), lines=[ConsumeLine(product, min(there.quantity, D("1.5")), place)]
                    )
                elif there is not None and what == 3:
                    stock.waste(lot=there.lot, location=place, quantity=there.quantity, reason="wet")
                elif there is not None and what == 4:
                    other = places[1 - places.index(place)]
                    stock.transfer(lot=there.lot, quantity=there.quantity, source=place, destination=other)
                elif what == 5:
                    used = StockOperation.objects.filter(kind="consumption", reversed_by=None, moves__product=product)
                    if used.exists():
                        stock.reverse(used.latest("pk"), reason="not these")


def test_what_is_kept_says_what_the_card_says():
    places = [make_location("Shop"), make_location("Cellar")]
    goods = [make_product(f"P {number}", unit="kg") for number in range(12)]
    _lives(Random(11), goods[:10], places)
    with _days_ago(40):
        make_stock(goods[10], 7, places[0])  # never moved since
    trends.everything()
    told = [_on_the_card(product) for product in goods]
    assert [_kept(product) for product in goods] == told
    assert {lasts is None for _left, lasts in told} == {True, False}
    assert not StockTrend.objects.filter(product=goods[11]).exists()  # it never had any
    assert StockTrend.objects.get(product=goods[10]).ends == "7000000"

    once = _rows()
    trends.everything()
    assert _rows() == once
    # Tomorrow the days have moved on, also of what nobody touched; in a month all of them are as long as it is today.
    for ahead in (1, 5, 30):
        with clock.fixed(clock.at(clock.today() + timedelta(days=ahead), 1)):
            trends.everything()
            assert [_kept(product) for product in goods] == [_on_the_card(product) for product in goods]
    assert set(StockTrend.objects.values_list("used", flat=True)) == {0}


def test_only_what_differs_is_written(django_assert_num_queries):
    place, salt = make_location("Shop"), make_product("Salt")
    with _days_ago(3):
        make_stock(salt, 5, place)
    trends.everything()
    ids, today = [salt.pk], clock.today()
    with django_assert_num_queries(7):  # first move, savepoint, the lock, what is told and what is kept: no write
        trends._write(ids, today, daily.first_move(today))
    StockTrend.objects.update(ends="1", used=D(3))
    make_product("Nothing")
    StockTrend.objects.create(product=make_product("Gone"), ends="4", used=D(1), days=3)
    trends.everything()
    assert _rows() == [(salt.pk, " ".join(["0"] * 10 + ["5000000"] * 3), D(0), 3)]


def test_what_is_posted_into_a_day_that_is_over_is_kept_again(drain):
    place, salt, bun = make_location("Shop"), make_product("Salt"), make_product("Bun")
    with _days_ago(5):
        make_stock(salt, 5, place)
    trends.everything()
    make_stock(bun, 3, place)  # of today nothing is kept
    assert not Directive.objects.filter(topic=trends.LATE).exists()
    assert _kept(bun) == _on_the_card(bun)

    yesterday = clock.at(clock.today() - timedelta(days=1), 9)
    stock.receive(place, [ReceiptLine(salt, D(4), unit_cost=D(1))], occurred_at=yesterday)
    assert _kept(salt) != _on_the_card(salt)
    assert drain(trends.LATE) == 1
    assert _kept(salt) == _on_the_card(salt)
    assert _kept(salt)[0][-3:] == [5, 9, 9]
    assert drain(trends.LATE) == 0


def test_the_clock_keeps_them_soon_after_midnight_and_once_more(drain):
    midnight = clock.at(clock.today() + timedelta(days=1))

    def run(**later):
        with clock.fixed(midnight + timedelta(**later)):
            tasks.keep_trends.call_local()
            return drain(trends.KEEP)

    assert run(hours=-10) == 1  # never kept before
    assert run(hours=-9) == 0
    assert run(minutes=0) == 1
    assert TrendsKept.objects.get().day == clock.local(midnight).date()
    assert run(minutes=5) == run(minutes=55) == 0
    assert run(minutes=60) == 1  # for what was under way at midnight
    assert run(minutes=65) == run(hours=20) == 0
    assert run(days=3, hours=9) == 1  # the machine was off
    assert run(days=3, hours=10) == 0


@pytest.fixture
def cells(as_user):
    """What stands in the cells of the list, by product: the bars with their words, and the cover."""
    client = as_user("inventory.view_stockbalance")

    def read():
        headers = {"HX-Request": "true", "HX-Target": "table"}
        page = client.get(reverse("inventory:stock_list"), {"size": 100}, headers=headers)
        table = page.context["table"]
        return {row.pk: (str(table.cell("trend", row)), str(table.cell("cover", row))) for row in table.shown}

    return read


def test_the_list_says_what_the_card_says(cells):
    places = [make_location("Shop"), make_location("Cellar")]
    goods = [make_product(f"P {number}", unit="kg") for number in range(9)]
    _lives(Random(5), goods[:8], places)
    reorder.set_minimum(goods[0], minimum=D(2), target=D(9))
    trends.everything()
    found = cells()
    assert set(found) == {product.pk for product in goods}
    for product in goods:
        story = daily.story(product)
        drawn, cover = found[product.pk]
        minimum = int(D(2).scaleb(6)) if product == goods[0] else None
        whole = [int(left.scaleb(6)) for left in story.left]
        least, most = (format_quantity(each) for each in (min(story.left), max(story.left)))
        assert drawn == bars.drawn(whole, minimum=minimum, said=least if least == most else f"{least}–{most}")
        days = "–" if story.lasts is None else f"{format_quantity(daily.rounded(story.lasts))} d"
        assert cover == (f"<i>{days}</i>" if days == "–" else days)
    assert len({cover for _drawn, cover in found.values()}) > 3


def test_what_is_not_known_is_a_dash(cells):
    salt = make_product("Salt")
    with _days_ago(3):
        make_stock(salt, 5, make_location("Shop"))
    unknown = ("<i>–</i>", "<i>–</i>")
    assert cells() == {salt.pk: unknown}  # nothing is kept yet
    with clock.fixed(clock.at(clock.today() - timedelta(days=1), 9)):
        trends.everything()
    assert cells() == {salt.pk: unknown}  # of yesterday
    trends.everything()
    assert cells() == {salt.pk: ("<i data-d=aaaaaaaaaauuuu>0–5</i>", "<i>–</i>")}  # nobody used any


def test_cover_is_rounded_down_and_ends_somewhere(cells):
    salt, place = make_product("Salt", unit="kg"), make_location("Shop")
    with _days_ago(20):
        make_stock(salt, 100, place)
    with _days_ago(2):
        stock.consume(origin=make_origin(), lines=[ConsumeLine(salt, D(20), place)])
    trends.everything()
    assert cells()[salt.pk][1] == "56 d"
    for used, shown in (("99.9", "11 d"), ("140", "8 d"), ("141", "7.9 d"), ("0.5", "&gt; 999 d")):
        StockTrend.objects.update(used=D(used))
        assert escape(cells()[salt.pk][1]) == shown


def test_what_has_expired_or_is_blocked_lasts_nobody(cells):
    bread, place = make_product("Bread"), make_location("Shop")
    with _days_ago(10):
        old = make_stock(bread, 20, place, expires_on=clock.today() + timedelta(days=9))
        kept = make_stock(bread, 30, place)
    with _days_ago(5):
        stock.consume(origin=make_origin(), lines=[ConsumeLine(bread, D(10), place, lot=kept)])
    trends.everything()
    assert old.expires_on < clock.today()
    assert cells()[bread.pk][1] == "20 d"
    assert daily.story(bread).lasts == 20
    lots.block(kept, reason="mould")
    assert cells()[bread.pk][1] == "0 d"
    assert daily.story(bread).lasts == 0
