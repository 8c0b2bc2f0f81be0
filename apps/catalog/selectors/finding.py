"""What somebody meant who searches for products: what was typed where that finds something, else what is near it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from apps.catalog.models import Product, vocabulary, words
from backoffice.kernel.text import fold

QUOTES = str.maketrans("", "", '"“”„\x00')
MOST_WORDS = 8
CODE = 4
"""Signs of a code from which on the middle or the end of it is looked for."""


@dataclass(frozen=True)
class Found:
    """What was asked for, the words that found something, and the condition for products."""

    asked: str
    shown: str
    condition: Q

    @property
    def instead(self) -> bool:
        """Whether other words were taken than those that were typed."""
        return self.asked != self.shown


def find(text: str, *, few: int = words.FEW) -> Found:
    """Products with every word of the text, whatever accents or case; a word may be the beginning of one.

    Where there are none: with a code that has what was typed somewhere in it, else with the words that are nearest to
    those that no product has. In quotation marks a text is taken as it is. `few` as in `words.conditions`. One query
    where it finds something, up to six where it does not.
    """
    wanted = fold(text.translate(QUOTES)).split()
    if not wanted:
        return Found(text, text, Q())
    looked = words.look(wanted, few)
    if looked.found or text.translate(QUOTES) != text:
        return Found(text, text, looked.condition)
    inside = _inside(wanted, few)
    if inside is not None:
        return Found(text, text, inside)
    return _nearest(text, wanted, few) or Found(text, text, looked.condition)


def _inside(wanted: list[str], few: int) -> Q | None:
    """Products with the codes anywhere in what they are found by: the last signs of a barcode."""
    if not any(len(word) >= CODE and any(map(str.isdigit, word)) for word in wanted):
        return None
    condition = Q()
    for word in wanted:
        condition &= Q(search_text__contains=word)
    keys = list(Product.objects.filter(condition).values_list("pk", flat=True)[: few + 1])
    if not keys:
        return None
    return Q(pk__in=keys) if len(keys) <= few else condition


def _nearest(text: str, wanted: list[str], few: int) -> Found | None:
    spoken = [word for word in dict.fromkeys(wanted) if vocabulary.forgives(word)]
    if not spoken or len(wanted) > MOST_WORDS:
        return None
    near = vocabulary.near(spoken)
    if all(near[word] == [word] for word in spoken) or not all(near.values()):
        return None  # each is a word, only no product has them all; or one is near to nothing
    for place in range(vocabulary.SUGGESTED):
        tried = [near[word][min(place, len(near[word]) - 1)] if word in near else word for word in wanted]
        looked = words.look(tried, few)
        if looked.found:
            return Found(text, " ".join(tried), looked.condition)
    return None
