from datetime import timedelta

import pytest
from django.urls import reverse

from backoffice.kernel import clock
from backoffice.outbox import directives, runner
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db

VIEW, CHANGE = "outbox.view_directive", "outbox.change_directive"


@pytest.fixture
def jobs(user_with):
    user = user_with(username="buyer")
    dead = directives.issue("refuse", origin=user)
    directives.issue("count", payload={"n": 1})
    directives.issue("unknown.topic")
    runner.drain()
    waiting = directives.issue("count", payload={"n": 2}, available_at=clock.now() + timedelta(hours=1))
    return {"dead": dead, "waiting": waiting, "user": user}


def listed(client, query=""):
    return client.get(reverse("outbox:directive_list") + query).content.decode()


def test_the_list_has_a_tab_for_every_state(as_user, jobs):
    client = as_user(VIEW)
    shown = listed(client)
    assert "1 was given up" in shown
    assert "1 is parked" in shown
    for view, topic in (("dead", "refuse"), ("parked", "unknown.topic"), ("waiting", "count")):
        rows = listed(client, f"?view={view}")
        assert topic in rows
    assert f"#{jobs['waiting'].pk}<" not in listed(client, "?view=dead")


@pytest.mark.parametrize(
    "query, found",
    [
        ("?q=never+work", True), ("?q=nothing", False), ("?topic=refuse", True), ("?topic=count", False),
        ("?age=7d", False), ("?age=wrong", True),
    ],
)  # fmt: skip
def test_it_can_be_narrowed_down(as_user, jobs, query, found):
    assert (f"#{jobs['dead'].pk}<" in listed(as_user(VIEW), query)) is found


def test_the_page_of_a_job_says_what_went_wrong_and_where_it_came_from(as_user, jobs):
    shown = as_user(VIEW).get(jobs["dead"].get_absolute_url()).content.decode()
    assert "That will never work." in shown
    assert "Buyer" in shown
    assert "Try again" not in shown

    assert "Try again" in as_user(VIEW, CHANGE, username="boss").get(jobs["dead"].get_absolute_url()).content.decode()


def test_retry_and_cancel_ask_for_a_reason_and_keep_it(as_user, jobs):
    client = as_user(VIEW, CHANGE)
    url = reverse("outbox:directive_retry", args=[jobs["dead"].pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "receiver is back"}).status_code == 302
    jobs["dead"].refresh_from_db()
    assert jobs["dead"].status == "queued"
    assert jobs["dead"].history.get().history_change_reason == "receiver is back"

    client.post(reverse("outbox:directive_cancel", args=[jobs["waiting"].pk]), {"reason": ""})
    jobs["waiting"].refresh_from_db()
    assert jobs["waiting"].status == "cancelled"
    history = client.get(reverse("outbox:directive_history", args=[jobs["dead"].pk])).content.decode()
    assert "receiver is back" in history
    again = client.post(reverse("outbox:directive_cancel", args=[jobs["waiting"].pk]), {"reason": ""})
    assert again.status_code == 409


def test_many_at_once(as_user, jobs):
    more = [directives.issue("refuse") for _ in range(3)]
    runner.drain()
    client = as_user(VIEW, CHANGE)
    url = reverse("outbox:directive_list") + "?view=dead"

    assert "4" in client.post(url, {"action": "retry", "scope": "all"}).content.decode()
    client.post(url, {"action": "retry", "scope": "all", "confirm": "1", "reason": "all of them"})

    ids = [jobs["dead"].pk, *(job.pk for job in more)]
    assert set(Directive.objects.filter(pk__in=ids).values_list("status", flat=True)) == {"queued"}
    assert as_user(VIEW, username="viewer").post(url, {"action": "cancel", "scope": "all"}).status_code == 403


def test_the_panel_shows_the_jobs_of_one_object(as_user, jobs):
    url = reverse("outbox:panel", args=["accounts", "user", jobs["user"].pk])
    client = as_user(VIEW)
    page = client.get(url).content.decode()
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "panel-jobs"}).content.decode()

    assert "refuse" in part
    assert "unknown.topic" not in part
    assert part.strip() in page
    assert client.get(reverse("outbox:panel", args=["no", "thing", 1])).status_code == 404


@pytest.mark.parametrize("rows", [1, 4])
def test_the_list_takes_the_same_queries_for_any_number_of_rows(
    as_user, user_with, rows, django_assert_max_num_queries
):
    origin = user_with(username="origin")
    for _ in range(rows):
        directives.issue("count", origin=origin)
    client = as_user(VIEW)
    listed(client)
    with django_assert_max_num_queries(20):
        listed(client)
