"""Whatever warns of a lot that is about to expire follows one rule: lists, cards, pages, home, alerts, paper."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.catalog.tests.factories import make_product
from apps.inventory.models import StockAlert, StockCount
from apps.inventory.selectors import nearness, urgent
from apps.inventory.services import alerts, counting, holds, policy
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_stock
from backoffice.kernel import clock
from backoffice.kernel.memory import remembering

D = Decimal
pytestmark = pytest.mark.django_db
RIGHTS = [
    f"inventory.view_{name}"
    for name in ("stockbalance", "lot", "stockalert", "hold", "location", "stockcount", "stockoperation")
] + ["inventory.add_stockcount", "inventory.change_stockcount"]


def _rule(days):
    policy.update(count_tolerance=D(50), expiry_days=days)


def test_the_rule_counts_the_last_good_day_and_leaves_out_what_never_lasts_longer():
    today = date(2026, 11, 23)
    near = nearness.Nearness(today, 3)
    assert [near.is_near(today + timedelta(days=left), None) for left in (-1, 0, 3, 4)] == [False, True, True, False]
    assert [near.is_near(today, life) for life in (0, 1, 3, 4)] == [False, True, True, True]  # its last day
    assert [near.is_near(today + timedelta(days=1), life) for life in (1, 3, 4)] == [False, False, True]
    assert not near.is_near(None, None)
    assert [near.tone(today + timedelta(days=left), 30) for left in (-1, 0, 4)] == ["bad", "warn", ""]
    assert near.tone(today - timedelta(days=1), 2) == "bad"


def test_it_is_the_houses_own_number_of_days():
    assert nearness.days() == 3
    _rule(9)
    assert nearness.days() == 9
    assert nearness.now() == nearness.Nearness(clock.today(), 9)


@pytest.mark.parametrize(
    ("days", "left", "life", "warned"),
    [
        (3, 5, None, False),
        (7, 5, None, True),
        (7, 5, 6, False),
        (3, 1, 2, False),
        (3, 0, 2, True),  # bread on its last day
        (3, 0, 0, False),  # good today only: since it was made
    ],
)
def test_every_screen_says_the_same(as_user, days, left, life, warned):
    _rule(days)
    client = as_user(*RIGHTS)
    place = make_location("Shelf")
    butter = make_product("Butter", shelf_life_days=life)
    last = clock.today() + timedelta(days=left)
    lot = make_stock(butter, 4, place, lot_code="B-1", expires_on=last)
    holds.place(origin=make_origin(), lines=[HoldLine(butter, D(1))], locations=[place])
    hold = butter.holds.get()
    count = counting.start(location=place)
    alerts.sweep()
    words = {0: "expire today", 1: "expire tomorrow"}.get(left, f"expire in {left} days")

    def page(name, *keys, **query):
        return client.get(reverse(f"inventory:{name}", args=keys), query).content.decode()

    amber = [
        ("stock list", words in page("stock_list")),
        ("its tab", bool(client.get(reverse("inventory:stock_list"), {"view": "expiring"}).context["table"].shown)),
        ("worst first", butter.pk in urgent.worst_first()),
        ("lot list", 'class="c-warn"' in page("lot_list")),
        ("its tab", bool(client.get(reverse("inventory:lot_list"), {"view": "expiring"}).context["table"].shown)),
        ("lot page", 'class="c-warn"' in page("lot_detail", lot.pk)),
        ("stock card", 'class="c-warn"' in page("product_card", butter.pk)),
        ("its head", words in page("product_card", butter.pk)),
        ("why", 'class="c-warn"' in page("product_why", butter.pk)),
        ("panel", words in page("product_stock", butter.pk)),
        ("hold", 'class="c-warn"' in page("hold_detail", hold.pk)),
        ("place", 'class="c-warn"' in page("location_detail", place.pk)),
        ("entry", 'class="c-warn"' in page("count_enter", count.pk)),
        ("home", "B-1" in page("home_expiring")),
        ("alert", StockAlert.objects.filter(kind="expiring", resolved_at=None).exists()),
    ]
    assert [name for name, shown in amber if shown != warned] == []


def test_paper_says_it_without_colours(as_user):
    client = as_user(*RIGHTS)
    place = make_location("Shelf")
    for code, left in (("OLD", -1), ("NEAR", 2), ("FAR", 20)):
        lot = make_stock(make_product(code), 4, place, lot_code=code, expires_on=clock.today() + timedelta(days=20))
        type(lot).objects.filter(pk=lot.pk).update(expires_on=clock.today() + timedelta(days=left))
    counting.start(location=place)
    paper = client.get(reverse("inventory:count_sheet", args=[StockCount.objects.get().pk])).content.decode()
    assert paper.count(" !</b>") == 1
    assert [paper.split(f"{code}</td>", 1)[1].split("</td>", 1)[0].count("<b>") for code in ("OLD", "NEAR", "FAR")] == [
        1,
        1,
        0,
    ]


def test_the_rule_is_read_once_however_many_lots_a_page_shows(as_user):
    client = as_user(*RIGHTS)
    place = make_location("Shelf")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("inventory:location_detail", args=[place.pk]))
        return len(captured)

    make_stock(make_product(), 4, place, lot_code="J", expires_on=clock.today())
    queries()  # warm
    one = queries()
    for _number in range(4):
        make_stock(make_product(), 4, place, lot_code="J", expires_on=clock.today())
    assert queries() == one <= 12


def test_a_page_forgets_the_rule_when_it_changes():
    with remembering():
        assert nearness.days() == 3
        _rule(5)
        assert nearness.days() == 5
