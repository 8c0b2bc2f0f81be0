"""What the bakery shows on the pages of others."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.models import Lot
from apps.production.models import Recipe, RecipeLine, WorkOrder
from apps.production.selectors import costing
from backoffice.ui import htmx
from backoffice.ui.permissions import may, requires

PAGE = "production/product_recipe.html"
MOST = 8


@requires("production.view_recipe")
def product_recipe(request: HttpRequest, pk: int) -> HttpResponse:
    """How a product is made, what it costs, its open orders, and what it goes into."""
    product = get_object_or_404(Product.objects.select_related("unit"), pk=pk)
    recipe = Recipe.objects.filter(product=product).exclude(status=Recipe.Status.ARCHIVED).order_by("status").first()
    used_in = (
        RecipeLine.objects.filter(component=product, recipe__status=Recipe.Status.ACTIVE)
        .select_related("recipe__product", "unit")
        .order_by("recipe__product__name")
    )
    orders = WorkOrder.objects.none()
    if may(request.user, "production.view_workorder"):
        orders = WorkOrder.objects.open().filter(product=product).order_by("due_at")[:MOST]
    context = {
        "product": product,
        "recipe": recipe,
        "cost": costing.cost(recipe) if recipe and may(request.user, "production.view_cost") else None,
        "orders": orders,
        "used_in": used_in[:MOST],
        "used_in_count": used_in.count(),
        "title": _("Recipe of %(product)s") % {"product": product},
    }
    return htmx.render(request, PAGE, context, fragments={"panel-recipe": f"{PAGE}#panel-recipe"})


@requires("inventory.view_lot")
def lot_label(request: HttpRequest, pk: int) -> HttpResponse:
    """The way from a lot to its label, and to the order that made it."""
    lot = get_object_or_404(Lot.objects.select_related("product"), pk=pk)
    order = None
    if may(request.user, "production.view_workorder"):
        order = WorkOrder.objects.filter(outputs__lot=lot).first()
    page = "production/lot_label_panel.html"
    context = {"lot": lot, "order": order, "title": _("Label of %(lot)s") % {"lot": lot}}
    return htmx.render(request, page, context, fragments={"panel-label": f"{page}#panel-label"})
