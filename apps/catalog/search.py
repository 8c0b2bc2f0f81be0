"""What the palette finds in the catalogue."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.models import Product, words
from apps.catalog.selectors import finding
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

MOST = 8
CHOICE = MOST * 3
"""So many are looked at for an exact code."""


def products(query: str, user: Any) -> list[Hit]:
    """Products by SKU, name or barcode: an exact code first, then what is in use. Three queries; one more where a
    retired product is among the first of many."""
    if not may(user, "catalog.view_product"):
        return []
    found = finding.find(query, few=words.FIRST)
    rows = _first(found.condition)
    exact = query.strip().casefold()
    best = sorted(rows, key=lambda row: exact not in (row.sku.casefold(), row.barcode.casefold()))[:MOST]
    kind = _("Products")
    instead = found.shown if found.instead else ""
    return [
        Hit(row.name, row.sku, row.get_absolute_url(), kind, icon=row.shown_icon, hue=row.hue, instead=instead)
        for row in best
    ]


def _first(condition: Q) -> list[Product]:
    """The first by name, those in use before all others.

    Only their keys are searched, along the names until there are enough: a word that many have costs little, nothing is
    sorted, and whole rows are read of these alone.
    """
    matching = Product.objects.filter(condition)
    keys = list(matching.order_by("name", "pk").values_list("pk", flat=True)[:CHOICE])
    known = Product.objects.select_related("category").in_bulk(keys)
    rows = sorted((known[key] for key in keys if key in known), key=lambda row: not row.is_active)
    if len(keys) < CHOICE or all(row.is_active for row in rows):
        return rows
    in_use = list(matching.active().select_related("category").order_by("name", "pk")[:CHOICE])
    return [*in_use, *(row for row in rows if not row.is_active)][:CHOICE]
