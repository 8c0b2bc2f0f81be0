"""Icons of the package `lucide`, drawn into the page. Colour and size come from classes."""

from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString
from lucide import IconDoesNotExist, _render_icon

UNKNOWN = "circle-dashed"


@lru_cache(maxsize=1024)
def icon(name: str, css: str = "") -> SafeString:
    """The icon as inline SVG, hidden from screen readers: the words beside it speak.

    A name that the package does not have is drawn as a dashed circle, because names are also data (a category's icon).
    """
    classes = f"icon {escape(css)}".strip()
    attributes = {"class": classes, "aria-hidden": "true", "focusable": "false"}
    try:
        drawn = _render_icon(name, None, **attributes)
    except IconDoesNotExist:
        drawn = _render_icon(UNKNOWN, None, **attributes)
    return SafeString(" ".join(drawn.split()))


def exists(name: str) -> bool:
    """Whether the package has an icon of this name."""
    try:
        _render_icon(name, None)
    except IconDoesNotExist:
        return False
    return True
