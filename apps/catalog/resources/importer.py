"""Products from a file: what would change, and then the change, both set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import PriceList, Product, ProductUnit, Unit
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import kinds, products
from backoffice.kernel import clock
from backoffice.kernel.text import fold
from backoffice.transfers.importer import Applied, BadCell, Change, Column, Importer, Row, RowResult
from backoffice.ui.forms import Form

from . import undoing, writing
from .columns import COLUMNS, LABELS, PRICE_PREFIX, in_words, plain, plain_packs, plain_price, price_columns
from .reading import read, read_price, read_sku

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow


class Options(Form):
    """What else the upload page asks."""

    new_categories = forms.BooleanField(
        label=gettext_lazy("Create categories that are missing"), required=False, initial=True,
        help_text=gettext_lazy("Otherwise a row with an unknown category is refused."),
    )  # fmt: skip


class _Columns:
    """The fixed columns and one for each price list there is."""

    def __get__(self, instance: object, owner: type | None = None) -> tuple[Column, ...]:
        return (*COLUMNS, *price_columns())


@dataclass
class Known:
    """What the database knows about the products of one batch, by folded SKU or by id."""

    products: dict[str, Product]
    barcodes: dict[str, str]
    prices: dict[str, dict[int, Decimal]]
    packs: dict[int, list[ProductUnit]]
    used: set[int] = field(default_factory=set)


class ProductImporter(Importer):
    """Natural key SKU; a blank cell leaves what is there, "-" clears it."""

    key = "products"
    permission = "catalog.import_product"
    title = gettext_lazy("Import products")
    help = gettext_lazy(
        "One row a product, found by its SKU. A blank cell leaves what is there, “-” clears it. The file that the "
        "product list exports can be imported as it is."
    )
    thing = gettext_lazy("Product")
    columns: ClassVar[Any] = _Columns()
    options_form = Options
    done_url = "catalog:product_list"
    figure_labels = {
        "created": gettext_lazy("products created"),
        "updated": gettext_lazy("products changed"),
        "prices": gettext_lazy("prices set"),
        "packs": gettext_lazy("packs written"),
        "categories": gettext_lazy("categories created"),
    }

    # --- preview ---

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        known = self._known(rows)
        for row in rows:
            try:
                yield self._judge(row, known)
            except BadCell as bad:
                yield row.refuse(bad, label=row.text("name") or row.text("sku"))

    def _judge(self, row: Row, known: Known) -> RowResult:
        values = read(row, units=self.unit_codes)
        prices = {
            column.removeprefix(PRICE_PREFIX): read_price(row, column)
            for column in self.price_headings
            if row.text(column)
        }
        sku = values["sku"]
        before = self.lines.setdefault(sku.lower(), row.line)
        if before != row.line:
            raise BadCell("sku", _("Line %(line)d has this SKU already.") % {"line": before})
        if "category" in values:
            values["category"] = self._category(values["category"])
        self._refuse_taken_barcode(row, values, known)
        product = known.products.get(sku.lower())
        if product is None:
            return self._new(row, values, prices)
        return self._compared(row, product, values, prices, known)

    def _new(self, row: Row, values: dict[str, Any], prices: dict[str, str | None]) -> RowResult:
        if not values.get("name"):
            raise BadCell("name", _("A new product needs a name."))
        values.setdefault("unit", "un")
        if values.get("kind") in kinds.COMPOSED:
            raise BadCell("kind", _("Bundles and products with variants are put together on their own page."))
        packs = values.pop("packs", {})
        data = {"fields": values, "packs": packs, "prices": {code: price for code, price in prices.items() if price}}
        return row.new(label=values["name"], meta=values["sku"], data=data)

    def _compared(
        self, row: Row, product: Product, values: dict[str, Any], prices: dict[str, str | None], known: Known
    ) -> RowResult:
        now = plain(product, units=self.units_by_id, paths=self.paths)
        now |= {"packs": plain_packs(known.packs.get(product.pk, ()))} if "packs" in values else {}
        values.pop("sku")
        if values.get("packs"):
            values["packs"] = now["packs"] | values["packs"]
        fields = {name: value for name, value in values.items() if value != now[name]}
        changes = [Change(name, LABELS[name], in_words(now[name]), in_words(value)) for name, value in fields.items()]
        new_prices: dict[str, str | None] = {}
        for code, price in prices.items():
            current = known.prices[code].get(product.pk)
            shown = None if current is None else plain_price(current)
            if price != shown:
                new_prices[code] = price
                changes.append(Change(PRICE_PREFIX + code, self.price_labels[code], shown or "", price or ""))
        if "unit" in fields and product.pk in self._used(known):
            raise BadCell("unit", _("The unit stays: stock, recipes or orders are written in it already."))
        _refuse_unlike_kind(product, fields)
        label = fields.get("name", product.name)
        if not changes:
            return row.unchanged(label=label, meta=product.sku, url=product.get_absolute_url())
        packs = fields.pop("packs", None)
        data = {
            "pk": product.pk, "revision": product.revision, "fields": fields, "packs": packs, "prices": new_prices,
        }  # fmt: skip
        return row.changed(changes, label=label, meta=product.sku, url=product.get_absolute_url(), data=data)

    def _category(self, path: str) -> str:
        if not path:
            return ""
        known = self.paths_by_fold.get(fold(path))
        if known is None and not self.options.get("new_categories", True):
            raise BadCell("category", _("There is no category “%(path)s”.") % {"path": path})
        return known or path

    def _refuse_taken_barcode(self, row: Row, values: Mapping[str, Any], known: Known) -> None:
        barcode = values.get("barcode")
        if not barcode:
            return
        before = self.barcodes.setdefault(barcode, row.line)
        if before != row.line:
            raise BadCell("barcode", _("Line %(line)d has this barcode already.") % {"line": before})
        holder = known.barcodes.get(barcode)
        if holder is not None and holder != values["sku"].lower():
            raise BadCell("barcode", _("%(holder)s has this barcode already.") % {"holder": holder.upper()})

    # --- what a batch needs to know, one query each ---

    def _known(self, rows: Sequence[Row]) -> Known:
        skus = set()
        for row in rows:
            try:
                skus.add(read_sku(row).lower())
            except BadCell:
                continue
        found = {product.sku.lower(): product for product in _by_sku(skus)}
        ids = [product.pk for product in found.values()]
        prices = {
            column.removeprefix(PRICE_PREFIX): price_reads.current(self.lists[column.removeprefix(PRICE_PREFIX)], ids)
            for column in self.price_headings
            if any(row.text(column) for row in rows)
        }
        packs: dict[int, list[ProductUnit]] = defaultdict(list)
        if any(row.text("packs") for row in rows):
            for pack in ProductUnit.objects.filter(product__in=ids):
                packs[pack.product_id].append(pack)
        return Known(found, self._holders(rows), prices, packs)

    def _holders(self, rows: Sequence[Row]) -> dict[str, str]:
        barcodes = {"".join(row.text("barcode").split()).replace("-", "") for row in rows}
        barcodes = (barcodes | {row.text("barcode") for row in rows}) - {""}
        if not barcodes:
            return {}
        holders = dict(ProductUnit.objects.filter(barcode__in=barcodes).values_list("barcode", "name"))
        taken = Product.objects.filter(barcode__in=barcodes).values_list("barcode", "sku")
        return holders | {barcode: sku.lower() for barcode, sku in taken}

    def _used(self, known: Known) -> set[int]:
        if not known.used:
            known.used = products.used_among(product.pk for product in known.products.values()) or {0}
        return known.used

    @cached_property
    def lines(self) -> dict[str, int]:
        """The line that each SKU of the file was first seen in."""
        return {}

    @cached_property
    def barcodes(self) -> dict[str, int]:
        """The line that each barcode of the file was first seen in."""
        return {}

    @cached_property
    def lists(self) -> dict[str, PriceList]:
        return {row.code: row for row in PriceList.objects.filter(is_active=True)}

    @cached_property
    def price_headings(self) -> list[str]:
        return [PRICE_PREFIX + code for code in self.lists]

    @cached_property
    def price_labels(self) -> dict[str, str]:
        return {
            column.name.removeprefix(PRICE_PREFIX): str(column.label) for column in price_columns(self.lists.values())
        }

    @cached_property
    def units_by_id(self) -> dict[int, str]:
        return dict(Unit.objects.values_list("pk", "code"))

    @cached_property
    def unit_codes(self) -> dict[str, str]:
        return {fold(code): code for code in self.units_by_id.values()}

    @cached_property
    def paths(self) -> dict[int, str]:
        return dict(category_tree.choices())

    @cached_property
    def paths_by_fold(self) -> dict[str, str]:
        return {fold(path): path for path in self.paths.values()}

    # --- apply ---

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        """Write a batch; a product that was changed since the preview, or an SKU taken since, is refused."""
        batch = writing.Batch(
            now=clock.now(), units={code: pk for pk, code in self.units_by_id.items()}, lists=self.lists
        )
        return batch.write(rows)

    # --- undo ---

    undoable = True

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Products that are used or were changed since."""
        return undoing.obstacles(rows)

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Remove what was made, put back what was changed."""
        return undoing.undo(rows)


def _by_sku(skus: set[str]) -> QuerySet[Product]:
    return Product.objects.alias(folded_sku=Lower("sku")).filter(folded_sku__in=skus)


def _refuse_unlike_kind(product: Product, fields: Mapping[str, Any]) -> None:
    """What is put together on its page, and variants, keep their kind and their place."""
    if "kind" in fields and {product.kind, fields["kind"]} & set(kinds.COMPOSED):
        raise BadCell("kind", _("Bundles and products with variants are put together on their own page."))
    if "category" in fields and (product.variant_of_id or product.kind == Product.Kind.CONFIGURABLE):
        raise BadCell("category", _("Variants are in the category of their product; it is changed on its page."))
