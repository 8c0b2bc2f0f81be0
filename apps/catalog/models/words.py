"""How the words of a search are put to the database: products have them all, each as a word or the beginning of one.

SQLite looks them up in a full-text table. PostgreSQL looks them up in an index of its own and, where thousands of
products have them, walks along the list instead until its page is full: no plan serves both, so it is asked first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import CharField, Lookup, Q
from django.db.models.expressions import RawSQL

from backoffice.kernel import clock

SEPARATORS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»“”‘’„–—·•×°¿¡®©"
"""What stands between words: that of the index on PostgreSQL."""
FEW, FIRST = 3000, 1000
"""Of so many products the keys are taken from the index; of more of them a page is found sooner along the list, and
the first few for a palette sooner still."""

_BETWEEN = re.compile(f"[\\s{re.escape(SEPARATORS)}]+")
_WORD = re.compile(r"\w")
_NO_WORD = "[][ !\"#$%&'()*+,./:;<=>?@\\\\^_`{|}~«»“”‘’„–—·•×°¿¡®©-]"  # the same, as PostgreSQL's patterns have it
MATCH = "SELECT rowid FROM catalog_product_words WHERE catalog_product_words MATCH %s"
KEYS = "SELECT id FROM catalog_product WHERE catalog_words(search_text) @@ %s::tsquery"
IN_A_ROW = " AND search_text ~ %s"
THESE = "SELECT unnest(%s::bigint[])"


class Common:
    """Words that many products had a moment ago: they are not asked for again. That they are fewer now does no harm."""

    SECONDS = 60
    MOST = 500

    def __init__(self) -> None:
        self._since: dict[Any, datetime] = {}

    def knows(self, words: Any) -> bool:
        """Whether it is so."""
        since = self._since.get(words)
        return since is not None and timedelta(0) <= clock.now() - since < timedelta(seconds=self.SECONDS)

    def learn(self, words: Any) -> None:
        """Keep it in mind for a minute."""
        if len(self._since) >= self.MOST:
            self._since.clear()
        self._since[words] = clock.now()


common = Common()


@CharField.register_lookup
class Begins(Lookup):
    """The text has a word that begins so; or these words in a row, the last of them by its beginning."""

    lookup_name = "begins"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        parts = parts_of(self.rhs)
        left, left_params = self.process_lhs(compiler, connection)
        # The first is cheap and leaves little for the second.
        return (
            f"({left} LIKE %s AND {left} ~ %s)",
            (*left_params, f"%{'%'.join(parts)}%", *left_params, pattern(parts)),
        )


@dataclass(frozen=True)
class Looked:
    """What products must meet to be found, and whether any do."""

    condition: Q
    found: bool


def conditions(words: list[str], of: str = "", *, few: int = FEW) -> Q:
    """What a product must meet to be found by these folded words: all of them. Another row that has a product says
    where: `of="product__"`. `few` says how many keys are worth taking, for who shows only the first. One query on
    PostgreSQL, none on SQLite."""
    return _matching(words, of) if connection.vendor == "sqlite" else _looked_up(words, of, few).condition


def look(words: list[str], few: int = FEW) -> Looked:
    """The same, and whether there are any. One query."""
    if connection.vendor != "sqlite":
        return _looked_up(words, "", few)
    from .product import Product

    condition = _matching(words, "")
    return Looked(condition, Product.objects.filter(condition).exists())


def parts_of(word: str) -> list[str]:
    """What a word is made of where signs stand in it: "ca-0012" is "ca" and "0012"."""
    return [part for part in _BETWEEN.split(word) if part]


def pattern(parts: list[str]) -> str:
    """PostgreSQL's pattern for words in a row, the last of them by its beginning."""
    return f"(^|{_NO_WORD})" + f"{_NO_WORD}+".join(parts)


def _matching(words: list[str], of: str) -> Q:
    spoken = [word for word in words if _WORD.search(word)]
    found = Q()
    if spoken:
        phrases = ('"' + word.replace('"', '""') + '"*' for word in spoken)
        matching = RawSQL(MATCH, [" ".join(phrases)])  # noqa: S611 - the text is a parameter
        found = Q(**{f"{of}pk__in": matching})
    return found & _signs(words, spoken, of)


def _looked_up(words: list[str], of: str, few: int) -> Looked:
    spoken = [word for word in words if parts_of(word)]
    signs = _signs(words, spoken, of)
    if not spoken:
        return Looked(signs, found=True)
    statement = KEYS
    terms: list[str] = []
    rows: list[str] = []
    for word in spoken:
        *before, last = parts = parts_of(word)
        terms += [*(f"'{part}'" for part in before), f"'{last}':*"]
        if before:
            statement, rows = statement + IN_A_ROW, [*rows, pattern(parts)]
    asked = " & ".join(dict.fromkeys(terms))
    known = (str(connection.settings_dict["NAME"]), asked, *rows, few)
    if not common.knows(known):
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} LIMIT {few + 1}", [asked, *rows])
            keys = [key for (key,) in cursor.fetchall()]
        if len(keys) <= few:
            there = RawSQL(THESE, [keys])  # noqa: S611 - keys that the database gave
            return Looked(Q(**{f"{of}pk__in": there if keys else []}) & signs, bool(keys))
        if few >= FIRST:
            common.learn(known)
    for word in spoken:
        signs &= Q(**{f"{of}search_text__begins": word})
    return Looked(signs, found=True)


def _signs(words: list[str], spoken: list[str], of: str) -> Q:
    """What has neither letters nor digits is looked for as it is."""
    found = Q()
    for word in words:
        if word not in spoken:
            found &= Q(**{f"{of}search_text__contains": word})
    return found
