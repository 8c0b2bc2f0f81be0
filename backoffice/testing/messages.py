"""Collect the texts of code and templates into the catalogues: `python -m backoffice.testing.messages --update`.

Without `--update` it reports what the catalogues lack, which a test does too. Needs no gettext on the machine.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from backoffice.messages import LOCALE

ROOT = LOCALE.parent
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_n": (1, 2),
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
LANGUAGES = ("pt_BR",)


def _sources() -> Iterator[tuple[Path, bytes]]:
    for folder in ("backoffice", "apps"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {"tests", "migrations", "testing"} & set(path.parts):
                yield path, path.read_bytes()
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            text = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            # To Babel it is Python, in which the indentation of HTML would mean something.
            yield path, "\n".join(line.strip() for line in text.splitlines()).encode()


def collect() -> Catalog:
    """All texts that the code and the templates mark for translation, with where they stand."""
    found = Catalog(charset="utf-8")
    for path, source in _sources():
        # UTF-8 is what it reads without being told, and of the keywords it wants the names alone.
        for line, function, messages, _comments in extract_python(io.BytesIO(source), dict.fromkeys(KEYWORDS), [], {}):
            parts = [messages] if isinstance(messages, str) or messages is None else list(messages)
            context = None
            if function and "pgettext" in function:
                context, *parts = parts
            if (function and "ngettext" in function) or function in {"_n", "npgettext"}:
                texts = parts[:2]
                if all(texts):
                    found.add(tuple(texts), None, [(str(path.relative_to(ROOT)), line)], context=context)
            elif parts and parts[0]:
                found.add(parts[0], None, [(str(path.relative_to(ROOT)), line)], context=context)
    return found


def catalogue_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def load(language: str) -> Catalog:
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def missing(language: str) -> list[str]:
    """Texts that have no translation, or a fuzzy one."""
    have = load(language)
    lacking = []
    for message in collect():
        if not message.id:
            continue
        known = have.get(message.id[0] if isinstance(message.id, tuple) else message.id, message.context)
        strings = known.string if known else ""
        done = all(strings) if isinstance(strings, tuple | list) else bool(strings)
        if known is None or known.fuzzy or not done:
            lacking.append(str(message.id))
    return lacking


def update(language: str) -> None:
    """Bring the catalogue up to date: new texts empty, unused ones gone, translations kept. No line numbers, so that
    a moved line changes nothing in the file."""
    have, found = load(language), collect()
    # No dates and no names in the head: a catalogue in which nothing was said anew stays as it is.
    fresh = Catalog(
        locale=language,
        charset="utf-8",
        fuzzy=False,
        project="backoffice",
        version="1",
        header_comment="# The texts of the back-office, for people.",
        creation_date=datetime(2026, 1, 1, tzinfo=UTC),
        revision_date=datetime(2026, 1, 1, tzinfo=UTC),
        last_translator="backoffice",
        msgid_bugs_address="",
    )
    for message in sorted(found, key=lambda m: (str(m.id), m.context or "")):
        if not message.id:
            continue
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        known = have.get(key, message.context)
        string = known.string if known and not known.fuzzy else None
        fresh.add(message.id, string, context=message.context, flags=message.flags & {"python-format"})
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, fresh, width=120, omit_header=False, no_location=True, sort_output=True)


def main(arguments: list[str]) -> int:
    if "--update" in arguments:
        for language in LANGUAGES:
            update(language)
    lacking = {language: missing(language) for language in LANGUAGES}
    for language, texts in lacking.items():
        print(f"{language}: {len(texts)} texts without a translation")
        for text in texts[:20]:
            print(f"  {text}")
    return 1 if any(lacking.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
