"""How orders are narrowed down."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.forms import HiddenInput
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from apps.orders.models import Channel, Order
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import board
from backoffice.ui import filters


class OrderFilter(filters.FilterSet):
    """By text, channel, state, way and day."""

    channel = filters.ModelChoiceFilter(
        queryset=Channel.objects.all(), label=_("Channel"), empty_label=_("Any channel")
    )
    status = filters.ChoiceFilter(choices=Order.Status.choices, label=_("State"), empty_label=_("Any state"))
    fulfilment = filters.ChoiceFilter(choices=Fulfilment.choices, label=_("Way"), empty_label=_("Any way"))
    day = filters.DateRangeFilter("business_date", label=_("Day"))
    product = filters.CharFilter(method="by_product", label=_("SKU"), widget=HiddenInput)

    search_fields: ClassVar[tuple[str, ...]] = ()

    class Meta:
        model = Order
        fields: ClassVar[tuple[str, ...]] = ("channel", "status", "fulfilment")

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return board.search(queryset, value[:100])

    def by_product(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Orders that hold the product with this SKU."""
        product = Product.objects.filter(sku__iexact=value.strip()).first()
        return queryset.filter(lines__product=product).distinct() if product is not None else queryset.none()
