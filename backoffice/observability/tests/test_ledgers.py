"""The look at the books: by night, by hand and as a command; what it finds stands above every page until it is gone."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice import composition
from backoffice.kernel import clock
from backoffice.kernel.audit import acting
from backoffice.observability import checks, demo, ledgers, tasks
from backoffice.observability.models import LedgerFinding, LedgerRun
from backoffice.outbox import runner
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db
VIEW, ASK = "observability.view_ledgerrun", "observability.add_ledgerrun"
ALARM = "The books do not agree: figures"


class Difference:
    def __init__(self, number: int, about: Any = None) -> None:
        self.kind, self.subject, self.expected, self.found, self.about = "balance", f"lot {number}", number, None, about


found: list[Difference] = []


def differences() -> list[Difference]:
    return list(found)


@pytest.fixture(autouse=True)
def books(monkeypatch: Any) -> Any:
    found.clear()
    monkeypatch.setattr(composition, "LEDGER_CHECKS", [f"{__name__}.differences"])
    return found


def look() -> LedgerRun:
    run = ledgers.start()
    runner.drain()
    run.refresh_from_db()
    return run


def test_a_look_is_a_job_and_is_written_down(user_with):
    found.extend([Difference(7), Difference(8)])
    with acting(user_with(username="olga")):
        run = look()
    assert (run.asked_by.name, run.found, run.is_busy) == ("Olga", 2, False)
    assert [(one.subject, one.expected, one.found) for one in run.findings.order_by("pk")] == [
        ("lot 7", "7", ""),
        ("lot 8", "8", ""),
    ]
    assert [part.found for part in run.parts.all()] == [2]


def test_two_who_ask_at_once_get_the_same_look():
    assert ledgers.start() == ledgers.start()
    assert Directive.objects.filter(topic="ledgers.verify").count() == 1
    LedgerRun.objects.update(started_at=clock.now() - timedelta(hours=2))
    assert ledgers.start().pk != LedgerRun.objects.order_by("pk").first().pk, "a look that died does not block others"


def test_a_look_that_was_interrupted_reads_no_book_twice(monkeypatch):
    found.append(Difference(7))
    run = look()
    LedgerRun.objects.update(finished_at=None, found=0)
    monkeypatch.setattr(ledgers, "read", lambda path: pytest.fail("read again"))
    directive = Directive.objects.get(topic="ledgers.verify")
    ledgers.carry_out(directive)
    run.refresh_from_db()
    assert run.found == 1


def test_what_was_found_stands_above_every_page_until_a_look_finds_nothing(as_user):
    sees, sees_not = as_user(VIEW), as_user("outbox.view_directive", username="other")
    found.append(Difference(7))
    assert ALARM not in sees.get("/").content.decode()
    look()
    page = sees.get("/").content.decode()
    assert ALARM in page
    assert reverse("observability:ledgers") in page
    assert ALARM not in sees_not.get("/").content.decode()
    found.clear()
    ledgers.start()
    assert ALARM in sees.get("/").content.decode(), "a look that is not done says nothing yet"
    runner.drain()
    assert ALARM not in sees.get("/").content.decode()


def test_the_red_line_asks_nothing_more(as_user):
    client = as_user(VIEW)
    client.get("/")
    with CaptureQueriesContext(connection) as before:
        client.get("/")
    found.append(Difference(7))
    look()
    with CaptureQueriesContext(connection) as after:
        assert ALARM in client.get("/").content.decode()
    assert len(after) == len(before)


def test_the_machines_that_watch_are_told(client):
    assert checks.books().ok
    found.append(Difference(7))
    look()
    answer = client.get(reverse("observability:readyz"))
    assert answer.status_code == 503
    assert "The books do not agree: 1 differences" in " ".join(answer.json()["reasons"])
    found.clear()
    look()
    assert checks.books().ok


def test_each_difference_leads_to_what_it_is_about(as_user, user_with):
    user = user_with(username="olga")
    found.append(Difference(7, about=("outbox.Directive", 1)))
    run = look()
    directive = Directive.objects.get(topic="ledgers.verify")
    LedgerFinding.objects.update(about_id=directive.pk)
    page = as_user(VIEW).get(run.get_absolute_url()).content.decode()
    assert directive.get_absolute_url() in page
    LedgerFinding.objects.update(about_id=987654)
    assert as_user(VIEW).get(run.get_absolute_url()).status_code == 200, "what is gone has no link"
    assert user


def test_the_page_says_figures_and_places_as_its_reader_does(as_user):
    """It wrote 222.1 for a Brazilian, and the keys of the database: “lot 1 in location 8”."""
    found.append(Difference(7, about=("outbox.Directive", 1)))
    run = look()
    LedgerFinding.objects.update(
        about_id=Directive.objects.get(topic="ledgers.verify").pk, subject="lot 7 · DRY", expected="1222.5", found=""
    )
    reader = as_user(VIEW)
    get_user_model().objects.update(language="pt-br")
    page = reader.get(run.get_absolute_url()).content.decode()
    assert "1.222,5" in page
    assert ">DRY<" in page
    assert "lot 7" not in page


def test_money_keeps_its_cents_and_a_word_is_no_figure(as_user):
    """A value that should be 867.40 was 867.4; a code like INF broke the page."""
    for figure, written in ((Decimal("867.40"), "867.40"), (Decimal("1.500000"), "1.5"), (Decimal("1E+3"), "1000")):
        assert ledgers.text(figure) == written
    finding = LedgerFinding(expected="1867.40", found="inf")
    assert (finding.should_be, finding.is_now) == ("1,867.40", "inf")


def test_the_page_asks_for_progress_until_it_is_done(as_user):
    client = as_user(VIEW, ASK)
    assert "Nobody has looked yet" in client.get(reverse("observability:ledgers")).content.decode()
    answer = client.post(reverse("observability:ledgers_check"))
    assert answer.status_code == 302
    run = LedgerRun.objects.get()
    assert answer["Location"] == run.get_absolute_url()
    assert 'hx-trigger="every 1s"' in client.get(run.get_absolute_url()).content.decode()
    htmx = {"HX-Request": "true", "HX-Target": "books"}
    assert client.get(run.get_absolute_url(), headers=htmx).status_code == 200
    runner.drain()
    done = client.get(run.get_absolute_url(), headers=htmx)
    assert done.status_code == 286
    assert "All books agree." in done.content.decode()


def test_who_may_only_look_does_not_ask_and_others_see_nothing(as_user):
    looks = as_user(VIEW)
    assert "Check now" not in looks.get(reverse("observability:ledgers")).content.decode()
    assert looks.post(reverse("observability:ledgers_check")).status_code == 403
    assert as_user("outbox.view_directive", username="o").get(reverse("observability:ledgers")).status_code == 403
    assert not LedgerRun.objects.exists()


def test_every_night_once_and_in_the_morning_when_the_machine_was_off():
    day = clock.today()
    instants: list[tuple[datetime, int]] = [
        (clock.at(day, 2, 10), 0),
        (clock.at(day, 3, 10), 1),
        (clock.at(day, 4, 10), 1),
        (clock.at(day + timedelta(days=1), 2, 10), 1),
        (clock.at(day + timedelta(days=1), 9, 10), 2),
    ]
    for instant, runs in instants:
        with clock.fixed(instant):
            tasks.verify_ledgers.call_local()
            runner.drain()
        assert LedgerRun.objects.count() == runs, instant


def test_the_command_prints_and_writes_down(capsys):
    call_command("verify_ledgers")
    assert "All books agree." in capsys.readouterr().out
    found.append(Difference(7))
    with pytest.raises(SystemExit):
        call_command("verify_ledgers")
    assert "lot 7" in capsys.readouterr().out
    assert LedgerRun.objects.alarming().get().found == 1


def test_many_differences_are_counted_and_some_are_listed(as_user, monkeypatch):
    monkeypatch.setattr(ledgers, "KEPT", 3)
    found.extend(Difference(number) for number in range(5))
    run = look()
    assert (run.found, run.findings.count()) == (5, 3)
    assert "2 more are not listed" in as_user(VIEW).get(run.get_absolute_url()).content.decode()


def test_the_demo_looks_once_and_not_again():
    demo.books()
    demo.books()
    run = LedgerRun.objects.get()
    assert (run.is_busy, run.found, run.parts.count()) == (False, 0, 1)
