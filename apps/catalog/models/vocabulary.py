"""Which words there are among the products, for the one that was meant where one is mistyped."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from django.db import connection, transaction

LONG_ENOUGH, LONG = 4, 6
"""Signs from which on one slip is forgiven, and two: a shorter word is near to too many."""
SUGGESTED = 3

SPOKEN = "word !~ '[0-9]' AND length(word) BETWEEN 3 AND 40"
EVERY = "SELECT DISTINCT unnest(tsvector_to_array(catalog_words(search_text))) AS word FROM catalog_product"


def forgives(word: str) -> bool:
    """A code is what it is; a word may be mistyped."""
    return len(word) >= LONG_ENOUGH and word.isalpha()


def near(words: Collection[str]) -> dict[str, list[str]]:
    """For each of these folded words those that begin with something near it, the nearest first; only the word itself
    where there are some that begin with it. One query."""
    found: dict[str, list[tuple[int, bool, int, str]]] = {word: [] for word in words}
    for term in _candidates(words) if words else ():
        for word, ranks in found.items():
            slips = 1 if word in term and not term.startswith(word) else slips_between(word, term, _most(word))
            if slips <= _most(word):
                # Hands slip in the middle of a word; of two that are as near it is the one that is as long.
                ranks.append((slips, term[0] != word[0], abs(len(term) - len(word)), term))
    return {
        word: [word] if ranks and not min(ranks)[0] else [term for *_rank, term in sorted(ranks)[:SUGGESTED]]
        for word, ranks in found.items()
    }


def slips_between(word: str, term: str, most: int) -> int:
    """How many signs are wrong, missing, too many or swapped with their neighbour, if a beginning of the term was
    meant; `most` + 1 when it is more."""
    columns = range(1, min(len(term), len(word) + most) + 1)
    before: list[int] = []
    last = [0, *columns]
    for row, sign in enumerate(word, 1):
        line = [row]
        for column in columns:
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (sign != term[column - 1]))
            if row > 1 and column > 1 and sign == term[column - 2] and word[row - 2] == term[column - 1]:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
        if min(before) > most and min(last) > most:
            return most + 1
    return min(min(last), most + 1)


def relearn() -> None:
    """Write down the words of all products anew, and forget those that none has any more."""
    if connection.vendor == "sqlite":
        return  # they are those of the index
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_word")
        cursor.execute(f"INSERT INTO catalog_word (term) SELECT word FROM ({EVERY}) every WHERE {SPOKEN}")  # noqa: S608


def _most(word: str) -> int:
    return 2 if len(word) >= LONG else 1


def _candidates(words: Collection[str]) -> set[str]:
    """Words that may be near: of one more piece than there may be slips, one is as it was typed, about where it was."""
    place = "INSTR" if connection.vendor == "sqlite" else "STRPOS"
    ways: list[str] = []
    values: list[str | int] = []
    for word in words:
        most, pieces = _most(word), []
        values.append(len(word) - most)
        edges = [len(word) * part // (most + 1) for part in range(most + 2)]
        for start, end in pairwise(edges):
            pieces.append(f"{place}(term, %s) BETWEEN %s AND %s")
            values += [word[start:end], max(1, start + 1 - most), start + 1 + most]
        ways.append(f"LENGTH(term) >= %s AND ({' OR '.join(pieces)}) OR {place}(term, %s) > 0")
        values.append(word)
    with connection.cursor() as cursor:
        # Codes and numbers stand before all words.
        cursor.execute(f"SELECT term FROM catalog_word WHERE term >= 'a' AND ({' OR '.join(ways)})", values)  # noqa: S608
        return {term for (term,) in cursor.fetchall() if term.isalpha()}
