"""Promotions on their screens: made, refused, tried, seen in the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Coupon, Promotion
from apps.catalog.selectors import promotions as reads
from apps.catalog.services import categories, promotions, trial
from apps.catalog.services.promotions import Scope
from backoffice.kernel import clock

from .factories import make_product

pytestmark = pytest.mark.django_db
SEE = ("catalog.view_promotion",)
KEEP = (*SEE, "catalog.add_promotion", "catalog.change_promotion")


@pytest.fixture
def keeper(as_user: Any) -> Client:
    client: Client = as_user(*KEEP)
    return client


def page(name: str, *args: Any) -> str:
    return reverse(f"catalog:{name}", args=args)


def rule(name: str = "Happy hour", **fields: Any) -> Promotion:
    fields = {"kind": "percent", "value": Decimal(10), "valid_from": clock.now() - timedelta(days=1), **fields}
    return promotions.create(name=name, **fields)


def sent(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Evening bread", "kind": "percent", "level": "line", "value": "50", "valid_from": "2026-01-01T00:00",
        "weekdays": ["0", "4"], "from_hour": "19:00", "until_hour": "21:00", "priority": "10", "is_active": "on",
        **fields,
    }  # fmt: skip


def test_a_rule_is_made_changed_and_switched_off(keeper: Client) -> None:
    bread = make_product("Rye", sku="BR-1")
    bakery = categories.create(name="Bakery")

    answer = keeper.post(page("promotion_create"), sent(skus="br-1", categories=[bakery.pk], tags="new, old"))
    assert answer.status_code == 302
    made = Promotion.objects.get()
    assert (made.weekdays, made.value, made.scopes.count()) == ([0, 4], Decimal(50), 4)
    shown = keeper.get(made.get_absolute_url()).content.decode()
    assert bread.name in shown
    assert "19:00–21:00" in shown

    form = keeper.get(page("promotion_edit", made.pk)).content.decode()
    assert "BR-1" in form
    changed = keeper.post(page("promotion_edit", made.pk), sent(value="40", skus="BR-1", revision=1))
    assert changed.status_code == 302
    made.refresh_from_db()
    assert (made.value, made.scopes.count()) == (Decimal(40), 1)
    assert keeper.post(page("promotion_edit", made.pk), sent(revision=1)).status_code == 409
    keeper.post(page("promotion_end", made.pk))
    made.refresh_from_db()
    assert not made.is_active


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"value": "101"}, "percentage"), ({"skus": "nope"}, "no product"), ({"until_hour": ""}, "both hours"),
        ({"kind": "buy_pay", "buy": "2", "pay": "3"}, "bought"), ({"kind": "fixed", "level": "order"}, "for products"),
        ({"weekdays": ["9"]}, "9"), ({"channels": ["mars"]}, "mars"), ({"max_uses": "-1"}, "0"),
        ({"value": "much"}, "number"), ({"name": "\x00"}, "Null"), ({"valid_to": "9999-12-31T23:00"}, "our time"),
        ({"max_uses": "0"}, "greater than or equal to 1"), ({"max_uses_each": "0"}, "greater than or equal to 1"),
        ({"minimum": "-5"}, "greater than or equal to 0"), ({"tags": "long" * 11}, "at most 40"),
        ({"priority": "99999"}, "less than or equal to 32767"), ({"expires_within": "99999"}, "equal to 32767"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(keeper: Client, fields: dict[str, Any], says: str) -> None:
    answer = keeper.post(page("promotion_create"), sent(**fields))

    assert answer.status_code in (409, 422)
    assert says in answer.content.decode()
    assert not Promotion.objects.exists()


def test_equal_rank_is_said_with_the_name_of_the_other(keeper: Client) -> None:
    rule("First", priority=10)

    answer = keeper.post(page("promotion_create"), sent())

    assert answer.status_code == 409
    assert "First has the rank 10" in answer.content.decode()


def test_coupons_are_made_and_stopped(keeper: Client) -> None:
    made = rule(by_coupon=True)

    keeper.post(page("coupon_create", made.pk), {"code": "friend", "count": "1", "max_uses": "5"})
    keeper.post(page("coupon_create", made.pk), {"code": "", "count": "20", "max_uses": "1"})
    assert keeper.post(page("coupon_create", made.pk), {"code": "FRIEND", "count": "1"}).status_code == 409
    assert keeper.post(page("coupon_create", made.pk), {"code": "", "count": "0"}).status_code == 422

    assert Coupon.objects.count() == 21
    friend = Coupon.objects.get(code="FRIEND")
    assert "FRIEND" in keeper.get(made.get_absolute_url()).content.decode()
    keeper.post(page("coupon_stop", friend.pk))
    friend.refresh_from_db()
    assert not friend.is_active


def test_the_trial_says_what_each_rule_would_do_and_why(keeper: Client) -> None:
    bread, cake = make_product("Rye", sku="BR-1", price="10"), make_product("Cake", sku="CA-1", price="30")
    rule("Tenth")
    rule("Half of bread", value=Decimal(50), priority=1, scope=Scope(products=[bread]))
    rule("By coupon", priority=2, by_coupon=True)
    rule("Later", priority=3, valid_from=clock.now() + timedelta(days=9))

    answer = keeper.get(page("promotion_try"), {"basket": "2 × br-1\nCake"})

    tried = answer.context["trial"]
    assert tried.quote.total == Decimal("37.00")
    found = {one.rule.name: (one.outcome, one.amount) for one in tried.outcomes}
    assert found == {
        "Tenth": ("won", Decimal("3.00")), "Half of bread": ("won", Decimal("10.00")),
        "By coupon": ("not", Decimal("0.00")), "Later": ("not", Decimal("0.00")),
    }  # fmt: skip
    whys = {one.rule.name: one.why for one in tried.outcomes}
    assert whys["Tenth"] == whys["Half of bread"] == []  # what they give stands beside
    text = answer.content.decode()
    assert "10 % off</small>" in text
    assert "needs its coupon" in text
    assert "begins on" in text
    assert cake.name in text


@pytest.mark.parametrize(
    ("coupon", "at", "says"),
    [
        ("NOBODY", "", "There is no coupon “NOBODY”."),
        ("stopped", "", "The coupon STOPPED counts for nothing: it was stopped."),
        ("GONE", "", "The coupon GONE counts for nothing: it was used already."), ("\x00", "", ""),
        ("GOOD", "2099-01-01T10:00", "The coupon GOOD counts for nothing: Friends ended on"),
    ],
)  # fmt: skip
def test_a_coupon_that_opens_nothing_is_named_beside_its_field(keeper: Client, coupon: str, at: str, says: str) -> None:
    make_product("Rye", sku="BR-1", price="10")
    friends = rule("Friends", by_coupon=True, valid_to=clock.now() + timedelta(days=9))
    for code in ("GOOD", "STOPPED", "GONE"):
        promotions.add_coupons(friends, code=code)
    promotions.stop_coupon(Coupon.objects.get(code="STOPPED"))
    Coupon.objects.filter(code="GONE").update(uses=1)

    answer = keeper.get(page("promotion_try"), {"basket": "BR-1", "coupon": coupon, "at": at})

    assert answer.status_code == 422
    assert any(says in error for error in answer.context["form"].errors["coupon"])
    if coupon != "\x00":
        assert answer.context["trial"].quote.total == Decimal("10.00")  # the basket is tried all the same
        good = keeper.get(page("promotion_try"), {"basket": "BR-1", "coupon": "good"})
        assert (good.status_code, good.context["trial"].quote.total) == (200, Decimal("9.00"))


@pytest.mark.parametrize(
    "basket", ["", "nothing like this", "0 × BR-1", "\x00", "9999999999 × BR-1", "1.2.3 BR-1", "x" * 3000]
)
def test_a_basket_that_makes_no_sense_is_refused(keeper: Client, basket: str) -> None:
    make_product("Rye", sku="BR-1", price="10")
    assert keeper.get(page("promotion_try"), {"basket": basket}).status_code == 422


def test_a_basket_is_read_as_people_write_it() -> None:
    rye, seven = make_product("Rye", sku="BR-1"), make_product("7 Grain", sku="BR-7")

    found, unknown = trial.read_basket("3 x br-1\n2,5 rye\n7 grain\n12×BR-7\n\nwhat")

    assert [(one.product, one.quantity) for one in found] == [
        (rye, Decimal(3)), (rye, Decimal("2.5")), (seven, Decimal(7)), (seven, Decimal(12)),
    ]  # fmt: skip
    assert unknown == ["what"]


def test_days_of_this_month_that_are_over_are_marked_so(keeper: Client) -> None:
    with clock.fixed(clock.at(date(2026, 11, 15), 12)):
        this, former = (
            [day.day.day for week in keeper.get(page("promotion_calendar"), asked).context["weeks"] for day in week
             if day.over and day.inside]
            for asked in ({}, {"month": "2026-10"})
        )  # fmt: skip

    assert this == list(range(1, 15))
    assert former == [], "a month that is over is shown whole"


def test_the_calendar_shows_a_rule_on_its_days(keeper: Client) -> None:
    begin = clock.at(clock.today().replace(day=1))
    rule("Fridays", valid_from=begin, weekdays=[4])

    weeks = reads.month(clock.today().replace(day=1))
    days = [one.day for week in weeks for one in week if one.rules]

    assert days
    assert all(day.weekday() == 4 and day >= begin.date() for day in days)
    assert "Fridays" in keeper.get(page("promotion_calendar")).content.decode()
    for month in ("2026-13", "x", "9999-12", "2026-02\x00"):
        assert keeper.get(page("promotion_calendar"), {"month": month}).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("name", ["promotion_list", "promotion_calendar"])
def test_the_pages_ask_the_same_few_questions(
    keeper: Client, rows: int, name: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(rows):
        rule(f"R{number}", priority=number)
    keeper.get(page(name))
    with django_assert_max_num_queries(9):
        keeper.get(page(name))


def test_who_may_only_look_changes_nothing(as_user: Any) -> None:
    made, client = rule(), as_user(*SEE)

    assert client.get(made.get_absolute_url()).status_code == 200
    for name, args in (("promotion_create", ()), ("promotion_edit", (made.pk,)), ("coupon_create", (made.pk,))):
        assert client.post(page(name, *args), sent()).status_code == 403


def test_what_nobody_counts_is_not_said_to_be_never_used(keeper: Client) -> None:
    free, limited = rule("Free"), rule("Limited", max_uses=3, priority=7)

    pages = [keeper.get(page("promotion_detail", one.pk)).content.decode() for one in (free, limited)]

    assert ["not counted" in text for text in pages] == [True, False]
    assert "0 / 3" in pages[1]
