"""What the palette finds in the bakery."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.production.models import Recipe, WorkOrder
from backoffice.kernel.text import fold
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

MOST = 6


def _words(query: str, field: str) -> Q:
    found = Q()
    for word in fold(query).split():
        found &= Q(**{f"{field}__contains": word})
    return found


def work_orders(query: str, user: Any) -> list[Hit]:
    """Work orders by number or product, open ones and the newest first."""
    if not may(user, "production.view_workorder") or not fold(query):
        return []
    rows = (
        WorkOrder.objects.filter(Q(number__icontains=query.strip()) | _words(query, "product__search_text"))
        .select_related("product__category")
        .order_by("-pk")[: MOST * 3]
    )
    best = sorted(rows, key=lambda row: not row.is_open)[:MOST]
    kind = _("Work orders")
    return [
        Hit(
            f"{row.number} {row.product}",
            row.get_status_display(),
            row.get_absolute_url(),
            kind,
            icon="clipboard-list",
            hue=row.product.hue,
        )
        for row in best
    ]


def recipes(query: str, user: Any) -> list[Hit]:
    """Recipes by product: the version in use, and drafts."""
    if not may(user, "production.view_recipe") or not fold(query):
        return []
    rows = (
        Recipe.objects.exclude(status=Recipe.Status.ARCHIVED)
        .filter(_words(query, "product__search_text"))
        .select_related("product__category")
        .order_by("product__name", "-version")[:MOST]
    )
    kind = _("Recipes")
    return [
        Hit(str(row), row.get_status_display(), row.get_absolute_url(), kind, icon="chef-hat", hue=row.product.hue)
        for row in rows
    ]
