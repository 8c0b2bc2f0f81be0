"""Who changed what of a product, with the names of attributes, choices and allergens."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from apps.catalog import allergens, values
from apps.catalog.models import Attribute, Product
from apps.catalog.selectors import products as product_reads
from apps.catalog.views.products import ProductDetail
from backoffice.ui.screens import HistoryScreen


class ProductHistory(HistoryScreen):
    model = Product
    permission = "catalog.view_product"
    list_url = "catalog:product_list"
    detail_class = ProductDetail
    related = ("prices", "packs", "parts", "media")
    hidden = (
        *HistoryScreen.hidden,
        "product",
        "bundle",
        "completeness",
        "missing",
        "cover",
        "variant_key",
        "stem",
        "position",
    )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.object.kind != Product.Kind.BUNDLE:  # what has no parts is not asked for them
            self.related = ("prices", "packs", "media")  # type: ignore[misc, assignment]
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Product]:
        return product_reads.with_page_needs(Product.objects.all())

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """All there are, also those that no category has any more: the history outlives them."""
        return {row.code: row for row in Attribute.objects.select_related("unit")}

    def entry_of(self, name: str, key: str, value: Any) -> tuple[str, str]:
        known = self.attributes.get(key) if name == "attributes" else None
        written = super().entry_of(name, key, value)
        if known is None:
            return written
        try:
            return known.name, values.say(known, value)
        except (TypeError, ValueError, ArithmeticError):  # the attribute was of another type then
            return known.name, written[1]

    def tell(self, name: str, value: Any) -> str | None:
        if name == "allergens":
            return ", ".join(allergens.labels(value))
        if name == "axes":
            return ", ".join(self.attributes[code].name if code in self.attributes else code for code in value)
        return None
