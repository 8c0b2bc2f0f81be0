"""How the words of a search are put to the database: by whole words and their beginnings on SQLite, on PostgreSQL
anywhere in the text; where that has its extension for trigrams, a slip of the fingers is forgiven."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import CharField, Lookup, Q
from django.db.models.expressions import RawSQL

WORD = re.compile(r"\w")
LONG_ENOUGH = 4  # for a slip to be forgiven
MATCH = "SELECT rowid FROM catalog_product_words WHERE catalog_product_words MATCH %s"


@CharField.register_lookup
class Nearly(Lookup):
    """The text has something in it that is nearly the word."""

    lookup_name = "nearly"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{right} <%% {left}", (*right_params, *left_params)


def conditions(words: list[str], of: str = "") -> Q:
    """What a product must meet to be found by these folded words: all of them. Another row that has a product says
    where: `of="product__"`."""
    if connection.vendor != "postgresql":
        spoken = [word for word in words if WORD.search(word)]
        found = Q()
        if spoken:
            phrases = ('"' + word.replace('"', '""') + '"*' for word in spoken)
            matching = RawSQL(MATCH, [" ".join(phrases)])  # noqa: S611 - the text is a parameter
            found = Q(**{f"{of}pk__in": matching})
        for word in words:
            if word not in spoken:
                found &= Q(**{f"{of}search_text__contains": word})
        return found
    found = Q()
    for word in words:
        exactly = Q(**{f"{of}search_text__contains": word})
        found &= exactly | Q(**{f"{of}search_text__nearly": word}) if _forgives(word) else exactly
    return found


def _forgives(word: str) -> bool:
    """A code is what it is; a word may be mistyped."""
    return len(word) >= LONG_ENOUGH and word.isalpha() and has_trigrams(connection.alias)


@lru_cache(maxsize=8)
def has_trigrams(alias: str) -> bool:
    """Whether the database has the extension; it does not come and go while we run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        return cursor.fetchone() is not None
