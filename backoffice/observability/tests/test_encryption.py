"""Encrypted backups: who has the key gets everything back, nobody else anything, and nothing plain is left behind."""

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as now
from django.core.management import CommandError, call_command

from backoffice.observability.backup import archive, encryption, scratch
from backoffice.outbox import directives
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"  # another worker's backup has its scratch in the common one
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DATA_DIR.mkdir()
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / "sheet.csv").write_text("cinnamon;42")
    return settings.MEDIA_ROOT


@pytest.fixture
def key(settings, tmp_path):
    """The file with the secret key; the settings have the public one."""
    path = tmp_path / "key"
    settings.BACKUP_RECIPIENT = [encryption.new_key(path)]
    return path


@pytest.fixture
def saved(key, user_with, tmp_path):
    user_with(username="baker")
    directives.issue("count", payload={"what": "cinnamon"}, dedupe_key="before")
    folder = tmp_path / "copies"
    folder.mkdir()
    out = StringIO()
    call_command("backup", folder, stdout=out)
    (made,) = folder.iterdir()
    assert made.name.endswith(".tar.gz.age")
    assert "encrypted" in out.getvalue()
    assert "not encrypted" not in out.getvalue()
    return made


def refused(saved, *more):
    """What restore says; nothing was changed."""
    directives.issue("precious", dedupe_key="precious")
    with pytest.raises(CommandError) as told:
        call_command("restore", saved, "--force", *more)
    assert Directive.objects.filter(topic="precious").exists()
    assert left_in_scratch() == []
    return str(told.value)


def left_in_scratch():
    return sorted(path.name for path in (Path(now.DATA_DIR) / scratch.NAME).iterdir())


def test_who_has_the_key_gets_everything_back(saved, key, media, django_user_model):
    Directive.objects.all().delete()
    (media / "sheet.csv").unlink()

    out = StringIO()
    call_command("restore", saved, "--force", "--identity", str(key), stdout=out)

    assert "back and counted" in out.getvalue()
    assert Directive.objects.get().dedupe_key == "before"
    assert django_user_model.objects.get().username == "baker"
    assert (media / "sheet.csv").read_text() == "cinnamon;42"
    assert left_in_scratch() == []


def test_nobody_else_reads_anything(saved, key):
    written = saved.read_bytes()

    assert saved.stat().st_mode & 0o077 == 0
    assert written.startswith(b"age-encryption.org/v1")
    assert [word for word in (b"cinnamon", b"manifest", b"SQLite", b"\x1f\x8b\x08") if word in written[:400]] == []
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
    assert left_in_scratch() == []


def test_what_cannot_be_decrypted_says_why(saved, key, tmp_path):
    encryption.new_key(tmp_path / "other")
    (tmp_path / "none").write_text("# the key is in the safe\n")
    (tmp_path / "torn").write_text(key.read_text()[:-20])
    half, spoilt, cut = (tmp_path / name for name in ("half", "spoilt", "cut"))
    whole = saved.read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    spoilt.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    cut.write_bytes(whole[:60])

    assert "is encrypted" in refused(saved)
    assert "--identity FILE" in refused(saved)
    assert "was encrypted for another key than the one in" in refused(saved, "--identity", str(tmp_path / "other"))
    assert "holds no secret key of age" in refused(saved, "--identity", str(tmp_path / "none"))
    assert "holds no secret key of age" in refused(saved, "--identity", str(tmp_path / "torn"))
    assert "holds no secret key of age" in refused(saved, "--identity", str(saved))
    assert "cannot be read" in refused(saved, "--identity", str(tmp_path / "gone"))
    for damaged in (half, spoilt):
        assert "cannot be decrypted: it is damaged or not whole" in refused(damaged, "--identity", str(key))
    assert "cannot be decrypted" in refused(cut, "--identity", str(key))


def test_each_of_several_keys_opens_it(settings, key, tmp_path):
    settings.BACKUP_RECIPIENT.append(encryption.new_key(tmp_path / "second"))
    directives.issue("count", dedupe_key="before")
    report = archive.create(tmp_path / "one")

    for mine in (key, tmp_path / "second"):
        Directive.objects.all().delete()
        archive.restore(report.path, identity=mine, force=True)
        assert Directive.objects.get().dedupe_key == "before"


def test_a_plain_archive_needs_no_key_and_the_command_says_that_it_is_plain(tmp_path, key, settings):
    settings.BACKUP_RECIPIENT = []
    out = StringIO()
    call_command("backup", tmp_path / "plain.tar.gz", stdout=out)

    assert "It is not encrypted: set BACKUP_RECIPIENT" in out.getvalue()
    call_command("restore", tmp_path / "plain.tar.gz", "--force", "--identity", str(key), stdout=StringIO())


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path):
    out = StringIO()
    call_command("backup_key", tmp_path / "mine", stdout=out)
    before = (tmp_path / "mine").read_text()

    assert (tmp_path / "mine").stat().st_mode & 0o077 == 0
    assert "AGE-SECRET-KEY-1" in before
    assert "AGE-SECRET-KEY-1" not in out.getvalue()
    public = out.getvalue().splitlines()[0].removeprefix("BACKUP_RECIPIENT=")
    encryption.check([public])
    assert f"# public key: {public}" in before
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup_key", tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == before
    with pytest.raises(CommandError):
        call_command("backup_key", tmp_path / "nowhere" / "mine")


def test_a_key_that_is_none_makes_no_backup(settings, tmp_path):
    settings.BACKUP_RECIPIENT = ["age1" + "q" * 58]
    with pytest.raises(CommandError, match="mistyped"):
        call_command("backup", tmp_path / "one")
    assert not (tmp_path / "one").exists()


DYING = """
import django, sys, time
django.setup()
from pathlib import Path
from backoffice.observability.backup import scratch
with scratch.folder() as work, scratch.part(Path(sys.argv[1])) as out:
    (work / "archive").write_text("all customers, plain")
    out.write(b"half of it")
    out.flush()
    print(work, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_backup_left_is_gone_with_the_next_and_what_is_in_use_stays(key, tmp_path):
    target = tmp_path / "one.age"
    dying = subprocess.Popen(
        [sys.executable, "-c", DYING, str(target)],
        env={**os.environ, "DATA_DIR": str(now.DATA_DIR)},
        stdout=subprocess.PIPE,
        text=True,
    )
    left = Path(dying.stdout.readline().strip())
    parts = list(tmp_path.glob(".backup-*"))
    assert (left / "archive").exists()
    assert left.stat().st_mode & 0o077 == parts[0].stat().st_mode & 0o077 == 0
    long_ago = time.time() - 3600
    for path in (left, *parts):
        os.utime(path, (long_ago, long_ago))

    archive.create(target)
    assert left.exists(), "it is at work"
    assert parts[0].exists()

    dying.send_signal(signal.SIGKILL)
    dying.wait()
    dying.stdout.close()
    archive.create(target)
    assert not left.exists()
    assert not parts[0].exists()
    assert left_in_scratch() == []
    assert encryption.is_encrypted(target)
