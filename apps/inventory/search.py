"""What the palette finds in the stock room: lots and places."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.inventory.models import Location, Lot
from apps.inventory.selectors import codes
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

LIMIT = 5
SAYS_WHICH = 3
"""Signs from which on a beginning of a code is looked for: thousands have the same two."""


def lots(query: str, user: Any) -> list[Hit]:
    """Lots by their code, or by the beginning of it when that is three signs or more; by what is scanned off a box."""
    if not may(user, "inventory.view_lot"):
        return []
    named = Q(code__istartswith=query) if len(query) >= SAYS_WHICH else Q(code__in={query, query.upper()})
    if (scan := codes.read(query)).says_which:
        named = codes.of_lot(scan)
    found = Lot.objects.tracked().filter(named).select_related("product").order_by("-pk")
    return [Hit(lot.code, lot.product.name, lot.get_absolute_url(), _("Lots"), "boxes") for lot in found[:LIMIT]]


def locations(query: str, user: Any) -> list[Hit]:
    """Places by name or code."""
    if not may(user, "inventory.view_location"):
        return []
    found = Location.objects.physical().filter(Q(name__icontains=query) | Q(code__iexact=query)).order_by("name")
    return [
        Hit(place.name, place.get_kind_display(), place.get_absolute_url(), _("Places"), "map-pin")
        for place in found[:LIMIT]
    ]
