"""The archive: a tar file with a manifest, the database, and the media. It is written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from backoffice.kernel import clock
from backoffice.observability.backup import move, postgres, sqlite
from backoffice.observability.backup.errors import BackupError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
MEDIA = "media"


@dataclass
class Report:
    """What was saved or loaded: tables with their rows, files, bytes of the archive."""

    path: Path
    tables: dict[str, int] = field(default_factory=dict)
    files: int = 0
    size: int = 0

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def create(target: Path) -> Report:
    """Save the database as of one instant, and then the media it refers to. Raises BackupError.

    A folder as target gets a file named after the time. An existing file is replaced only when the new one is whole.
    """
    if target.is_dir():
        target = target / f"backup-{clock.now():%Y%m%d-%H%M%S}.tar.gz"
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    with tempfile.TemporaryDirectory(prefix="backup-", dir=target.parent) as scratch:
        work = Path(scratch)
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
        whole = work / "archive"
        with tarfile.open(whole, "w:gz", compresslevel=1) as tar:
            tar.add(work / MANIFEST, MANIFEST)
            tar.add(folder, DATABASE)
            files = _add_media(tar)
        whole.chmod(0o600)
        with whole.open("rb") as stream:
            os.fsync(stream.fileno())
        whole.replace(target)
    return Report(target, tables, files, target.stat().st_size)


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


def restore(source: Path, *, force: bool = False) -> Report:
    """Load an archive into the configured database and media folder. Raises BackupError, and then changes nothing.

    `force` allows to replace a database that has users. A SQLite archive can be loaded into PostgreSQL: that is how a
    shop moves. Afterwards the rows of every table are counted again and the number sequences continue behind them.
    """
    if not source.is_file():
        raise BackupError(f"There is no file {source}.")
    with tempfile.TemporaryDirectory(prefix="restore-") as scratch:
        work = Path(scratch)
        manifest = _unpack(source, work)
        load = _loader(str(manifest["vendor"]))
        tables: dict[str, int] = manifest["tables"]
        load(work / DATABASE, manifest, force=force)
        files = _place_media(work / MEDIA)
    return Report(source, tables, files, source.stat().st_size)


def _loader(vendor: str) -> Any:
    if vendor == connection.vendor:
        return postgres.load if vendor == "postgresql" else sqlite.load
    if (vendor, connection.vendor) == ("sqlite", "postgresql"):
        return move.load
    raise BackupError(f"An archive of {vendor} cannot be loaded into {connection.vendor}.")


def _unpack(source: Path, work: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source, "r:gz") as tar:
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
