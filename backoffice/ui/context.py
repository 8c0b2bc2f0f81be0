"""What every page's frame needs, worked out once a request and only when the frame is drawn."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from . import htmx, nav


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `nav` (sections of entries), `bell` (the entry behind the bell, when the person may see it),
    `alarms` (entries that cry out) and `in_dialog` (the answer goes into the dialog). All of them ask one query."""

    def sections() -> list[nav.Group]:
        if not hasattr(request, "_nav"):
            request._nav = nav.build(request) if _signed_in(request) else []  # type: ignore[attr-defined]
        return request._nav  # type: ignore[attr-defined]

    def bell() -> nav.Entry | None:
        return next((entry for group in sections() for entry in group.items if entry.bell), None)

    def alarms() -> list[nav.Entry]:
        return [entry for group in sections() for entry in group.items if entry.alarm]

    return {
        "nav": SimpleLazyObject(sections),
        "bell": SimpleLazyObject(bell),
        "alarms": SimpleLazyObject(alarms),
        "in_dialog": htmx.in_dialog(request),
    }


def _signed_in(request: HttpRequest) -> bool:
    return bool(getattr(getattr(request, "user", None), "is_authenticated", False))
