"""The translations: collect texts from the code and templates, and compile the catalogues, without system tools."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent.parent / "locale"


def compile_catalogues() -> None:
    """Write a .mo beside every .po that is newer than it."""
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        half_written = target.with_suffix(f".mo.part{os.getpid()}")  # several may be at it
        with half_written.open("wb") as file:
            write_mo(file, catalogue)
        half_written.replace(target)
