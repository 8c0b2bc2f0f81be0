"""The archive: a tar file with a manifest, the database, and the media. It is written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from backoffice.kernel import clock
from backoffice.observability.backup import encryption, move, postgres, scratch, sqlite
from backoffice.observability.backup.errors import BackupError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
MEDIA = "media"
ENCRYPTED = ".age"


@dataclass
class Report:
    """What was saved or loaded: tables with their rows, files, bytes of the archive."""

    path: Path
    tables: dict[str, int] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    encrypted: bool = False

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def create(target: Path, *, recipients: Sequence[str] | None = None) -> Report:
    """Save the database as of one instant, and then the media it refers to. Raises BackupError.

    A folder as target gets a file named after the time. An existing file is replaced only when the new one is whole.
    It is encrypted for the recipients, those of BACKUP_RECIPIENT when none are named; then nothing plain is ever where
    the target is.
    """
    keys = list(settings.BACKUP_RECIPIENT if recipients is None else recipients)
    encryption.check(keys)
    if target.is_dir():
        target = target / f"backup-{clock.now():%Y%m%d-%H%M%S}.tar.gz{ENCRYPTED if keys else ''}"
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    with scratch.folder() as work, scratch.part(target) as out:
        tables = _dump(work)
        if keys:
            with (work / "archive").open("wb") as plain:
                files = _pack(work, plain)
            encryption.encrypt(work / "archive", out, keys)
        else:
            files = _pack(work, out)
    return Report(target, tables, files, target.stat().st_size, encrypted=bool(keys))


def _dump(work: Path) -> dict[str, int]:
    folder = work / DATABASE
    folder.mkdir()
    engine = postgres if connection.vendor == "postgresql" else sqlite
    tables = engine.dump(folder)
    manifest = {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "vendor": connection.vendor,
        "migrations": sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()),
        "tables": tables,
        "sha256": {path.name: digest(path) for path in sorted(folder.iterdir())},
    }
    (work / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return tables


def _pack(work: Path, out: BinaryIO) -> int:
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        tar.add(work / MANIFEST, MANIFEST)
        tar.add(work / DATABASE, DATABASE)
        return _add_media(tar)


def _add_media(tar: tarfile.TarFile) -> int:
    root = Path(settings.MEDIA_ROOT)
    count = 0
    for path in sorted(root.rglob("*")) if root.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            try:
                tar.add(path, f"{MEDIA}/{path.relative_to(root)}")
            except FileNotFoundError:  # deleted while we walk; the database of this backup may still name it
                continue
            count += 1
    return count


def restore(source: Path, *, identity: Path | None = None, force: bool = False) -> Report:
    """Load an archive into the configured database and media folder. Raises BackupError, and then changes nothing.

    `identity` is the file with the secret key of an encrypted one. `force` allows to replace a database that has users.
    A SQLite archive can be loaded into PostgreSQL: that is how a shop moves. Afterwards the rows of every table are
    counted again and the number sequences continue behind them.
    """
    if not source.is_file():
        raise BackupError(f"There is no file {source}.")
    encrypted = encryption.is_encrypted(source)
    with scratch.folder() as work:
        plain = source
        if encrypted:
            plain = work / "archive"
            encryption.decrypt(source, plain, identity)
        manifest = _unpack(source, plain, work)
        load = _loader(str(manifest["vendor"]))
        tables: dict[str, int] = manifest["tables"]
        load(work / DATABASE, manifest, force=force)
        files = _place_media(work / MEDIA)
    return Report(source, tables, files, source.stat().st_size, encrypted=encrypted)


def _loader(vendor: str) -> Any:
    if vendor == connection.vendor:
        return postgres.load if vendor == "postgresql" else sqlite.load
    if (vendor, connection.vendor) == ("sqlite", "postgresql"):
        return move.load
    raise BackupError(f"An archive of {vendor} cannot be loaded into {connection.vendor}.")


def _unpack(source: Path, plain: Path, work: Path) -> dict[str, Any]:
    try:
        with tarfile.open(plain, "r:gz") as tar:
            tar.extractall(work, filter="data")
        manifest: dict[str, Any] = json.loads((work / MANIFEST).read_text(encoding="utf-8"))
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise BackupError(f"{source} is not a whole backup: {error}") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{source} was written by another version of this program.")
    for name, expected in manifest["sha256"].items():
        path = work / DATABASE / Path(name).name
        if not path.is_file() or digest(path) != expected:
            raise BackupError(f"{source} is damaged: {name} is not what was saved.")
    return manifest


def _place_media(folder: Path) -> int:
    root = Path(settings.MEDIA_ROOT)
    count = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            target = root / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Not a rename: the archive may have been unpacked on another disk.
            target.write_bytes(path.read_bytes())
            target.chmod(0o640)
            count += 1
    return count


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
