"""Lists, without scripts and as htmx sees them: what is shown, asked, exported, ticked and edited in place."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from backoffice.testing.screens import without_secrets
from backoffice.ui.screens import bulk

VIEW, CHANGE, ADD, DELETE = (f"accounts.{verb}_user" for verb in ("view", "change", "add", "delete"))

pytestmark = [pytest.mark.django_db, pytest.mark.urls("backoffice.ui.tests.urls")]
User = get_user_model()
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}
TABLE = {"HX-Request": "true", "HX-Target": "table"}


@pytest.fixture
def people():
    names = [("ana", "Ana Souza", "dark"), ("boss", "Boss", "light"), ("caio", "Caio Lima", "system")]
    return [User.objects.create(username=u, name=n, theme=t, email=f"{u}@example.com") for u, n, t in names]


def test_list_shows_rows_tabs_figures_and_what_this_person_may_do(as_user, people):
    html = as_user(VIEW).get(reverse("test_list")).content.decode()

    assert all(text in html for text in ("Ana Souza", "All who work here", "All", "Dark"))
    assert "New person" not in html
    assert 'name="action"' not in html
    assert "name=ids" not in html


def test_list_offers_more_to_who_may_more(as_user, people):
    html = as_user(VIEW, ADD, CHANGE).get(reverse("test_list")).content.decode()

    assert "New person" in html
    assert 'value="silence"' in html
    assert "name=ids" in html
    assert f'href="?menu={people[0].pk}"' in html


def test_the_menu_of_a_row_is_a_part_and_a_page(as_user, people):
    client = as_user(VIEW, CHANGE)
    url = f"{reverse('test_list')}?menu={people[0].pk}"
    edit = f'href="{reverse("test_edit", args=[people[0].pk])}"'

    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "row-menu"}).content.decode()
    page = client.get(url).content.decode()

    assert edit in part
    assert edit in page
    assert "<html" not in part
    assert edit not in as_user(VIEW, username="reader").get(url).content.decode()
    assert client.get(f"{reverse('test_list')}?menu=x").status_code == 404


def test_fragment_is_part_of_the_page(as_user, people):
    client = as_user(VIEW, CHANGE)

    page = client.get(reverse("test_list")).content.decode()
    part = client.get(reverse("test_list"), headers=TABLE)

    assert without_secrets(part.content.decode()) in without_secrets(page)
    assert "<html" not in part.content.decode()
    assert "HX-Target" in part["Vary"]
    assert "no-store" in part["Cache-Control"]


def test_history_restore_gets_the_page(as_user, people):
    headers = TABLE | {"HX-History-Restore-Request": "true"}

    assert "<html" in as_user(VIEW).get(reverse("test_list"), headers=headers).content.decode()


def test_a_target_that_is_not_listed_gets_the_page(as_user, people):
    headers = {"HX-Request": "true", "HX-Target": "elsewhere"}

    assert "<html" in as_user(VIEW).get(reverse("test_list"), headers=headers).content.decode()


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("q=souza", "Ana Souza", "Caio Lima"),
        ("view=dark", "Ana Souza", "Caio Lima"),
        ("theme=dark&theme=light", "Boss", "Caio Lima"),
        ("density=nonsense&page=x&size=7&sort=password&view=none", "Caio Lima", "Nobody"),
        ("page=99", "Caio Lima", "Nobody"),
        ("q=%00ana", "Caio Lima", "Nobody"),
    ],
)
def test_list_asks_the_query_string_and_ignores_nonsense(as_user, people, query, shown, hidden):
    html = as_user(VIEW).get(f"{reverse('test_list')}?{query}").content.decode()

    assert shown in html
    assert hidden not in html


def test_chips_lead_to_the_list_without_them(as_user, people):
    html = as_user(VIEW).get(f"{reverse('test_list')}?theme=dark&theme=light&q=a").content.decode()

    assert "?q=a&amp;theme=light" in html
    assert "?theme=dark&amp;theme=light" in html


def test_list_sorts_both_ways(as_user, people):
    client = as_user(VIEW)

    up = client.get(f"{reverse('test_list')}?sort=who").content.decode()
    down = client.get(f"{reverse('test_list')}?sort=-who").content.decode()

    assert up.index("Ana Souza") < up.index("Caio Lima")
    assert 'aria-sort="ascending"' in up
    assert down.index("Caio Lima") < down.index("Ana Souza")
    assert 'aria-sort="descending"' in down


def test_what_a_name_says_is_not_run(as_user):
    User.objects.create(username="x", name="<script>alert(1)</script>")

    html = as_user(VIEW).get(reverse("test_list")).content.decode()

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_is_what_is_shown_and_runs_no_formula(as_user, people, kind):
    User.objects.create(username="evil", name="=HYPERLINK(1)", theme="dark")

    response = as_user(VIEW).get(f"{reverse('test_list')}?view=dark&export={kind}")

    data = b"".join(response.streaming_content) if kind == "csv" else response.content
    assert response["Content-Disposition"] == f'attachment; filename="people.{kind}"'
    if kind == "csv":
        text = data.decode("utf-8-sig")
        assert "'=HYPERLINK(1)" in text
        assert "Ana Souza,ana" in text
        assert "Caio" not in text


def test_inline_swaps_link_and_form(as_user, people):
    client = as_user(VIEW, CHANGE)
    name = f"inline-email-{people[0].pk}"
    url, headers = reverse("test_inline", args=[people[0].pk]), {"HX-Request": "true", "HX-Target": name}

    form = client.get(url, headers=headers).content.decode()
    wrong = client.post(url, {"email": "nonsense"}, headers=headers)
    saved = client.post(url, {"email": "new@example.com"}, headers=headers).content.decode()

    assert f'<form id="{name}"' in form
    assert wrong.status_code == 422
    assert f"<a href={url}>new@example.com</a>" in saved
    assert "new@example.com" in saved
    assert "<html" in client.get(url).content.decode()
    assert client.post(url, {"email": "plain@example.com"}).status_code == 302


def test_bulk_asks_then_does_each_row_alone(as_user, people):
    client = as_user(VIEW, CHANGE)
    url = reverse("test_list")
    ids = [str(person.pk) for person in people]

    ask = client.post(url, {"action": "silence", "ids": ids})
    done = client.post(url, {"action": "silence", "ids": ids, "confirm": "1", "reason": "quiet"}, headers=DIALOG)

    assert ask.status_code == 200
    assert "Ana Souza" in ask.content.decode()
    assert "The boss stays." in done.content.decode()
    assert set(User.objects.filter(is_active=False).values_list("username", flat=True)) == {"ana", "caio"}
    assert people[0].history.first().history_change_reason == "quiet"


def test_bulk_for_all_that_match_applies_the_filter_again(as_user, people):
    client = as_user(VIEW, CHANGE)

    response = client.post(
        f"{reverse('test_list')}?theme=dark", {"action": "silence", "scope": "all", "confirm": "1", "reason": "quiet"}
    )

    assert response.status_code == 302
    assert list(User.objects.filter(is_active=False).values_list("username", flat=True)) == ["ana"]


def test_bulk_asks_again_when_other_rows_match_meanwhile(as_user, people):
    client, url = as_user(VIEW, CHANGE), f"{reverse('test_list')}?theme=dark"
    data = {"action": "silence", "scope": "all", "reason": "quiet"}
    assert 'name="asked" value="1"' in client.post(url, data).content.decode()
    User.objects.filter(username="caio").update(theme="dark")

    again = client.post(url, data | {"confirm": "1", "asked": "1"})

    assert again.status_code == 422
    assert "Meanwhile 2 rows match the filter, not 1." in again.content.decode()
    assert 'name="asked" value="2"' in again.content.decode()
    assert User.objects.filter(is_active=True).count() >= len(people), "nothing was done"
    assert client.post(url, data | {"confirm": "1", "asked": "2"}).status_code == 302


def test_bulk_says_beside_the_form_that_it_is_too_much(as_user, people, monkeypatch):
    monkeypatch.setattr(bulk, "LIMIT", 1)
    response = as_user(VIEW, CHANGE).post(
        reverse("test_list"), {"action": "silence", "scope": "all", "confirm": "1", "reason": "quiet"}
    )
    assert response.status_code == 422
    assert "rows are too many at once; narrow the list down to 1." in response.content.decode()


def test_bulk_needs_its_own_permission_and_a_known_verb(as_user, people):
    assert as_user(VIEW).post(reverse("test_list"), {"action": "silence"}).status_code == 403
    assert as_user(VIEW).post(reverse("test_list"), {"action": "nothing"}).status_code == 400


def test_columns_are_left_out_and_stay_out(as_user, people):
    client = as_user(VIEW)

    page = client.get(f"{reverse('test_list')}?hide=email&hide=nonsense").content.decode()
    file = b"".join(client.get(f"{reverse('test_list')}?hide=email&export=csv").streaming_content).decode()

    assert "ana@example.com" not in page
    assert 'name="hide" value="email"' in page
    assert "hide=email" in page.split("aria-sort")[1].split("</tr>")[0]
    assert "ana@example.com" not in file
    assert "Ana Souza" in file


@pytest.mark.parametrize(
    "query",
    [
        "sort=--who",
        "sort=-",
        "sort=initials",
        "sort=select",
        "sort=who&sort=email",
        "joined_from=9999-12-31&joined_to=9999-12-31",
        "joined_from=0001-01-01",
        "joined_from=2026-02-30",
        "theme=dark&theme=%00&theme=nonsense",
        "page=99999999&size=200",
        "page=-1&size=0",
        "hide=select&hide=actions&hide=%F0%9F%A5%90",
        "q=" + "%25_'\"\\" * 30,
        "view=%00",
        "%00=%00",
        "export=pdf",
    ],
)
def test_no_query_string_breaks_the_list(as_user, people, query):
    response = as_user(VIEW, CHANGE).get(f"{reverse('test_list')}?{query}")

    assert response.status_code == 200


def test_days_are_those_of_the_business(as_user, people):
    User.objects.filter(username="ana").update(date_joined="2026-11-02T02:30:00Z")
    url = reverse("test_list")

    first = as_user(VIEW).get(f"{url}?joined_from=2026-11-01&joined_to=2026-11-01").content.decode()
    second = as_user(VIEW).get(f"{url}?joined_from=2026-11-02&joined_to=2026-11-02").content.decode()

    assert "Ana Souza" in first
    assert "Ana Souza" not in second


@pytest.mark.parametrize(
    "data", [{"ids": ["x", "-1", "9" * 40, "\x00"]}, {"scope": "nonsense"}, {"ids": ["1"], "confirm": "1"}]
)
def test_no_selection_breaks_the_bulk_page(as_user, people, data):
    response = as_user(VIEW, CHANGE).post(reverse("test_list"), {"action": "silence", **data})

    assert response.status_code in (200, 422)
    assert not User.objects.filter(is_active=False).exists()


def test_a_bulk_verb_at_an_address_of_its_own(as_user, people):
    client = as_user(CHANGE)
    url = f"{reverse('test_silence')}?theme=dark"

    assert client.get(url).status_code == 405
    assert "Silence" in client.post(url, {"scope": "all"}).content.decode()
    client.post(url, {"scope": "all", "confirm": "1", "reason": "quiet"})
    assert list(User.objects.filter(is_active=False).values_list("username", flat=True)) == ["ana"]
