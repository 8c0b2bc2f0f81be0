"""A kept count is what a plain one is, at every time; and what depends on more than the time is not kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F
from django.utils.module_loading import import_string

from backoffice.kernel import clock
from backoffice.ui import counting
from backoffice.ui.counting import KeptCount
from backoffice.ui.pagination import Count, capped_counts

pytestmark = pytest.mark.django_db
User = get_user_model()
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def joined(hours: int) -> None:
    User.objects.create(username=f"u{hours}", name="U", date_joined=NOON + timedelta(hours=hours))


def number(rows) -> int:
    return capped_counts([rows])[0].number


def is_kept(rows: KeptCount) -> bool:
    return any(rows._kept.values())


def test_the_time_in_it_is_nows():
    before = KeptCount(lambda: User.objects.filter(date_joined__lt=clock.now()))
    by_day = KeptCount(lambda: User.objects.filter(date_joined__date__lt=clock.today()))
    for hours in (-30, -1, 1):
        joined(hours)

    for moment in (NOON, NOON + timedelta(hours=2), NOON - timedelta(days=3), NOON + timedelta(days=2)):
        with clock.fixed(moment):
            assert number(before) == number(before.rows())
            assert number(by_day) == number(by_day.rows())
    assert is_kept(before)
    assert is_kept(by_day)


def test_what_does_not_change_is_kept_and_counted_anew():
    dark = KeptCount(lambda: User.objects.filter(theme="dark", name__contains="100%"))
    assert number(dark) == 0

    User.objects.create(username="a", name="100% A", theme="dark")

    assert number(dark) == 1
    assert is_kept(dark)
    assert capped_counts([dark, User.objects.all(), dark], cap=[5, 5, 0]) == [
        Count(1, False), Count(1, False), Count(0, True),
    ]  # fmt: skip


def test_a_time_that_is_worked_out_is_not_taken_for_a_constant():
    late = KeptCount(lambda: User.objects.filter(date_joined__lt=clock.now() - timedelta(hours=1)))
    joined(0)

    for moment, found in ((NOON, 0), (NOON + timedelta(hours=2), 1), (NOON, 0)):
        with clock.fixed(moment):
            assert number(late) == found
    assert not is_kept(late)


def test_what_asks_the_database_on_the_way_is_not_kept():
    namesake = KeptCount(lambda: User.objects.filter(name=getattr(User.objects.order_by("pk").first(), "name", "")))
    joined(1)
    assert number(namesake) == 1

    User.objects.update(name=F("username"))

    assert number(namesake) == 1
    assert not is_kept(namesake)
    assert number(KeptCount(lambda: User.objects.none())) == 0


def test_what_the_sidebar_counts_is_what_its_rows_are():
    from backoffice.composition import NAV

    functions = [item.count for section in NAV for item in section.items if item.count]
    rows = [import_string(function) if isinstance(function, str) else function for function in functions]

    assert capped_counts([KeptCount(each) for each in rows]) == capped_counts([each() for each in rows])


def test_far_more_than_a_large_cap_are_not_counted_again_within_a_minute(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(counting, "LARGE", 2)
    everybody = KeptCount(User.objects.all)
    for hours in range(5):
        joined(hours)

    with clock.fixed(NOON):
        for queries in (1, 1, 0):  # there are more; how many more; known
            with django_assert_num_queries(queries):
                assert capped_counts([everybody], cap=2) == [Count(2, True)]
        User.objects.all().delete()
        assert capped_counts([everybody], cap=2) == [Count(2, True)]
    with clock.fixed(NOON + timedelta(minutes=1)):
        assert capped_counts([everybody], cap=2) == [Count(0, False)]


def test_a_few_more_than_a_large_cap_are_counted_each_time(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(counting, "LARGE", 2)
    everybody = KeptCount(User.objects.all)
    for hours in range(3):
        joined(hours)

    with clock.fixed(NOON):
        for _time in range(4):
            with django_assert_num_queries(1):
                assert capped_counts([everybody], cap=2) == [Count(2, True)]
        User.objects.filter(username="u0").delete()
        assert capped_counts([everybody], cap=2) == [Count(2, False)]


def test_distinct_values_are_counted_as_they_are():
    for number_, theme in enumerate(("dark", "dark", "light")):
        User.objects.create(username=f"u{number_}", name="U", theme=theme)

    assert number(KeptCount(lambda: User.objects.values("theme").distinct())) == 2
    assert number(User.objects.values("theme").distinct()) == 2
    assert number(User.objects.values("theme")) == 3
