"""Backup and restore on the database that the suite runs with, under load, and the move from SQLite."""

import json
import sqlite3
import tarfile
import threading
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from backoffice.kernel import numbering
from backoffice.kernel.models import NumberSeries
from backoffice.observability.backup import archive, encryption
from backoffice.observability.backup import sqlite as sqlite_backup
from backoffice.observability.backup.errors import BackupError
from backoffice.outbox import directives
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / "transfers").mkdir(parents=True)
    (settings.MEDIA_ROOT / "transfers" / "sheet.csv").write_text("a;b")
    return settings.MEDIA_ROOT


@pytest.fixture
def saved(user_with, tmp_path):
    user_with(username="baker")
    with transaction.atomic():
        numbering.next_number("order")
    for n in range(3):
        directives.issue("count", payload={"n": n, "name": 'pão, "quoted"\tand\\tabbed\nline'}, dedupe_key=f"k{n}")
    target = tmp_path / "one.tar.gz"
    archive.create(target)
    return target


def test_everything_comes_back(saved, media, django_user_model):
    before = list(Directive.objects.order_by("pk").values())
    directives.issue("after")
    Directive.objects.filter(dedupe_key="k1").delete()
    NumberSeries.objects.update(last=500)
    (media / "transfers" / "sheet.csv").unlink()

    out = StringIO()
    call_command("restore", saved, "--force", stdout=out)

    assert "files are back" in out.getvalue()
    assert list(Directive.objects.order_by("pk").values()) == before
    assert NumberSeries.objects.get(series="order").last == 1
    assert django_user_model.objects.get().username == "baker"
    assert (media / "transfers" / "sheet.csv").read_text() == "a;b"
    assert directives.issue("next").pk > before[-1]["id"]  # sequences go on behind the rows


def test_a_database_that_is_in_use_is_not_replaced_by_accident(saved):
    directives.issue("precious")
    with pytest.raises(CommandError, match="--force"):
        call_command("restore", saved)
    assert Directive.objects.filter(topic="precious").exists()


def test_a_damaged_archive_changes_nothing(saved, tmp_path):
    directives.issue("precious")
    whole = saved.read_bytes()
    half = tmp_path / "half.tar.gz"
    half.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupError, match="not a whole backup"):
        archive.restore(half, force=True)

    folder = tmp_path / "unpacked"
    with tarfile.open(saved) as tar:
        tar.extractall(folder, filter="data")
    table = max((folder / "database").iterdir(), key=lambda path: path.stat().st_size)
    table.write_bytes(table.read_bytes().replace(b"baker", b"thief"))
    changed = tmp_path / "changed.tar.gz"
    with tarfile.open(changed, "w:gz") as tar:
        for name in ("manifest.json", "database"):
            tar.add(folder / name, name)
    if connection.vendor == "sqlite":
        with pytest.raises(BackupError, match="damaged"):
            archive.restore(changed, force=True)
    assert Directive.objects.filter(topic="precious").exists()


def test_the_archive_is_private_and_an_old_one_is_kept_until_the_new_one_is_whole(saved, monkeypatch):
    assert saved.stat().st_mode & 0o077 == 0
    before = saved.read_bytes()

    def broken(*args):
        raise OSError("disk full")

    monkeypatch.setattr(archive, "_add_media", broken)
    with pytest.raises(CommandError, match="disk full"):
        call_command("backup", saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir() if path.name.startswith("backup-")] == []


def test_into_a_folder(tmp_path, media):
    out = StringIO()
    call_command("backup", tmp_path, stdout=out)
    (made,) = tmp_path.glob("backup-*.tar.gz")
    assert made.name in out.getvalue()
    assert " 1 files" in out.getvalue()


@pytest.mark.race
def test_under_load_it_is_one_instant(tmp_path):
    """Four writers insert pairs in one transaction each; whatever instant the backup sees, it sees whole pairs.

    Every second one is encrypted.
    """
    key = encryption.new_key(tmp_path / "key")
    stop, written, failures = threading.Event(), [0] * 4, []

    def write(writer: int) -> None:
        try:
            while not stop.is_set():
                with transaction.atomic():
                    for side in ("left", "right"):
                        directives.issue(side, dedupe_key=f"{writer}-{written[writer]}")
                written[writer] += 1
                stop.wait(0.005)  # SQLite's waiting is unfair: writers that never pause would starve each other
        except Exception as error:  # noqa: BLE001 - asserted below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    made = []
    try:
        for _ in range(3000):
            if min(written) >= 3 or failures:
                break
            stop.wait(0.01)
        for n in range(20):
            keys = [key] if n % 2 else []
            made.append((sum(written), archive.create(tmp_path / f"{n}.tar.gz", recipients=keys), sum(written)))
    finally:
        stop.set()
    for thread in threads:
        thread.join(60)
    assert failures == []

    assert [report.encrypted for _before, report, _after in made] == [False, True] * 10
    assert [report.tables["outbox_directive"] % 2 for _before, report, _after in made] == [0] * 20
    # PostgreSQL takes two seconds to load one; a few of them say it all.
    for before, report, after in made if connection.vendor == "sqlite" else made[::9]:
        call_command("restore", report.path, "--force", identity=tmp_path / "key", stdout=StringIO())
        left = set(Directive.objects.filter(topic="left").values_list("dedupe_key", flat=True))
        right = set(Directive.objects.filter(topic="right").values_list("dedupe_key", flat=True))
        assert left == right
        assert before <= len(left) <= after + 4  # nothing acknowledged before it began is missing
        assert report.tables["outbox_directive"] == 2 * len(left)


def test_a_sqlite_archive_moves_into_postgresql(saved, tmp_path, monkeypatch):
    """On PostgreSQL: a SQLite archive of the same tables is loaded value for value. On SQLite: refused."""
    if connection.vendor == "sqlite":
        monkeypatch.setattr(archive, "connection", SimpleNamespace(vendor="other"))
        with pytest.raises(BackupError, match="cannot be loaded"):
            archive.restore(saved, force=True)
        return
    before = {model: list(model.objects.order_by("pk").values()) for model in (Directive, NumberSeries)}
    moved = as_sqlite(saved, tmp_path)
    Directive.objects.all().delete()
    archive.restore(moved, force=True)
    assert {model: list(model.objects.order_by("pk").values()) for model in before} == before


def test_an_archive_holds_the_models_tables_and_no_others(saved):
    """SQLite's search keeps tables that PostgreSQL does not have; with them in the archive a shop could not move."""
    with tarfile.open(saved) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))

    models = connection.introspection.django_table_names(only_existing=True, include_views=False)
    assert set(manifest["tables"]) == {*models, "django_migrations"}


def test_an_archive_that_still_names_the_tables_of_the_search_is_good_too(saved, tmp_path):
    file = tmp_path / "old.sqlite3"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE shelf (name text)")
        database.execute("CREATE VIRTUAL TABLE shelf_words USING fts5(name)")
        counted = sqlite_backup.count(database)
    database.close()

    assert counted == {"shelf": 0}
    assert sqlite_backup.ours({"shelf": 0, "shelf_words": 7, "shelf_words_data": 2}, counted) == counted


def as_sqlite(saved, tmp_path):
    """The PostgreSQL database as the SQLite archive that the same program would have made."""
    folder = tmp_path / "sqlite"
    (folder / "database").mkdir(parents=True)
    with tarfile.open(saved) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    file = folder / "database" / sqlite_backup.FILE
    database = sqlite3.connect(file)
    with connection.cursor() as cursor:
        for table in manifest["tables"]:
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column.name for column in cursor.description]
            database.execute(f'CREATE TABLE "{table}" ({", ".join(f"{chr(34)}{name}{chr(34)}" for name in names)})')
            for row in cursor.fetchall():
                marks = ", ".join("?" * len(names))
                database.execute(f'INSERT INTO "{table}" VALUES ({marks})', [for_sqlite(value) for value in row])
    database.commit()
    database.close()
    manifest |= {"vendor": "sqlite", "sha256": {sqlite_backup.FILE: archive.digest(file)}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    target = tmp_path / "moved.tar.gz"
    with tarfile.open(target, "w:gz") as tar:
        tar.add(folder / "manifest.json", "manifest.json")
        tar.add(folder / "database", "database")
    return target


def for_sqlite(value):
    from datetime import datetime
    from uuid import UUID

    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value if isinstance(value, int | float | str | bytes | None) else str(value)
