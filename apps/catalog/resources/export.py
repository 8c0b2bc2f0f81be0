"""Products as a file that the importer reads back without a change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import tablib
from django.conf import settings
from django.db.models import QuerySet
from import_export import resources

from apps.catalog.models import Product, ProductMedia
from apps.catalog.models.media import media_url
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import remote_media
from backoffice.transfers.neutral import neutralise
from backoffice.transfers.outgoing import own_style
from backoffice.transfers.rows import DecimalStyle, chunked

from .cells import VIDEO, say_attribute, say_packs, say_parts
from .columns import ATTRIBUTE_PREFIX, COLUMNS, in_words, plain, plain_price
from .house import House
from .known import packs_of, parts_of

NUMBERS = {"shelf_life_days", "tax_rate"}
AT_ONCE = 1000


def headings(house: House | None = None) -> list[str]:
    """Those of the fixed columns, of all attributes, and of all active lists."""
    house = house or House()
    attributes = [ATTRIBUTE_PREFIX + code for code in house.attributes]
    return [column.name for column in COLUMNS] + attributes + list(house.price_headings)


def lines(queryset: QuerySet[Product], house: House | None = None) -> Iterator[list[Any]]:
    """The products in their order: texts as they are, numbers as Decimal. Some queries for every thousand products."""
    return _lines(queryset, house or House(), own_style())


def _lines(queryset: QuerySet[Product], house: House, style: DecimalStyle) -> Iterator[list[Any]]:
    for ids in chunked(list(queryset.values_list("pk", flat=True)), AT_ONCE):
        rows = Product.objects.in_bulk(ids)
        parents = Product.objects.in_bulk({row.variant_of_id for row in rows.values() if row.variant_of_id})
        skus = {pk: parent.sku for pk, parent in parents.items()}
        prices = {code: price_reads.current(row, ids) for code, row in house.lists.items()}
        packs, parts, media = packs_of(ids), parts_of(ids), _addresses(ids)
        for pk in ids:
            product = rows.get(pk)
            if product is None:
                continue  # removed this very moment
            values = plain(product, units=house.units_by_id, paths=house.paths, parents=skus)
            values["packs"] = say_packs(packs.get(pk, {}), style)
            values["parts"] = say_parts(parts.get(pk, {}), style)
            values["media"] = " ".join(media.get(pk, ()))
            line = [_cell(column.name, values[column.name]) for column in COLUMNS]
            visible = {entry.code for entry in house.schemas.of(product.category_id)}
            for code, attribute in house.attributes.items():
                line.append(say_attribute(attribute, product.attributes.get(code), style) if code in visible else "")
            for code in house.lists:
                amount = prices[code].get(pk)
                line.append(None if amount is None else Decimal(plain_price(amount)))
            yield line


class ProductResource(resources.ModelResource):
    """Export only: imports go through `ProductImporter`, which previews. A constant number of queries."""

    class Meta:
        model = Product
        fields = tuple(column.name for column in COLUMNS)

    def export(self, queryset: QuerySet[Product] | None = None, **kwargs: Any) -> tablib.Dataset:
        """The products in their order, one row each, with the price of every active list. Formula cells are defused."""
        house = House()
        dataset = tablib.Dataset(headers=headings(house), title="products")
        for line in lines(Product.objects.order_by("sku") if queryset is None else queryset, house):
            dataset.append(
                [neutralise(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in line]
            )
        return dataset

    def get_export_headers(self, selected_fields: Sequence[str] | None = None) -> list[str]:
        return [column.name for column in COLUMNS]


def _addresses(ids: Sequence[int]) -> dict[int, list[str]]:
    """Where the pictures and videos of each product are, in their order; what was fetched is at its first address."""
    found: dict[int, list[str]] = defaultdict(list, remote_media.addresses(ids))
    rows = ProductMedia.objects.filter(product__in=ids, came_from=None).order_by("product", "position", "pk")
    for pk, stem, url in rows.values_list("product_id", "stem", "url"):
        found[pk].append(VIDEO + url if url else settings.BASE_URL.rstrip("/") + media_url(stem))
    return found


def _cell(column: str, value: Any) -> Any:
    if column in NUMBERS:
        return None if value is None else Decimal(str(value))
    return in_words(value)
