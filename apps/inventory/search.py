"""What the palette finds in the stock room: lots and places."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.inventory.models import Location, Lot
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

LIMIT = 5


def lots(query: str, user: Any) -> list[Hit]:
    """Lots by the beginning of their code; a scanned one exactly."""
    if not may(user, "inventory.view_lot"):
        return []
    found = Lot.objects.tracked().filter(code__istartswith=query).select_related("product").order_by("-pk")
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
