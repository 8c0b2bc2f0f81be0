"""How a word of a search finds customers: any three signs in a row are indexed, by trigrams on both databases.

PostgreSQL's own extension for that is not everywhere to be had; an index over a function of ours is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

INDEXED = 3
"""Signs that a word needs to be looked up; shorter ones are looked for in every row."""
MATCH = "SELECT rowid FROM crm_customer_trigrams WHERE crm_customer_trigrams MATCH %s"
HAS = "crm_trigrams(search_text) @> %s::text[] AND strpos(search_text, %s) > 0"


def conditions(words: list[str]) -> Q:
    """What a customer must meet to be found by these folded words: all of them, anywhere in the text.

    A word with separators, as a document or a telephone is written, is found without them too.
    """
    looked_up = [word for word in words if min(map(len, _spellings(word))) >= INDEXED and has_index(connection.alias)]
    found = Q()
    for word in words:
        if word not in looked_up:
            found &= _anywhere(word)
    if not looked_up:
        return found
    statement, values = (_match if connection.vendor == "sqlite" else _holds)(looked_up)
    return found & Q(pk__in=RawSQL(statement, values))  # noqa: S611 - all that was typed is a parameter


def _match(words: list[str]) -> tuple[str, list[Any]]:
    phrases = (['"' + one.replace('"', '""') + '"' for one in _spellings(word)] for word in words)
    return MATCH, [" AND ".join(f"({' OR '.join(either)})" for either in phrases)]


def _holds(words: list[str]) -> tuple[str, list[Any]]:
    parts, values = [], []
    for word in words:
        ways = _spellings(word)
        parts.append("(" + " OR ".join([f"({HAS})"] * len(ways)) + ")")
        for one in ways:
            values += [sorted({one[at : at + INDEXED] for at in range(len(one) - INDEXED + 1)}), one]
    # As an array it is looked up first. As rows it may be joined while all names are walked through in their order.
    return f"SELECT unnest(ARRAY(SELECT id FROM crm_customer WHERE {' AND '.join(parts)}))", values  # noqa: S608 - ours


def _anywhere(word: str) -> Q:
    either = Q()
    for one in _spellings(word):
        either |= Q(search_text__contains=one)
    return either


def _spellings(word: str) -> list[str]:
    plain = "".join(sign for sign in word if sign.isalnum())
    return [word, plain] if plain and plain != word else [word]


@lru_cache(maxsize=8)
def has_index(alias: str) -> bool:
    """Whether words can be looked up; only a SQLite older than trigrams cannot."""
    return connection.vendor != "sqlite" or "crm_customer_trigrams" in connection.introspection.table_names()
