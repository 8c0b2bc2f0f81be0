"""The sidebar: what `composition.NAV` names, as far as the person may see it, with counts of what waits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.module_loading import import_string

from .counting import kept
from .pagination import CAP as MANY
from .pagination import Count, capped_counts
from .permissions import may

Rows = Callable[[], QuerySet[Any]]
CAP = 999


@dataclass(frozen=True)
class Item:
    """One entry. `count` is a function, or the dotted path of one, of the rows that wait there; its rows depend on the
    time at most. Only who has the right `counted_for` is shown that number, where one is named.
    `key` is the letter that, typed after G, goes there.

    `under` are further beginnings of addresses that belong to the entry, so that it is shown as the current one.
    The entry with `bell` is also behind the bell of the top bar, with its count, drawn again when something of
    `refresh` changes ("inventory-stock"). What `alarm` says stands in red above every page while it counts anything.
    """

    label: Any
    url_name: str
    permission: str | None = None
    icon: str = ""
    count: str | Rows | None = None
    counted_for: str | None = None
    under: Sequence[str] = ()
    key: str = ""
    bell: bool = False
    refresh: Sequence[str] = ()
    alarm: Any = ""


@dataclass(frozen=True)
class Section:
    """Entries under one heading."""

    title: Any
    items: Sequence[Item] = ()


@dataclass(frozen=True)
class Entry:
    """An entry as it is drawn."""

    label: Any
    url: str
    icon: str
    count: str
    current: bool
    key: str = ""
    bell: bool = False
    alarm: Any = ""
    refresh: Sequence[str] = ()


@dataclass(frozen=True)
class Group:
    title: Any
    items: list[Entry] = field(default_factory=list)


def _rows(how: str | Rows) -> Rows:
    return import_string(how) if isinstance(how, str) else how


def call(how: str | Callable[..., Any], *args: Any) -> Any:
    """Call a function that is given as itself or as its dotted path."""
    return (import_string(how) if isinstance(how, str) else how)(*args)


def _seen(request: HttpRequest) -> list[tuple[Section, list[tuple[Item, str]]]]:
    """The sections that this person sees, with the addresses of their entries."""
    from backoffice.composition import NAV

    if not hasattr(request, "_nav_seen"):
        found = (
            (
                section,
                [(item, url) for item in section.items if may(request.user, item.permission) and (url := _url(item))],
            )
            for section in NAV
        )
        request._nav_seen = [(section, items) for section, items in found if items]  # type: ignore[attr-defined]
    return request._nav_seen  # type: ignore[attr-defined]


def counted(request: HttpRequest, more: Sequence[Any] = ()) -> list[Count]:
    """Count what waits at the entries, and in the same query `more` that a page has to count."""
    if not hasattr(request, "_nav_counts"):
        mine = [item for _section, items in _seen(request) for item, _url in items if item.count]
        waiting = [item for item in mine if may(request.user, item.counted_for)]
        caps = [CAP] * len(waiting) + [MANY] * len(more)
        found = capped_counts([*(kept(_rows(item.count)) for item in waiting if item.count), *more], caps)
        request._nav_counts = dict(zip(map(id, waiting), found, strict=False))  # type: ignore[attr-defined]
        return found[len(waiting) :]
    return capped_counts(more)


def build(request: HttpRequest) -> list[Group]:
    """The sections that this person sees, with all their counts in one query.

    The most exact address that begins the request's path is the current one.
    """
    seen = _seen(request)
    counted(request)
    counts = {key: str(count) for key, count in request._nav_counts.items() if count.number}  # type: ignore[attr-defined]
    best = max((_match(request.path, [url, *item.under]) for _section, items in seen for item, url in items), default=0)
    return [
        Group(
            section.title,
            [
                Entry(
                    item.label,
                    url,
                    item.icon,
                    counts.get(id(item), ""),
                    0 < best == _match(request.path, [url, *item.under]),
                    item.key,
                    item.bell,
                    item.alarm if id(item) in counts else "",
                    item.refresh,
                )
                for item, url in items
            ],
        )
        for section, items in seen
    ]


def bell(request: HttpRequest) -> Entry | None:
    """The entry behind the bell as it is now, when the person may see it. One query, for its own count."""
    for _section, items in _seen(request):
        for item, url in items:
            if item.bell:
                count = capped_counts([kept(_rows(item.count))], CAP)[0] if item.count else Count(0, False)
                shown = str(count) if count.number else ""
                return Entry(item.label, url, item.icon, shown, False, item.key, True, refresh=item.refresh)
    return None


def _url(item: Item) -> str:
    return _address(item.url_name, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())


@lru_cache(maxsize=256)
def _address(name: str, _urlconf: str, _prefix: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _match(path: str, beginnings: Sequence[str]) -> int:
    """How much of the path one of the beginnings covers. The home page only covers itself."""
    return max(len(start) for start in ["", *(b for b in beginnings if path == b or (b != "/" and path.startswith(b)))])
