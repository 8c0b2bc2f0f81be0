"""What the palette finds in the catalogue."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

MOST = 8


def products(query: str, user: Any) -> list[Hit]:
    """Products by SKU, name or barcode: an exact code first, then what is in use. One query."""
    if not may(user, "catalog.view_product"):
        return []
    rows = Product.objects.search(query).select_related("category").order_by("-is_active", "name")[: MOST * 3]
    exact = query.strip().casefold()
    best = sorted(rows, key=lambda row: exact not in (row.sku.casefold(), row.barcode.casefold()))[:MOST]
    kind = _("Products")
    return [Hit(row.name, row.sku, row.get_absolute_url(), kind, icon=row.shown_icon, hue=row.hue) for row in best]
