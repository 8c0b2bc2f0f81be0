"""The history is sealed at night: what is changed, taken away or put in afterwards is found, and named."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils.translation import override

from backoffice.kernel import clock
from backoffice.kernel.ledger import lifted
from backoffice.observability import audit, ledgers, seals, tasks
from backoffice.observability.backup import archive
from backoffice.observability.models import AuditSeal, LedgerPart, LedgerRun
from backoffice.observability.tests.test_backup import as_sqlite
from backoffice.outbox import runner

TABLE = "accounts_historicaluser"
User = get_user_model()
History: Any = User.history.model  # type: ignore[attr-defined]


def noted(count: int) -> None:
    """So many people came in."""
    before = User.objects.count()
    for number in range(before, before + count):
        User.objects.create(username=f"u{number}", name=f"Zoë {number}", email="")


def later() -> datetime:
    return clock.now() + timedelta(hours=2)


def rows_of(table: str) -> list[tuple[int, int, int]]:
    found = AuditSeal.objects.filter(table=table).order_by("pk")
    return list(found.values_list("first_id", "last_id", "rows"))


def told() -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.subject, one.expected, one.found) for one in audit.differences()]


@contextmanager
def burglar() -> Iterator[Callable[..., None]]:
    """Somebody with the password of the database."""
    with lifted(), connection.cursor() as cursor:
        yield cursor.execute


@pytest.fixture
def three(db: None, monkeypatch: Any) -> list[AuditSeal]:
    """Seven entries under three seals, of three rows at most."""
    monkeypatch.setattr(seals, "ROWS", 3)
    monkeypatch.setattr(seals, "AT_ONCE", 2)
    noted(7)
    assert seals.seal(later()) == 7
    return list(AuditSeal.objects.filter(table=TABLE).order_by("pk"))


def test_one_chain_over_all_tables_without_gaps(three: list[AuditSeal]) -> None:
    first = History.objects.order_by("pk").values_list("pk", flat=True)[0]
    assert [(one.first_id, one.last_id) for one in three] == [
        (1, first + 2),
        (first + 3, first + 5),
        (first + 6, first + 6),
    ]
    assert [one.rows for one in three] == [3, 3, 1]
    assert [one.previous for one in three] == ["", three[0].digest, three[1].digest]
    assert told() == []
    noted(2)
    apps.get_model("crm.Customer").objects.create(name="Ana", code="A")
    assert seals.seal(later()) == 3
    assert seals.seal(later()) == 0
    assert rows_of(TABLE)[-1] == (first + 7, first + 8, 2)
    assert len(set(AuditSeal.objects.values_list("previous", flat=True))) == 5
    assert told() == []


def test_what_is_an_hour_old_is_sealed_and_nothing_behind_what_is_not(db: None) -> None:
    noted(3)
    middle = History.objects.order_by("pk")[1]
    with burglar() as sql:
        sql(f"UPDATE {TABLE} SET history_date = %s WHERE history_id <> %s", [later() - timedelta(days=1), middle.pk])
    assert seals.seal(clock.now() - seals.AGE) == 1
    assert rows_of(TABLE) == [(1, middle.pk - 1, 1)]
    assert seals.seal(later()) == 2


def test_nothing_is_sealed_while_something_older_is_still_written(db: None) -> None:
    """On PostgreSQL its rows would come to light under keys that are sealed already. SQLite has one writer."""
    began = clock.now()
    other = connection.copy() if connection.vendor == "postgresql" else None
    if other is not None:
        other.set_autocommit(False)
        other.cursor().execute("SELECT count(*) FROM django_migrations")
    try:
        with clock.fixed(began + timedelta(days=1)):
            there = seals.settled()
    finally:
        if other is not None:
            other.close()
    until = began - seals.AGE if other is not None else began + timedelta(days=1) - seals.AGE
    assert abs(there - until) < timedelta(minutes=10)


@pytest.mark.parametrize(
    ("change", "of", "told_of_it"),
    [
        ("UPDATE {t} SET name = 'Nobody' WHERE history_id = {second}", 0, ("entry changed", "", "")),
        ("UPDATE {t} SET history_user_id = id WHERE history_id = {second}", 0, ("entry changed", "", "")),
        ("UPDATE {t} SET history_change_reason = '' WHERE history_id = {last}", 2, ("entry changed", "", "")),
        ("DELETE FROM {t} WHERE history_id = {second}", 0, ("number of entries", "3", "2")),
        ("UPDATE {t} SET history_id = 0 WHERE history_id = {last}", 0, ("number of entries", "3", "4")),
    ],
)
def test_what_differs_is_named(three: list[AuditSeal], change: str, of: int, told_of_it: tuple[str, str, str]) -> None:
    keys = list(History.objects.order_by("pk").values_list("pk", flat=True))
    with burglar() as sql:
        sql(change.format(t=TABLE, second=keys[1], last=keys[-1]))
    kind, subject, expected, found = told()[0]
    assert subject == f"{TABLE} {three[of].first_id}–{three[of].last_id}"
    assert (kind, expected, found) == told_of_it


def test_a_row_put_between_two_seals_is_found(three: list[AuditSeal]) -> None:
    """Keys that nobody used are covered too."""
    entry = History.objects.order_by("pk").first()
    entry.pk = three[0].first_id - 5
    entry.save(force_insert=True)
    assert [one[0] for one in told()] == ["number of entries"]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("UPDATE observability_auditseal SET rows = 4 WHERE id = {0}", {"seal changed", "number of entries"}),
        ("UPDATE observability_auditseal SET content = '{x}' WHERE id = {1}", {"seal changed", "entry changed"}),
        ("UPDATE observability_auditseal SET sealed_at = '2020-01-01' WHERE id = {1}", {"seal changed"}),
        ("UPDATE observability_auditseal SET digest = '{x}' WHERE id = {1}", {"seal changed", "seal removed"}),
        ("DELETE FROM observability_auditseal WHERE id = {0}", {"seal removed", "rows without a seal"}),
        ("DELETE FROM observability_auditseal WHERE id = {1}", {"seal removed", "rows without a seal"}),
    ],
)
def test_a_seal_that_was_changed_or_taken_away_is_found(three: list[AuditSeal], change: str, kinds: set[str]) -> None:
    with burglar() as sql:
        sql(change.format(*(one.pk for one in three), x="0" * 64))
    assert {one[0] for one in told()} == kinds
    assert any(f" · {three[number].pk}" in one[1] for one in told() for number in (0, 1, 2))


def test_the_end_of_the_chain_cannot_be_cut_off_once_a_look_saw_it(three: list[AuditSeal]) -> None:
    list(ledgers.now())
    run = LedgerRun.objects.get()
    assert (run.sealed, run.found) == (three[2].digest, 0)
    with burglar() as sql:
        sql("DELETE FROM observability_auditseal WHERE id = %s", [three[2].pk])
        sql(f"DELETE FROM {TABLE} WHERE history_id >= %s", [three[2].first_id])
    seals.seal(later())
    for _night in range(2):
        list(ledgers.now())
        assert LedgerRun.objects.alarming().get().findings.get().kind == "seal removed"
    call_command("seal_history", "--again", TABLE, "--reason", "nothing to seal yet")
    assert told() != []
    seals.again(TABLE, "the disk lost its last sectors", later())
    assert told() == []


def test_nobody_changes_a_seal_by_the_way(three: list[AuditSeal]) -> None:
    for change in ("UPDATE observability_auditseal SET reason = 'x'", "DELETE FROM observability_auditseal"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_after_a_column_went_the_table_is_sealed_anew_with_a_reason(three: list[AuditSeal], monkeypatch: Any) -> None:
    class Meta:
        db_table = TABLE
        pk = History._meta.pk
        concrete_fields = tuple(field for field in History._meta.concrete_fields if field.column != "theme")

    class Slim:
        _meta, objects = Meta, History.objects

    monkeypatch.setattr(seals, "histories", lambda: {TABLE: Slim})
    assert {one[:2] for one in told()} == {("sealed columns are gone", f"{one} · theme") for one in three}
    noted(1)
    with pytest.raises(CommandError, match="Say why"):
        call_command("seal_history", "--again", TABLE)
    with pytest.raises(CommandError, match="no history shelf"):
        call_command("seal_history", "--again", "shelf", "--reason", "x")
    assert seals.again(TABLE, "appearance went with 0042", later()) == 8
    assert told() == []
    anew = AuditSeal.objects.exclude(reason="").get()
    assert (anew.first_id, anew.rows, "theme" in anew.columns) == (1, 3, False)
    with burglar() as sql:
        sql(f"UPDATE {TABLE} SET name = 'Nobody' WHERE history_id = %s", [anew.last_id])
        sql("UPDATE observability_auditseal SET rows = 2 WHERE id = %s", [three[0].pk])
    assert [one[:2] for one in told()] == [("entry changed", str(anew))], "what was explained is not told again"
    assert set(three) < set(AuditSeal.objects.all()), "the old seals stay"


def test_both_databases_come_to_the_same_digest(db: None) -> None:
    """Written down by hand as the docstring of `seals` says it, apart from its code."""
    entry: Any = apps.get_model("catalog.HistoricalProduct")(
        history_id=7, history_date=datetime(2026, 2, 28, 20, 59, 59, 120, tzinfo=timezone(timedelta(hours=-3))),
        history_type="~", id=3, name="Pão “de” forma\n", attributes={"z": True, "a": [1, None, "é"]}, tags=[],
        tax_rate=Decimal("12.5"), created_at=clock.now(), updated_at=clock.now(),
    )  # fmt: skip
    entry.save()
    columns = ["history_id", "name", "attributes", "tax_rate", "is_sellable", "history_date", "category_id", "tags"]
    line = (
        r'[7,"P\u00e3o \u201cde\u201d forma\n",{"a":[1,null,"\u00e9"],"z":true},"12.5000",true,'
        r'"2026-02-28T23:59:59.000120+00:00",null,[]]'
    )
    expected = hashlib.sha256(f"{line}\n".encode("ascii")).hexdigest()
    assert seals.content(type(entry), columns, 1, 9) == (1, expected)


def test_it_is_a_job_of_the_night(db: None) -> None:
    noted(2)
    day = clock.today() + timedelta(days=1)
    for instant, links in ((clock.at(day, 1, 5), 0), (clock.at(day, 2, 5), 1), (clock.at(day, 3, 5), 1)):
        with clock.fixed(instant):
            tasks.seal_history.call_local()
            runner.drain()
        assert len(rows_of(TABLE)) == links, instant


def test_the_books_have_a_line_for_it(as_user: Any, three: list[AuditSeal]) -> None:
    with burglar() as sql:
        sql(f"UPDATE {TABLE} SET name = 'Nobody' WHERE history_id = %s", [three[0].last_id])
    run = ledgers.start()
    runner.drain()
    assert LedgerPart.objects.get(run=run, book="audit").found == 1
    page = as_user("observability.view_ledgerrun", username="reader").get(run.get_absolute_url()).content.decode()
    assert "History of all changes" in page
    assert f"{TABLE} {three[0].first_id}–{three[0].last_id}" in page
    assert "Entry changed" in page


def test_the_command_names_it(three: list[AuditSeal], capsys: Any) -> None:
    call_command("verify_ledgers")
    assert "audit" in capsys.readouterr().out
    with burglar() as sql:
        sql(f"DELETE FROM {TABLE} WHERE history_id = %s", [three[0].last_id])
    with pytest.raises(SystemExit), override("en"):
        call_command("verify_ledgers")
    assert f"{TABLE} {three[0].first_id}–{three[0].last_id}" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_seals_hold_after_backup_restore_and_the_move(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    noted(3)
    apps.get_model("crm.Customer").objects.create(name="Padaria “Pão”", code="P", tags=["a", "é"])
    apps.get_model("catalog.Category").objects.create(name="Bread", slug="bread")
    assert seals.seal(later()) == 5
    chain = list(AuditSeal.objects.order_by("pk").values())
    saved = tmp_path / "one.tar.gz"
    archive.create(saved)
    if connection.vendor == "postgresql":
        saved = as_sqlite(saved, tmp_path)
    noted(1)
    archive.restore(saved, force=True)
    assert list(AuditSeal.objects.order_by("pk").values()) == chain
    assert told() == []
    noted(1)
    assert seals.seal(later()) == 1
    assert told() == []


def seal_few(_number: int) -> int:
    seals.ROWS = 5
    return seals.seal(later())


@pytest.mark.race
def test_many_who_seal_at_once_make_one_chain(crowd: Any) -> None:
    noted(60)
    apps.get_model("crm.Customer").objects.create(name="Ana", code="A")
    outcome = crowd.do(f"{__name__}:seal_few", [(number,) for number in range(8)])
    assert outcome.names == {"done": 8}
    assert (sum(outcome.results), AuditSeal.objects.count()) == (61, 13)
    assert told() == []
