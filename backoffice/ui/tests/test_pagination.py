"""Counting as far as it is worth, and pages that never lie behind the end."""

import pytest
from django.contrib.auth import get_user_model

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
