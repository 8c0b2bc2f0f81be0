"""Where plain copies of the data lie while they are needed: in DATA_DIR, for its owner alone, and never after.

Who was killed half-way could not tidy up: whoever comes next does. What is in use is locked, and the lock ends with
its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

NAME = "scratch"
PART, SUFFIX = ".backup-", ".part"
YOUNG = 60
"""Seconds: who made it a moment ago may not have locked it yet."""


@contextmanager
def folder() -> Iterator[Path]:
    """A new folder on this machine, gone at the end. Those that a killed process has left go at the beginning."""
    root = Path(settings.DATA_DIR) / NAME
    root.mkdir(mode=0o700, exist_ok=True)
    for left in root.iterdir():
        if _is_left(left):
            shutil.rmtree(left, ignore_errors=True)
    path = Path(tempfile.mkdtemp(dir=root))
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


@contextmanager
def part(target: Path) -> Iterator[BinaryIO]:
    """An open file beside the target that takes its place when all of it is on the disk, and else is gone."""
    for left in target.parent.glob(f"{PART}*{SUFFIX}"):
        if _is_left(left):
            left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=PART, suffix=SUFFIX, dir=target.parent)  # for its owner alone
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            with contextlib.suppress(OSError):  # not every disk of a network knows locks
                fcntl.flock(stream, fcntl.LOCK_EX)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            path.replace(target)
    finally:
        path.unlink(missing_ok=True)


def _is_left(path: Path) -> bool:
    try:
        if time.time() - path.stat().st_mtime < YOUNG:
            return False
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(handle)
