"""Products as a file that the importer reads back without a change."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import tablib
from django.db.models import QuerySet
from import_export import resources

from apps.catalog.models import PriceList, Product, Unit
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors import prices as price_reads
from backoffice.transfers.neutral import neutralise

from .columns import COLUMNS, PRICE_PREFIX, in_words, plain, plain_packs, plain_price

NUMBERS = {"shelf_life_days", "tax_rate"}


class ProductResource(resources.ModelResource):
    """Export only: imports go through `ProductImporter`, which previews. A constant number of queries."""

    class Meta:
        model = Product
        fields = tuple(column.name for column in COLUMNS)

    def export(self, queryset: QuerySet[Product] | None = None, **kwargs: Any) -> tablib.Dataset:
        """The products in their order, one row each, with the price of every active list. Formula cells are defused."""
        rows = list((Product.objects.order_by("sku") if queryset is None else queryset).prefetch_related("packs"))
        lists = list(PriceList.objects.filter(is_active=True).order_by("-is_default", "code"))
        prices = {row.code: price_reads.current(row, rows) for row in lists}
        units = dict(Unit.objects.values_list("pk", "code"))
        paths = dict(category_tree.choices())
        headings = [column.name for column in COLUMNS] + [PRICE_PREFIX + row.code for row in lists]
        dataset = tablib.Dataset(headers=headings, title="products")
        for product in rows:
            values = plain(product, units=units, paths=paths) | {"packs": plain_packs(product.packs.all())}
            cells: list[Any] = [_cell(column.name, values[column.name]) for column in COLUMNS]
            for row in lists:
                amount = prices[row.code].get(product.pk)
                cells.append("" if amount is None else Decimal(plain_price(amount)))
            dataset.append(cells)
        return dataset

    def get_export_headers(self, selected_fields: Sequence[str] | None = None) -> list[str]:
        return [column.name for column in COLUMNS]


def _cell(column: str, value: Any) -> Any:
    if column in NUMBERS:
        return "" if value is None else Decimal(str(value))
    return neutralise(in_words(value))
