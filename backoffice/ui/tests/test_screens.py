"""The screens as a browser without scripts and as htmx sees them."""

import json

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from backoffice.testing.screens import assert_fragment_is_part_of_page

VIEW, CHANGE, ADD, DELETE = (f"accounts.{verb}_user" for verb in ("view", "change", "add", "delete"))

pytestmark = [pytest.mark.django_db, pytest.mark.urls("backoffice.ui.tests.urls")]
User = get_user_model()
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}
TABLE = {"HX-Request": "true", "HX-Target": "table"}


@pytest.fixture
def people():
    names = [("ana", "Ana Souza", "dark"), ("boss", "Boss", "light"), ("caio", "Caio Lima", "system")]
    return [User.objects.create(username=u, name=n, theme=t, email=f"{u}@example.com") for u, n, t in names]


def test_create_without_scripts(as_user):
    client = as_user(VIEW, ADD)

    assert client.get(reverse("test_create")).status_code == 200
    refused = client.post(reverse("test_create"), {"username": "", "name": "Dora"})
    done = client.post(reverse("test_create"), {"username": "dora", "name": "Dora"})

    assert refused.status_code == 422
    assert 'role="alert"' in refused.content.decode()
    assert done.status_code == 302
    assert User.objects.get(username="dora").history.get().history_user is not None
    assert "Dora saved." in client.get(reverse("test_list")).content.decode()


def test_create_in_the_dialog(as_user):
    client = as_user(ADD)

    form = client.get(reverse("test_create"), headers=DIALOG)
    refused = client.post(reverse("test_create"), {"username": "", "name": "Dora"}, headers=DIALOG)
    done = client.post(reverse("test_create"), {"username": "dora", "name": "Dora"}, headers=DIALOG)

    assert "<html" not in form.content.decode()
    assert form["HX-Reswap"] == "innerHTML"
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.content.decode()
    assert done["HX-Reswap"] == "none"
    assert "Dora saved." in done.content.decode()
    assert list(json.loads(done["HX-Trigger-After-Settle"])) == ["changed:accounts-user", "dialog:close"]


def test_edit_and_history(as_user, people):
    client = as_user(VIEW, CHANGE)
    url = reverse("test_edit", args=[people[0].pk])

    client.post(url, {"name": "Ana Lima", "email": "ana@example.com", "theme": "light"})
    html = client.get(reverse("test_history", args=[people[0].pk])).content.decode()

    assert all(text in html for text in ("Ana Souza", "Ana Lima", "dark", "light", "Someone", "Overview"))


def test_action_shows_the_refusal_beside_its_field(as_user, people):
    client = as_user(CHANGE, VIEW)
    url = reverse("test_act", args=[people[0].pk])

    wrong = client.post(url, {"amount": "abc"})
    refused = client.post(url, {"amount": "10"}, headers=DIALOG)
    done = client.post(url, {"amount": "9"})

    assert wrong.status_code == 422
    assert refused.status_code == 409
    assert done.status_code == 302
    assert "Too much." in refused.content.decode()
    assert "Read why" in refused.content.decode()
    assert "kg" in client.get(url).content.decode()
    # Who may not go there is not sent there.
    assert "Read why" not in as_user(CHANGE, username="other").post(url, {"amount": "10"}).content.decode()


def test_command_refused_is_a_page_or_a_toast(as_user, people):
    client = as_user(CHANGE)
    url = reverse("test_touch", args=[people[0].pk])

    page = client.post(url)
    toast = client.post(url, headers={"HX-Request": "true"})

    assert client.get(url).status_code == 405
    assert page.status_code == 409
    assert "Nobody is touched here." in page.content.decode()
    assert "Go home" in page.content.decode()
    assert toast.status_code == 409
    assert toast["HX-Reswap"] == "none"
    assert 'hx-swap-oob="beforeend"' in toast.content.decode()


def test_strangers_log_in_and_the_others_are_told(as_user, people):
    url = reverse("test_list")
    part = {**TABLE, "HX-Current-URL": f"http://testserver{url}?q=a"}

    assert Client().get(url)["Location"].endswith(f"?next={url}")
    assert Client().get(url, headers=part)["HX-Redirect"].endswith("?next=/test/users/%3Fq%3Da")
    assert as_user().get(url).status_code == 403
    assert Client().get(reverse("test_open")).content == b"open"
    assert as_user().get(reverse("test_in")).content == b"in"


def test_delete_asks_first(as_user, people):
    client = as_user(DELETE)
    url = reverse("test_delete", args=[people[2].pk])

    assert "Delete Caio Lima?" in client.get(url).content.decode()
    assert client.post(url)["Location"] == reverse("test_list")
    assert not User.objects.filter(username="caio").exists()


def test_detail_draws_what_is_allowed(as_user, people):
    url = reverse("test_detail", args=[people[0].pk])

    reader = as_user(VIEW).get(url).content.decode()
    writer = as_user(VIEW, CHANGE, DELETE).get(url).content.decode()

    assert "ana@example.com" in reader
    assert "Touch" not in reader
    assert "Delete" not in reader
    assert "Touch" in writer
    assert "Delete" in writer


def test_the_head_of_a_page_draws_itself_again(as_user, people):
    url = reverse("test_detail", args=[people[0].pk])
    for page in (url, reverse("test_history", args=[people[0].pk])):
        assert_fragment_is_part_of_page(as_user(VIEW), page, "page-head")

    assert 'hx-trigger="changed:accounts-user from:body"' in as_user(VIEW).get(url).content.decode()


@pytest.fixture
def record(db):
    unit = apps.get_model("catalog.Unit").objects.order_by("pk").first()
    return apps.get_model("catalog.Product").objects.create(sku="X-1", name="Bread", unit=unit)


@pytest.mark.parametrize("headers", [{}, DIALOG])
def test_two_people_edit_one_record(as_user, record, headers):
    client = as_user(CHANGE)
    url = reverse("test_record", args=[record.pk])
    client.post(url, {"name": "Wheat", "description": "", "revision": "1", "reason": "recount"})

    late = client.post(url, {"name": "Rye", "description": "mine", "revision": "1"}, headers=headers)
    html = late.content.decode()
    settled = {"name": "Rye", "description": "mine", "revision": "2", "take-description": "yours"}
    client.post(url, settled | {"keep-name": "theirs"}, headers=headers)

    assert late.status_code == 409
    assert all(text in html for text in ('name="keep-name"', "Wheat", "Rye", "was Bread", 'name="take-description"'))
    assert ("<html" in html) is not bool(headers)
    record.refresh_from_db()
    assert (record.name, record.description, record.revision) == ("Wheat", "mine", 3)
    assert record.history.filter(revision=2).get().history_change_reason == "recount"


@pytest.mark.parametrize(("everything", "name"), [("theirs", "Wheat"), ("yours", "Rye")])
def test_one_button_keeps_all_of_one_side(as_user, record, everything, name):
    client = as_user(CHANGE)
    url = reverse("test_record", args=[record.pk])
    client.post(url, {"name": "Wheat", "description": "", "revision": "1"})

    client.post(url, {"name": "Rye", "description": "", "revision": "2", "keep-name": "yours", "all": everything})

    record.refresh_from_db()
    assert record.name == name
