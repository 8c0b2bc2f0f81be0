"""The restore drill: a backup is really restored beside the shop, and what came of it is seen where people look."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from backoffice.kernel import clock
from backoffice.observability import checks, drills
from backoffice.observability.backup import archive, encryption, rehearsal, scratch
from backoffice.observability.backup.errors import BackupError, NotPossible
from backoffice.observability.models import RestoreDrill
from backoffice.outbox import directives, runner
from backoffice.outbox.models import Directive
from backoffice.testing import databases

real = pytest.mark.django_db(transaction=True)
quick = pytest.mark.django_db
SEE, ASK = "outbox.view_directive", "observability.add_restoredrill"
Outcome = RestoreDrill.Outcome


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / "transfers").mkdir(parents=True)
    (settings.MEDIA_ROOT / "transfers" / "sheet.csv").write_text("a;b")


@pytest.fixture
def tables_at_once(monkeypatch: Any) -> None:
    """On PostgreSQL the migrations of the copy take most of the time: a copy of the template that the suite keeps."""
    run = rehearsal._run

    def quick(words: tuple[str, ...], url: str, *rest: Any) -> None:
        if words[0] != "migrate":
            run(words, url, *rest)
            return
        name = urlsplit(url).path.lstrip("/")
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{databases._postgresql_template()}"')

    monkeypatch.setattr(rehearsal, "_run", quick)


def left(tmp_path: Path) -> list[str]:
    """What is left of a drill, in the folder and on the server."""
    found = [path.name for path in (tmp_path / scratch.NAME).iterdir()]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = %s", [rehearsal.MARK]
            )
            found += [name for (name,) in cursor.fetchall() if str(connection.settings_dict["NAME"])[:40] in name]
    return found


@real
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_a_backup_is_restored_beside_the_shop(request, settings, tmp_path, user_with, encrypted):
    if encrypted:
        request.getfixturevalue("tables_at_once")
        # By a key that is not on this machine: the drill adds one of its own.
        settings.BACKUP_RECIPIENT = [encryption.new_key(tmp_path / "key")]
        (tmp_path / "key").unlink()
    user_with(username="baker")
    directives.issue("count", payload={"name": 'pão, "quoted"\tand\\tabbed\nline'}, available_at=later())

    drill = drills.now()

    assert (drill.outcome, drill.reason) == (Outcome.GOOD, "")
    assert drill.encrypted is encrypted
    assert drill.rows > 100
    assert drill.size > 1000
    assert not drill.is_busy
    assert Directive.objects.get().topic == "count", "the shop's own rows are as they were"
    assert left(tmp_path) == []


def later() -> Any:
    return clock.now() + timedelta(days=1)


@real
@pytest.mark.parametrize(
    ("lost", "says"),
    [
        ("row", "outbox_directive has 0 rows in the copy instead of 1."),
        ("file", "The copy has 1 files instead of 2."),
    ],
)
@pytest.mark.usefixtures("tables_at_once")
def test_a_copy_that_lacks_a_row_or_a_file_is_found(monkeypatch, tmp_path, lost, says):
    """Whatever way a restore could lose something: each table and the files are counted in the copy."""
    create = archive.create

    def more(target: Any, **options: Any) -> Any:
        report = create(target, **options)
        if lost == "row":
            report.tables["outbox_directive"] += 1
        else:
            report.files += 1
        return report

    monkeypatch.setattr(archive, "create", more)
    drill = drills.now()

    assert (drill.outcome, drill.reason) == (Outcome.FAILED, says)
    assert left(tmp_path) == []


@real
@pytest.mark.usefixtures("tables_at_once")
def test_a_step_that_fails_or_hangs_is_told_and_ends(monkeypatch, tmp_path, caplog):
    drill = failing(monkeypatch, LONGEST=0)
    assert drill.reason.endswith("took too long.")
    assert "Restore drill: failed." in caplog.text

    monkeypatch.setattr(drills, "LONGEST", 600)
    monkeypatch.setattr(archive, "create", torn(archive.create))
    drill = failing(monkeypatch)
    assert "restore ended with 1: CommandError" in drill.reason
    assert "is not a whole backup" in drill.reason
    assert left(tmp_path) == []


def torn(create: Any) -> Any:
    def made(target: Any, **options: Any) -> Any:
        report = create(target, **options)
        report.path.write_bytes(report.path.read_bytes()[:500])
        return report

    return made


def failing(monkeypatch: Any, **values: Any) -> RestoreDrill:
    for name, value in values.items():
        monkeypatch.setattr(drills, name, value)
    with pytest.raises(CommandError):
        call_command("drill")
    drill = RestoreDrill.objects.order_by("-pk").first()
    assert drill is not None
    assert drill.outcome == Outcome.FAILED
    return drill


@real
def test_a_role_that_may_make_no_database_is_told_so(tmp_path):
    if connection.vendor != "postgresql":
        return  # a scratch file needs nobody's leave
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_drill; GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_drill")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain_drill; SET ROLE plain_drill")
    try:
        drill = drills.now()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE; DROP OWNED BY plain_drill; DROP ROLE plain_drill")
    assert drill.outcome == Outcome.NOT_POSSIBLE
    assert "CREATEDB" in drill.reason
    assert checks.restore_drill().warns


def pretend(monkeypatch: Any, error: Exception | None = None) -> None:
    """A drill whose restore is over at once, well or with an error."""

    def rehearse(*args: Any, **more: Any) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(rehearsal, "rehearse", rehearse)


@real
def test_it_is_a_job_that_is_begun_once_and_done_once(monkeypatch, user_with):
    pretend(monkeypatch)
    assert drills.start() == drills.start()
    assert Directive.objects.filter(topic=drills.TOPIC).count() == 1

    runner.drain()
    drill = RestoreDrill.objects.get()
    assert drill.outcome == Outcome.GOOD
    ended = drill.finished_at
    drills.carry_out(Directive.objects.get(topic=drills.TOPIC))
    drill.refresh_from_db()
    assert drill.finished_at == ended

    assert drills.start() != drill
    RestoreDrill.objects.filter(finished_at=None).update(started_at=clock.now() - timedelta(hours=2))
    assert drills.start().pk != RestoreDrill.objects.order_by("pk")[1].pk, "one that died does not block others"


@quick
@pytest.mark.parametrize(
    ("age", "last", "hour", "is_due"),
    [
        (5, None, 4, False), (7, None, 4, True), (7, None, 11, False), (9 * 24, None, 11, True),
        (999, timedelta(days=2), 4, False), (999, timedelta(days=7), 4, True), (999, timedelta(days=7), 11, False),
        (999, timedelta(days=9), 11, True),
    ],
)  # fmt: skip
def test_it_is_due_in_the_night_of_each_week_or_by_day_when_that_was_missed(
    monkeypatch, user_with, age, last, hour, is_due
):
    assert not drills.due(), "nobody works here"
    now = clock.at(clock.today(), hour, 40)
    monkeypatch.setattr(clock, "now", lambda: now)
    user_with(date_joined=now - timedelta(hours=age))
    if last:
        RestoreDrill.objects.create(started_at=now - last)
    assert drills.due() is is_due


def done(outcome: str, ago: timedelta = timedelta(0), reason: str = "") -> RestoreDrill:
    at = clock.now() - ago
    return RestoreDrill.objects.create(
        started_at=at, finished_at=at + timedelta(seconds=4), outcome=outcome, reason=reason, size=1234567, rows=4321
    )


@quick
def test_who_watches_is_warned_but_a_young_shop_is_well(client, user_with):
    def answer() -> tuple[int, list[str], list[str]]:
        found = client.get(reverse("observability:readyz"))
        return found.status_code, found.json()["warnings"], found.json()["reasons"]

    person = user_with()
    assert answer() == (200, [], [])
    type(person).objects.update(date_joined=clock.now() - timedelta(days=11))
    assert answer() == (200, ["No backup was restored on trial for more than 10 days."], [])
    done(Outcome.GOOD, timedelta(days=9))
    assert answer() == (200, [], [])
    RestoreDrill.objects.update(started_at=clock.now() - timedelta(days=11))
    assert answer()[1] == ["No backup was restored on trial for more than 10 days."]
    done(Outcome.NOT_POSSIBLE, reason="It may not.")
    assert answer() == (200, ["A backup could not be tried: It may not."], [])
    done(Outcome.FAILED, reason="The disk is full.")
    status, warnings, (reason,) = answer()
    assert (status, warnings) == (503, [])
    assert reason.startswith("The last restore drill failed, ")
    assert reason.endswith(": The disk is full.")
    done(Outcome.GOOD)
    assert answer() == (200, [], [])


@quick
def test_the_page_shows_what_came_of_each(as_user):
    page = reverse("observability:health")
    reader = as_user(SEE)
    text = reader.get(page).content.decode()
    assert "Not tried yet" in text
    assert "Try now" not in text
    done(Outcome.GOOD)
    done(Outcome.FAILED, reason="orders_order has 3 rows in the copy instead of 4.")
    text = " ".join(reader.get(page).content.decode().split())
    for said in ("1.2 MB · 4,321 rows · 4 seconds", "has 3 rows in the copy", '<span class="badge bad">failed</span>'):
        assert said in text
    assert "Something needs a look." in text


@real
def test_it_is_asked_for_on_the_page(as_user, monkeypatch):
    pretend(monkeypatch, NotPossible("It may not."))
    url, page = reverse("observability:drill"), reverse("observability:health")
    assert as_user(SEE, username="reader").post(url).status_code == 403
    manager = as_user(SEE, ASK, username="olga")
    assert manager.get(url).status_code == 405

    assert manager.post(url).status_code == 302
    again = manager.post(url, headers={"HX-Request": "true"})
    assert again["HX-Redirect"] == page
    text = manager.get(page).content.decode()
    assert "under way" in text
    assert RestoreDrill.objects.get().asked_by.name == "Olga"
    runner.drain()
    text = manager.get(page).content.decode()
    assert "It may not." in text
    assert "not possible" in text


@real
def test_an_accident_of_the_disk_is_told_without_what_is_private(monkeypatch):
    pretend(monkeypatch, BackupError("could not reach ana@example.com"))
    drill = failing(monkeypatch)
    assert "ana@" not in drill.reason
