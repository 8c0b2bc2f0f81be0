"""Finding anything from one field: what the apps search, the pages of the menu, and actions.

An app searches by a function that `composition.SEARCH` names: `(query, user) -> list[Hit]`, best first, only what the
user may see, with a constant number of queries. "#" in front asks for orders only, ">" for actions only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from backoffice.kernel.text import fold

from . import nav

PER_KIND = 5
MAX_LENGTH = 100
ORDERS, ACTIONS = "#", ">"
ORDERS_APP = "apps.orders."


@dataclass(frozen=True)
class Hit:
    """Something that was found. `kind` is the heading it stands under; `hue` tints its picture; `instead` are the words
    that found it where what was typed finds nothing of this kind: in quotation marks that is taken as it is."""

    title: Any
    meta: Any
    url: str
    kind: Any
    icon: str = "circle"
    hue: Any = None
    instead: str = ""


@dataclass
class Found:
    """The hits of one kind, and how many there were."""

    kind: str
    hits: list[Hit] = field(default_factory=list)
    total: int = 0

    @property
    def instead(self) -> str:
        """The words that found these, where they are others than those that were typed."""
        return self.hits[0].instead if self.hits else ""


def search(request: HttpRequest, text: str) -> list[Found]:
    """What the text finds for whoever asks, grouped by kind: things first, pages and actions last.

    Without a text these are the pages and actions that the person may open.
    """
    text = text.strip()[:MAX_LENGTH]
    only = text[:1] if text[:1] in (ORDERS, ACTIONS) else ""
    query = text.removeprefix(only).strip()
    hits: list[Hit] = []
    if query and only != ACTIONS:
        hits += things(query, request.user, [ORDERS_APP] if only == ORDERS else [""])
    words = fold(query.replace('"', "")).split()
    if only == "":
        hits += [hit for hit in pages(request) if _matches(hit, words)]
    if only != ORDERS:
        hits += [hit for hit in actions(request.user) if _matches(hit, words)]
    return grouped(hits, PER_KIND if query else 100)


def things(query: str, user: Any, beginnings: Sequence[str]) -> Iterable[Hit]:
    """What the apps find."""
    from backoffice.composition import SEARCH

    for path in SEARCH:
        if path.startswith(tuple(beginnings)):
            yield from import_string(path)(query, user)


def pages(request: HttpRequest) -> list[Hit]:
    """The entries of the menu."""
    kind = _("Pages")
    return [
        Hit(entry.label, group.title, entry.url, kind, entry.icon or "circle")
        for group in nav.build(request)
        for entry in group.items
    ]


def actions(user: Any) -> list[Hit]:
    """What `composition.ACTIONS` lets this person begin."""
    from backoffice import composition

    found = []
    for action in getattr(composition, "ACTIONS", []):
        if not action.allowed(user):
            continue
        try:
            found.append(Hit(action.label, "", action.url(), _("Actions"), action.icon or "zap"))
        except NoReverseMatch:
            continue
    return found


def grouped(hits: Iterable[Hit], limit: int) -> list[Found]:
    """Hits by kind, in the order in which the kinds came, at most `limit` of each."""
    kinds: dict[str, Found] = {}
    for hit in hits:
        found = kinds.setdefault(str(hit.kind), Found(str(hit.kind)))
        found.total += 1
        if len(found.hits) < limit:
            found.hits.append(hit)
    return list(kinds.values())


def marked(text: str, query: str) -> list[tuple[str, bool]]:
    """The text in pieces, True where a word of the query stands; accents and case do not matter."""
    # One folded character for each of the text, so that positions agree (ß and the like keep their first letter).
    plain = "".join((fold(char) or char)[:1] for char in text)
    flags = [False] * len(text)
    for word in fold(query.lstrip(ORDERS + ACTIONS).replace('"', "")).split():
        start = plain.find(word)
        while word and start >= 0:
            flags[start : start + len(word)] = [True] * len(word)
            start = plain.find(word, start + len(word))
    pieces: list[tuple[str, bool]] = []
    for char, flag in zip(text, flags, strict=True):
        if pieces and pieces[-1][1] == flag:
            pieces[-1] = (pieces[-1][0] + char, flag)
        else:
            pieces.append((char, flag))
    return pieces


def _matches(hit: Hit, words: Sequence[str]) -> bool:
    text = fold(f"{hit.title} {hit.meta}")
    return all(word in text for word in words)
