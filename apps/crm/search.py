"""Customers in the palette."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.crm.models import Customer
from backoffice.ui.permissions import may

FOUND = 6


def hits(query: str, user: Any) -> list[Any]:
    """Active customers that match, for who may see customers."""
    from backoffice.ui.search import Hit  # noqa: PLC0415

    if not may(user, "crm.view_customer"):
        return []
    found = Customer.objects.active().matching(query).order_by("name", "pk")[:FOUND]
    return [
        Hit(
            title=str(customer),
            meta=" · ".join(part for part in (customer.code, customer.phone_formatted) if part),
            url=customer.get_absolute_url(),
            kind=_("Customers"),
            icon="user",
        )
        for customer in found
    ]
