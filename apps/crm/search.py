"""Customers in the palette."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.crm.models import Customer
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

FOUND = 8
LOOKED_AT = 500
"""Of more than so many nobody would find one here: another word helps."""


def customers(query: str, user: Any) -> list[Hit]:
    """Active customers that match by name, document, telephone or code; nothing for who may not see customers.

    Two queries.
    """
    if not may(user, "crm.view_customer"):
        return []
    # In two steps: a database that is asked for the first by name may walk through all names.
    keys = list(Customer.objects.active().matching(query).order_by().values_list("pk", flat=True)[:LOOKED_AT])
    found = Customer.objects.filter(pk__in=keys).order_by("name", "pk")[:FOUND]
    return [
        Hit(
            title=str(customer),
            meta=" · ".join(part for part in (customer.code, customer.phone_formatted) if part),
            url=customer.get_absolute_url(),
            kind=_("Customers"),
            icon="building-2" if customer.kind == Customer.Kind.COMPANY else "user",
        )
        for customer in found
    ]
