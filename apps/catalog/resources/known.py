"""What the database knows about the products that one batch of rows names, a query for each kind of thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import QuerySet
from django.db.models.functions import Lower

from apps.catalog.codes import clean_barcode, clean_sku
from apps.catalog.models import BundleItem, Product, ProductMedia, ProductUnit
from apps.catalog.models.media import file_name
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import packs, products, remote_media
from backoffice.transfers.rows import Row

from .cells import VIDEO, Packs, plain_packs, read_packs
from .columns import CLEAR, plain_number
from .family import needs_of
from .house import House
from .reading import BadCell

Holder = tuple[str, str]  # the folded SKU of a product, and the name of its pack where that has the barcode


@dataclass
class Known:
    """By folded SKU or by id."""

    products: dict[str, Product]
    parents: dict[int, str]
    holders: dict[str, Holder] = field(default_factory=dict)
    prices: dict[str, dict[int, Decimal]] = field(default_factory=dict)
    packs: dict[int, Packs] = field(default_factory=dict)
    priced_packs: dict[int, set[str]] = field(default_factory=dict)
    parts: dict[int, dict[str, str]] = field(default_factory=dict)
    media: dict[int, set[str]] = field(default_factory=dict)
    combinations: dict[int, dict[str, str]] = field(default_factory=dict)  # of each parent: variant_key → SKU
    _used: set[int] | None = None

    @property
    def used(self) -> set[int]:
        """Those that rows of other rooms point to."""
        if self._used is None:
            self._used = products.used_among(product.pk for product in self.products.values())
        return self._used


def load(rows: Sequence[Row], house: House) -> Known:
    """Everything the batch will be compared with."""
    skus = {clean_sku(row.text("sku")).lower() for row in rows}
    for row in rows:
        skus.update(needs_of(row))
    found = {product.sku.lower(): product for product in by_sku(skus)}
    above = {product.variant_of_id for product in found.values() if product.variant_of_id}
    known = Known(found, dict(Product.objects.filter(pk__in=above).values_list("pk", "sku")) if above else {})
    ids = [product.pk for product in found.values()]
    known.prices = {
        code: price_reads.current(house.lists[code], ids)
        for column, code in house.price_headings.items()
        if any(row.text(column) for row in rows)
    }
    known.holders = _holders(rows)
    if any(row.text("packs") for row in rows):
        known.packs = packs_of(ids)
        known.priced_packs = packs.priced(ids)
    if any(row.text("parts") for row in rows):
        known.parts = parts_of(ids)
    if any(row.text("media") for row in rows):
        known.media = addresses_of(ids)
    if any(row.text("variant_of") or row.text("axes") for row in rows):
        known.combinations = combinations_of(ids)
    return known


def by_sku(skus: Iterable[str]) -> QuerySet[Product]:
    """Products by folded SKUs."""
    return Product.objects.alias(folded_sku=Lower("sku")).filter(folded_sku__in=set(skus))


def packs_of(ids: Iterable[int]) -> dict[int, Packs]:
    """The packs of products, in the words of the file. One query."""
    found: dict[int, list[ProductUnit]] = defaultdict(list)
    for pack in ProductUnit.objects.filter(product__in=list(ids)):
        found[pack.product_id].append(pack)
    return {pk: plain_packs(packs) for pk, packs in found.items()}


def parts_of(ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """What bundles hold, in the words of the file and in their order. One query."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    rows = BundleItem.objects.filter(bundle__in=list(ids)).order_by("bundle", "position", "pk")
    for bundle, sku, quantity in rows.values_list("bundle_id", "component__sku", "quantity"):
        found[bundle][sku] = plain_number(quantity)
    return found


def combinations_of(ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Of products with variants, who has which combination. One query."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    rows = Product.objects.filter(variant_of__in=list(ids)).values_list("variant_of_id", "variant_key", "sku")
    for parent, key, sku in rows:
        found[parent][key] = sku
    return found


def addresses_of(ids: Sequence[int]) -> dict[int, set[str]]:
    """Every address that would bring a product what it has already, or had. Two queries.

    Of its own pictures the name of the file counts, wherever the shop can be reached.
    """
    found: dict[int, set[str]] = defaultdict(set)
    for pk, urls in remote_media.addresses(ids).items():
        found[pk].update(urls)
    for pk, stem, url in ProductMedia.objects.filter(product__in=ids).values_list("product_id", "stem", "url"):
        found[pk].add(VIDEO + url if url else own_name(file_name(stem)))
    return found


def own_name(url: str) -> str:
    """The last part of an address."""
    return url.rpartition("/")[2]


def _holders(rows: Sequence[Row]) -> dict[str, Holder]:
    barcodes = {clean_barcode(row.text("barcode")) for row in rows}
    for row in rows:
        if row.text("packs") not in ("", CLEAR):
            try:
                barcodes.update(barcode or "" for _quantity, barcode, _about in read_packs(row, "packs").values())
            except BadCell:
                continue
    barcodes -= {"", CLEAR}
    if not barcodes:
        return {}
    packs = ProductUnit.objects.filter(barcode__in=barcodes).values_list("barcode", "product__sku", "name")
    goods = Product.objects.filter(barcode__in=barcodes).values_list("barcode", "sku")
    return {barcode: (sku.lower(), name) for barcode, sku, name in packs} | {
        barcode: (sku.lower(), "") for barcode, sku in goods
    }
