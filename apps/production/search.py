"""What the palette finds in the bakery."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.models import words
from apps.production.models import Recipe, WorkOrder
from backoffice.kernel.text import fold
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

MOST = 6
LOOKED_AT = 500
"""Of more than so many recipes nobody would find one here: another word helps."""


def work_orders(query: str, user: Any) -> list[Hit]:
    """Work orders by number or product, open ones and the newest first."""
    if not may(user, "production.view_workorder") or not fold(query):
        return []
    # Each way by its own index: one condition of both would read every order there ever was.
    keys = WorkOrder.objects.order_by().values("pk")
    named = keys.filter(number__icontains=query.strip()).union(keys.filter(_products(query)))
    rows = WorkOrder.objects.filter(pk__in=named).select_related("product__category").order_by("-pk")[: MOST * 3]
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
    """Recipes by product: the version in use, and drafts. Two queries."""
    if not may(user, "production.view_recipe") or not fold(query):
        return []
    # In two steps: a database that is asked for the first by name may walk through the names of all products, and does
    # so on SQLite as long as it knows nothing about the recipes.
    current = Recipe.objects.exclude(status=Recipe.Status.ARCHIVED).filter(_products(query))
    keys = list(current.order_by().values_list("pk", flat=True)[:LOOKED_AT])
    rows = (
        Recipe.objects.filter(pk__in=keys).select_related("product__category").order_by("product__name", "-version")
    )[:MOST]
    kind = _("Recipes")
    return [
        Hit(str(row), row.get_status_display(), row.get_absolute_url(), kind, icon="chef-hat", hue=row.product.hue)
        for row in rows
    ]


def _products(query: str) -> Q:
    """Of the products that the words name, as everywhere else."""
    return words.conditions(fold(query).split(), of="product__", few=words.FIRST)
