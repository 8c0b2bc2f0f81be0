"""Icons of the package `lucide`, drawn into the page. Colour and size come from classes."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString
from lucide import IconDoesNotExist, _render_icon

UNKNOWN = "circle-dashed"
_FINER = re.compile(r"(\.\d\d)\d+")  # than a hundredth of a 24th of an icon nobody sees


_gathering: ContextVar[dict[str, None] | None] = ContextVar("icons gathered", default=None)


def icon(name: str, css: str = "") -> SafeString:
    """The icon as inline SVG, hidden from screen readers: the words beside it speak.

    A name that the package does not have is drawn as a dashed circle, because names are also data (a category's icon).
    """
    used = _gathering.get()
    if used is None:
        return _whole(name, css)
    used[name] = None
    return _reference(name, css)


def drawing(name: str, attributes: str = "") -> SafeString:
    """The icon where the style sheet knows by its place what it looks like: without a class, with these attributes."""
    return SafeString(icon(name).replace(' class="icon"', attributes, 1).replace(' aria-hidden="true"', "", 1))


@contextmanager
def gathered() -> Iterator[dict[str, None]]:
    """Inside, icons are only referred to; `sprite` of what was gathered draws each once, however many rows use it."""
    used: dict[str, None] = {}
    token = _gathering.set(used)
    try:
        yield used
    finally:
        _gathering.reset(token)


def sprite(names: dict[str, None]) -> SafeString:
    """The drawings that `gathered` icons refer to."""
    symbols = "".join(_symbol(name) for name in names)
    return SafeString(f'<svg hidden width="0" height="0">{symbols}</svg>' if symbols else "")


def document(names: Iterable[str]) -> str:
    """A picture of its own that holds the icons, each under its `anchor`."""
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(_symbol(name) for name in names)}</svg>'


def anchor(name: str) -> str:
    """What the icon is called inside a sprite."""
    return f"i-{escape(name)}"


@lru_cache(maxsize=1024)
def _whole(name: str, css: str) -> SafeString:
    # The pen (stroke, width, ends) and the size are the style sheet's: a page has dozens of icons.
    try:
        drawn = _render_icon(name, None)
    except IconDoesNotExist:
        drawn = _render_icon(UNKNOWN, None)
    lines = " ".join(drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")].split())
    inside = _FINER.sub(r"\1", lines.replace(" />", "/>").replace("> <", "><"))
    classes = f"icon {escape(css)}".strip()
    return SafeString(f'<svg class="{classes}" viewBox="0 0 24 24" aria-hidden="true">{inside}</svg>')


@lru_cache(maxsize=1024)
def _reference(name: str, css: str) -> SafeString:
    classes = f"icon {escape(css)}".strip()
    return SafeString(f'<svg class="{classes}" aria-hidden="true"><use href="#{anchor(name)}"/></svg>')


@lru_cache(maxsize=1024)
def _symbol(name: str) -> str:
    drawn = _whole(name, "")
    inside = drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")]
    return f'<symbol id="{anchor(name)}" viewBox="0 0 24 24">{inside}</symbol>'


def exists(name: str) -> bool:
    """Whether the package has an icon of this name."""
    try:
        _render_icon(name, None)
    except IconDoesNotExist:
        return False
    return True
