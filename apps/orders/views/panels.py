"""What orders show on the pages of products and customers."""

from __future__ import annotations

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.crm.models import Customer
from apps.orders.models import Order
from apps.orders.selectors import sales
from backoffice.kernel.money import format_money
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import charts, htmx
from backoffice.ui.permissions import requires

DAYS = 28
LAST = 6


@requires("orders.view_order")
def product_sales(request: HttpRequest, pk: int) -> HttpResponse:
    """Units and revenue of a product, day by day."""
    product = get_object_or_404(Product.objects.select_related("unit"), pk=pk)
    found = sales.of_product(product.pk, days=DAYS)
    chart = charts.Bars(
        label=_("Units sold by day"),
        labels=[date_format(day, "j M") for day in found.days],
        series=[charts.Series(_("Units"), found.units)],
        show=lambda value: format_quantity(value, product.unit.code),
        heading=_("Day"),
        width=340,
        height=130,
        every=7,
    )
    page = "orders/product_sales.html"
    context = {"product": product, "sales": found, "chart": chart, "title": _("Sales"), "days": DAYS}
    return htmx.render(request, page, context, fragments={"panel-sales": f"{page}#panel-sales"})


@requires("orders.view_order")
def customer_orders(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer's latest orders."""
    customer = get_object_or_404(Customer, pk=pk)
    found = Order.objects.filter(customer=customer)
    figures = found.counting().aggregate(n=Count("pk"), total=Sum("total"))
    page = "orders/customer_orders.html"
    context = {
        "customer": customer,
        "orders": found.select_related("channel").order_by("-placed_at", "-pk")[:LAST],
        "count": figures["n"],
        "total": format_money(figures["total"]) if figures["total"] else "",
        "title": _("Orders"),
    }
    return htmx.render(request, page, context, fragments={"panel-orders": f"{page}#panel-orders"})
