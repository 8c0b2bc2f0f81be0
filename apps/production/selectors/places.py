"""Who makes something in a place."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.inventory.models import Location
from apps.inventory.selectors.place_uses import Use, first_of
from apps.production.models import WorkCenter, WorkOrder


def uses(location: Location) -> list[Use]:
    """The work centres and the open work orders that take from the place or put to it."""
    centers = WorkCenter.objects.filter(Q(takes_from=location) | Q(puts_to=location), is_active=True)
    orders = WorkOrder.objects.filter(Q(source=location) | Q(destination=location)).order_by("pk")
    planned = orders.filter(status=WorkOrder.Status.PLANNED)
    begun = orders.filter(status__in=[WorkOrder.Status.RELEASED, *WorkOrder.RUNNING])
    found = []
    if names := list(centers.order_by("position", "name").values_list("name", flat=True)):
        text = _("Taken from there or put there: %(names)s. From now on as for all.")
        found.append(Use(text % {"names": first_of(names)}))
    if names := list(planned.values_list("number", flat=True)):
        text = _("Planned work takes from there or puts there: %(names)s. Choose another place for it.")
        found.append(Use(text % {"names": first_of(names)}))
    if names := list(begun.values_list("number", flat=True)):
        text = _("Released work takes from there or puts there: %(names)s. Finish or cancel it first.")
        found.append(Use(text % {"names": first_of(names)}, is_needed=True))
    return found
