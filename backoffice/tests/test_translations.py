"""pt-BR is complete, and says the same."""

import re

from django.conf import settings

from backoffice.testing import messages

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


def test_every_text_is_translated():
    assert messages.missing("pt_BR") == []


def test_texts_go_through_names_that_are_collected():
    """Under any other name a text is not collected, and so never translated, while nothing misses it."""
    alias = re.compile(r"gettext(?:_lazy|_noop)? as (\w+)")
    found = {
        f"{path.name}: {name}"
        for folder in ("apps", "backoffice")
        for path in (messages.ROOT / folder).rglob("*.py")
        for name in alias.findall(path.read_text("utf-8"))
        if name not in messages.KEYWORDS
    }

    assert found == set()


def test_translations_keep_the_placeholders():
    wrong = []
    for message in messages.load("pt_BR"):
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = set(PLACEHOLDER.findall(sources[-1]))
        if any(not set(PLACEHOLDER.findall(text)) <= wanted | set(PLACEHOLDER.findall(sources[0])) for text in strings):
            wrong.append(sources[-1])
        if set(PLACEHOLDER.findall(strings[-1])) != wanted:
            wrong.append(sources[-1])

    assert wrong == []


def test_the_catalogue_holds_nothing_that_nobody_says():
    said = {message.id[0] if isinstance(message.id, tuple) else message.id for message in messages.collect()}
    kept = {message.id[0] if isinstance(message.id, tuple) else message.id for message in messages.load("pt_BR")}

    assert kept - said - {""} == set()


def test_both_languages_are_offered():
    assert [code for code, _name in settings.LANGUAGES] == ["en", "pt-br"]
