"""Customers in the palette."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.crm.models import Customer
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

FOUND = 8


def customers(query: str, user: Any) -> list[Hit]:
    """Active customers that match by name, document, telephone or code; nothing for who may not see customers."""
    if not may(user, "crm.view_customer"):
        return []
    found = Customer.objects.active().matching(query).order_by("name", "pk")[:FOUND]
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
