"""Who still works with a place: what is to come there, who counts it, and what the rooms above do there."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from apps.inventory.models import Location, PurchaseOrder, StockCount

NAMED = 3


@dataclass(frozen=True)
class Use:
    """A sentence that names who works with the place; `is_needed` when they cannot go on without it."""

    text: str
    is_needed: bool = False


def first_of(names: Sequence[str]) -> str:
    """The first of several names, and how many more."""
    said, more = ", ".join(names[:NAMED]), len(names) - NAMED
    return _("%(first)s and %(count)s more") % {"first": said, "count": more} if more > 0 else said


def of(location: Location) -> list[Use]:
    """Who works with the place. The rooms above say so too; see `composition`."""
    coming = PurchaseOrder.objects.filter(
        location=location, status__in=[PurchaseOrder.Status.DRAFT, *PurchaseOrder.COMING]
    )
    counting = StockCount.objects.open().filter(location=location)
    found = []
    if names := list(coming.order_by("pk").values_list("number", flat=True)):
        text = _("To be delivered there: %(names)s. Choose another place when it comes.")
        found.append(Use(text % {"names": first_of(names)}))
    if names := list(counting.order_by("pk").values_list("number", flat=True)):
        found.append(Use(_("Being counted there: %(names)s.") % {"names": first_of(names)}))
    for path in import_module("backoffice.composition").PLACE_USES:
        found += import_string(path)(location)
    return found
