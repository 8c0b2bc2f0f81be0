"""Finding anything from one field."""

import pytest
from django.urls import reverse

from backoffice import composition
from backoffice.ui import search
from backoffice.ui.actions import Action
from backoffice.ui.nav import Item, Section

pytestmark = pytest.mark.django_db


def found(query, user):
    return [
        search.Hit(f"{query} {number}", "meta", f"/x/{number}", "Things", "croissant", "vien") for number in range(7)
    ]


@pytest.fixture
def house(monkeypatch):
    monkeypatch.setattr(composition, "SEARCH", [f"{__name__}.found"])
    monkeypatch.setattr(
        composition,
        "NAV",
        [
            Section(
                "Control", [Item("Pessoas", "accounts:user_list", "accounts.view_user"), Item("Início", "home:home")]
            )
        ],
    )
    actions = [Action("New person", "accounts:user_create", "accounts.add_user")]
    monkeypatch.setattr(composition, "ACTIONS", actions, raising=False)


def ask(client, query):
    answer = client.get(
        reverse("ui:palette"), {"q": query}, headers={"HX-Request": "true", "HX-Target": "palette-results"}
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_things_come_first_then_pages_then_actions(house, as_user):
    text = ask(as_user("accounts.view_user", "accounts.add_user"), "pe")

    assert "5 of 7" in text
    assert text.index("Things") < text.index("Pages") < text.index("Actions")
    assert "<mark>Pe</mark>ssoas" in text
    assert "<html" not in text


def test_only_what_the_person_may_see(house, as_user):
    text = ask(as_user(), "pe")

    assert "Pessoas" not in text.replace("<mark>Pe</mark>ssoas", "Pessoas")
    assert "New person" not in text


def test_accents_do_not_matter(house, as_user):
    assert "<mark>Início</mark>" in ask(as_user(), "inicio")


def test_greater_than_asks_for_actions_only(house, as_user):
    text = ask(as_user("accounts.add_user", "accounts.view_user"), ">person")

    assert "Things" not in text
    assert "New <mark>person</mark>" in text


def test_without_scripts_it_is_a_page(house, as_user):
    text = as_user().get(reverse("ui:palette"), {"q": "zzz"}).content.decode()

    assert "<html" in text
    assert 'value="zzz"' in text


def test_nothing_found_says_what_to_try(monkeypatch, as_user):
    monkeypatch.setattr(composition, "SEARCH", [])

    assert "Nothing found" in ask(as_user(), "<script>")
    assert "Nothing found for “croisant”." in ask(as_user(), '"croisant"'), "the marks of “only” are not told again"


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Croissant", "croi", [("Croi", True), ("ssant", False)]),
        ("Pão de queijo", "pao que", [("Pão", True), (" de ", False), ("que", True), ("ijo", False)]),
        ("Straße", "ss", [("Straße", False)]),
        ("", "x", []),
    ],
)
def test_marks(text, query, marked):
    assert search.marked(text, query) == marked


def test_a_sign_that_no_database_takes_is_left_out(as_user):
    assert as_user(*composition.ROLES["manager"]).get("/palette/", {"q": "a\0b"}).status_code == 200
