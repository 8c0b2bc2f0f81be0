"""Counting as far as it is worth, and pages that never lie behind the end."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.kernel import clock
from backoffice.ui import pagination
from backoffice.ui.pagination import Count, capped_counts, paginate, positive

pytestmark = pytest.mark.django_db
User = get_user_model()


@pytest.fixture
def people():
    User.objects.bulk_create(
        [User(username=f"u{n:02}", name=f"U {n}", theme="dark" if n % 2 else "light") for n in range(7)]
    )
    return User.objects.order_by("username")


def test_many_counts_are_one_query(people, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = capped_counts(
            [people, people.filter(theme="dark"), people.none(), people.filter(username="nobody")], cap=5
        )

    assert found == [Count(5, True), Count(3, False), Count(0, False), Count(0, False)]
    assert str(found[0]) == "5+"
    assert str(Count(1234, False)) == "1,234"


def test_nothing_to_count_asks_nothing(people, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert capped_counts([people.none()]) == [Count(0, False)]


@pytest.mark.parametrize(
    ("number", "names", "start", "end", "more"),
    [(1, ["u00", "u01", "u02"], 1, 3, True), (3, ["u06"], 7, 7, False), (99, ["u06"], 7, 7, False)],
)
def test_pages(people, number, names, start, end, more):
    page = paginate(people, number=number, size=3)

    assert [row.username for row in page.rows] == names
    assert (page.start, page.end, page.has_next, page.count_text) == (start, end, more, "7")


def test_a_page_of_nothing(db):
    page = paginate(User.objects.none(), number=4, size=3)

    assert (list(page.rows), page.number, page.start, page.end, page.has_next) == ([], 1, 0, 0, False)


@pytest.mark.parametrize("text", ["", None, "0", "-1", "x", "1.5", "9" * 20, "²"])
def test_only_a_whole_number_is_a_page(text):
    assert positive(text, 7) == 7


@pytest.mark.parametrize(("number", "names"), [(1, ["u05", "u00", "u01"]), (2, ["u02", "u03", "u04"]), (3, ["u06"])])
def test_rows_may_be_read_by_their_keys_in_whatever_order_they_come(people, number, names):
    def read(keys):
        return User.objects.filter(pk__in=keys).order_by("-username")

    page = paginate(people, number=number, size=3, first=[people[5].pk], read=read)

    assert [row.username for row in page.rows] == names
    assert page.has_next == (number < 3)


def test_a_row_that_went_away_meanwhile_is_left_out(people):
    page = paginate(people, number=1, size=3, read=lambda keys: User.objects.filter(pk__in=keys[1:]))

    assert [row.username for row in page.rows] == ["u01", "u02"]


@pytest.fixture
def nothing_is_small(monkeypatch):
    """Seven rows are a long list, and nothing is known of it yet."""
    monkeypatch.setattr(pagination, "CAP", 4)
    monkeypatch.setattr(pagination, "DEEP", 1)
    monkeypatch.setattr(pagination, "totals", pagination.Totals())


MANY = Count(4, True)


@pytest.mark.parametrize(
    ("number", "names", "more"),
    [(1, ["u00", "u01", "u02"], True), (2, ["u03", "u04", "u05"], True), (3, ["u06"], False), (99, ["u06"], False)],
)
@pytest.mark.parametrize("order", ["username", "-username"])
def test_pages_behind_the_middle_are_read_from_the_end(people, nothing_is_small, number, names, more, order):
    falling = order.startswith("-")
    if falling:
        names = [f"u{6 - int(name[1:]):02}" for name in names]
    with CaptureQueriesContext(connection) as asked:
        page = paginate(people.order_by(order), number=number, size=3, count=MANY)

    assert [row.username for row in page.rows] == names
    assert (page.number, page.has_next) == (min(number, 3), more)
    keys = next(query["sql"] for query in asked.captured_queries if "LIMIT" in query["sql"])
    assert ("DESC" in keys) == (falling if number == 1 else not falling)


@pytest.mark.parametrize("order", ["username", "-username"])
@pytest.mark.parametrize("first", [[5], [0], [6, 0], [0, 1, 2, 3], [3, 6, 1, 0, 5], [6, 5, 4, 3, 2, 1, 0]])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_what_comes_first_comes_first_from_either_end(people, nothing_is_small, first, size, order):
    worst = [people[place].pk for place in first]
    rows = people.order_by(order)
    wanted = [*worst, *(row.pk for row in rows if row.pk not in worst)]

    pages = [
        paginate(rows, number=number, size=size, count=MANY, first=worst) for number in range(1, -(-7 // size) + 1)
    ]

    assert [row.pk for page in pages for row in page.rows] == wanted
    assert [page.has_next for page in pages] == [True] * (len(pages) - 1) + [False]


def test_a_long_list_is_counted_once_a_minute_and_again_where_it_has_grown(people, nothing_is_small):
    def last(number):
        with CaptureQueriesContext(connection) as asked:
            page = paginate(people.all(), number=number, size=3, count=MANY)
        return [row.username for row in page.rows], sum("COUNT(" in query["sql"] for query in asked.captured_queries)

    with clock.fixed(datetime(2026, 11, 20, 12, tzinfo=UTC)):
        assert last(3) == (["u06"], 1)
        assert last(3) == (["u06"], 0)
        User.objects.bulk_create(User(username=f"u{number:02}") for number in (7, 8, 9))
        assert last(4) == (["u09"], 1), "there was no fourth page: it is looked again"
        User.objects.filter(username="u09").delete()
        assert last(4) == (["u08"], 0)
    with clock.fixed(datetime(2026, 11, 20, 12, 1, tzinfo=UTC)):
        assert last(4) == (["u06", "u07", "u08"], 1), "the fourth page is gone: the last one is the third"


def test_a_list_without_an_order_is_read_from_its_beginning(people, nothing_is_small):
    page = paginate(User.objects.order_by(), number=3, size=3, count=MANY)

    assert len(page.rows) == 1


@pytest.fixture
def all_is_far(nothing_is_small, monkeypatch):
    """Every page but the first is far, and nobody was anywhere yet."""
    monkeypatch.setattr(pagination.marks, "FAR", 1)
    pagination.marks.forget()
    yield
    pagination.marks.forget()


def read(rows, start, end):
    """The names from start to end, and what was left out on the way there."""
    with CaptureQueriesContext(connection) as asked:
        keys = pagination.marks.keys(rows, start, end)
    found = User.objects.in_bulk(keys)
    return [found[pk].username for pk in keys], re.search(r"OFFSET (\d+)", asked[-1]["sql"])


@pytest.mark.parametrize(
    "order", [("username", "pk"), ("-username", "-pk"), ("theme", "pk"), ("-theme", "-pk"), ("pk",)]
)
@pytest.mark.parametrize("turned", [False, True])
def test_who_turns_far_pages_does_not_walk_the_whole_way_again(people, all_is_far, order, turned):
    rows = people.order_by(*order)
    rows = rows.reverse() if turned else rows
    wanted = [row.username for row in rows]

    assert read(rows, 2, 5)[0] == wanted[2:5]
    assert read(rows, 4, 7) == (wanted[4:7], None), "the last row of the page before is where it begins"
    assert read(rows, 2, 5) == (wanted[2:5], None), "as it is where somebody was"
    names, left_out = read(rows, 3, 6)
    assert (names, left_out[1]) == (wanted[3:6], "1")
    assert read(rows, 1, 3)[0] == wanted[1:3], "before it the way is walked"
    assert read(rows, 6, 9) == (wanted[6:], None)
    assert read(rows, 9, 12)[0] == []


def test_a_way_that_was_kept_is_of_that_list_that_order_and_that_minute(people, all_is_far):
    rows = people.order_by("username", "pk")
    with clock.fixed(datetime(2026, 11, 20, 12, tzinfo=UTC)):
        assert read(rows, 3, 5)[0] == ["u03", "u04"]
        assert read(rows.filter(theme="light"), 1, 3)[0] == ["u02", "u04"]
        assert read(rows.order_by("-username", "-pk"), 3, 5)[0] == ["u03", "u02"]
        User.objects.filter(username__in=["u00", "u03"]).delete()
        assert read(rows, 3, 5)[0] == ["u04", "u05"], "from where it began, though that row is gone"
    with clock.fixed(datetime(2026, 11, 20, 12, 1, tzinfo=UTC)):
        assert read(rows, 3, 5)[0] == ["u05", "u06"]


@pytest.mark.parametrize("order", [("last_login", "pk"), ("username", "-pk"), ("theme", "name", "pk"), ("username",)])
def test_an_order_that_one_column_and_the_key_do_not_make_is_walked_each_time(people, all_is_far, order):
    rows = people.order_by(*order)
    for _ in range(2):
        names, left_out = read(rows, 3, 5)
        assert names == [row.username for row in rows[3:5]]
        assert left_out[1] == "3"
