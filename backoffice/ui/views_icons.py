"""The sidebar's icons as one picture that a browser keeps, instead of a third of every page."""

from functools import cache
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from . import icons
from .permissions import SIGNED_IN, requires

YEAR = 365 * 24 * 60 * 60


@requires(SIGNED_IN)
def sidebar_icons(request: HttpRequest) -> HttpResponse:
    """All icons of the sidebar. Its address says what is in it, so it may be kept for a year."""
    answer = HttpResponse(_drawn(), content_type="image/svg+xml")
    answer["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    return answer


def shared(name: str) -> SafeString:
    """An icon of the sidebar, by reference."""
    return SafeString(f'<svg><use href="{_address(settings.ROOT_URLCONF)}#{icons.anchor(name)}"/></svg>')


@cache
def _drawn() -> str:
    from backoffice.composition import NAV

    names = dict.fromkeys(item.icon or icons.UNKNOWN for section in NAV for item in section.items)
    return icons.document(names)


@cache
def _address(_urlconf: str) -> str:
    return f"{reverse('ui:icons')}?{sha256(_drawn().encode()).hexdigest()[:8]}"
