"""Products from a file: what would change, and then the change, both set-wise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.catalog.selectors.schemas import Entry
from apps.catalog.services import kinds
from apps.catalog.services.media import MOST_EACH
from backoffice.kernel import clock
from backoffice.kernel.text import fold
from backoffice.transfers.importer import Applied, BadCell, Change, Column, Fact, Importer, Row, RowResult
from backoffice.ui.forms import Form

from . import export, known, packing, telling, undoing, variants, writing
from .cells import Packs, folded, merged, read_attribute, same, same_value, say_attribute, say_packs, say_parts
from .columns import (
    ATTRIBUTE_PREFIX,
    CLEAR,
    COLUMNS,
    LABELS,
    PRICE_PREFIX,
    attribute_columns,
    change_of,
    plain,
    plain_price,
    price_columns,
)
from .family import Family
from .house import House
from .known import Known
from .reading import read, read_price

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow, TransferRun

Wrong = list[BadCell]


class Options(Form):
    """What else the upload page asks."""

    new_categories = forms.BooleanField(
        label=gettext_lazy("Create categories that are missing"), required=False, initial=True,
        help_text=gettext_lazy("Otherwise a row with an unknown category is refused."),
    )  # fmt: skip


class _Columns:
    """The fixed columns, one for each attribute, and one for each price list there is."""

    def __get__(self, instance: object, owner: type | None = None) -> tuple[Column, ...]:
        return (*COLUMNS, *attribute_columns(), *price_columns())


class ProductImporter(Importer):
    """Natural key SKU; a blank cell leaves what is there, "-" clears it. Rows may stand in any order."""

    key = "products"
    permission = "catalog.import_product"
    export_permission = "catalog.export_product"
    title = gettext_lazy("Import products")
    help = gettext_lazy(
        "One row a product, found by its SKU. A blank cell leaves what is there, “-” clears it. The file that the "
        "product list exports can be imported as it is."
    )
    thing = gettext_lazy("Product")
    columns: ClassVar[Any] = _Columns()
    options_form = Options
    done_url = "catalog:product_list"
    undoable = True
    figure_labels = {
        "created": gettext_lazy("products created"),
        "updated": gettext_lazy("products changed"),
        "prices": gettext_lazy("prices set"),
        "packs": gettext_lazy("packs written"),
        "parts": gettext_lazy("parts of bundles written"),
        "media": gettext_lazy("pictures and videos asked for"),
        "categories": gettext_lazy("categories created"),
    }

    def __init__(self, run: TransferRun) -> None:
        super().__init__(run)
        self.house = House()
        self.kin = Family()
        self.barcodes: dict[str, int] = {}  # and the line that each was first seen in

    # --- preview ---

    def look(self, rows: Iterator[Row]) -> None:
        self.kin.look(rows)

    def batches(self, rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
        """Variants behind their product, bundles behind their parts, wherever they stand."""
        return self.kin.batches(rows, self.check_size)

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        there = known.load(rows, self.house)
        said = [
            (ATTRIBUTE_PREFIX + code, code) for code in self.house.attributes if rows[0].has(ATTRIBUTE_PREFIX + code)
        ]
        for row in rows:
            values, wrong = read(row, units=self.house.unit_codes)
            if "axes" in values:
                values["axes"] = self.house.axis_codes(values["axes"])
            values["attributes"] = [(column, code) for column, code in said if row.text(column)]
            prices, sku = self._prices(row, wrong), values.get("sku", "").lower()
            result = self._judge(row, values, prices, there, wrong)
            if wrong:
                label = values.get("name") or row.text("name") or row.text("sku")
                result = row.refuse(wrong, label=label)
                self.kin.tell(sku, row.line, None)
            assert result is not None
            yield result

    def _prices(self, row: Row, wrong: Wrong) -> dict[str, str | None]:
        found = {}
        for column, code in self.house.price_headings.items():
            if row.text(column):
                try:
                    found[code] = read_price(row, column)
                except BadCell as bad:
                    wrong.append(bad)
        return found

    def _judge(
        self, row: Row, values: dict[str, Any], prices: dict[str, str | None], there: Known, wrong: Wrong
    ) -> RowResult | None:
        """What would become of the row; what is wrong with it is added to the list."""
        sku = values.get("sku", "")
        if sku and (line := self.kin.lines.setdefault(sku.lower(), row.line)) != row.line:
            wrong.append(BadCell("sku", _("Line %(line)d has this SKU already.") % {"line": line}))
        product = there.products.get(sku.lower())
        if "category" in values:
            self._settle_category(values, wrong)
        self._refuse_taken_barcodes(row, values, there, wrong)
        if not sku:
            return None
        if product is None:
            return self._new(row, values, prices, there, wrong)
        return self._compared(row, product, values, prices, there, wrong)

    def _new(
        self, row: Row, values: dict[str, Any], prices: dict[str, str | None], there: Known, wrong: Wrong
    ) -> RowResult | None:
        attributes, packs = values.pop("attributes"), merged({}, values.pop("packs", {}))
        parts, media = values.pop("parts", None), values.pop("media", [])
        variant = None
        if values.get("variant_of"):
            parent = variants.parent_of(values, there, self.kin, self.house, wrong)
            if parent is None:
                return None
            variant, attributes = variants.fit_in(row, values, attributes, parent, there, self.kin, self.house, wrong)
        values.pop("variant_of", None)
        if not values.get("name"):
            wrong.append(BadCell("name", _("A new product needs a name.")))
        values.setdefault("unit", "un")
        schema = self.house.schema(values.get("category", ""))
        said = self._attributes(row, attributes, schema, {}, wrong)
        if said:
            values["attributes"] = {code: value for code, value in said.items() if value is not None}
        if variant:
            values["attributes"] = {**variant["choices"], **values.get("attributes", {})}
        variants.refuse_axes(values, schema, wrong)
        self._refuse_parts(values["sku"], values.get("kind"), parts, there, wrong)
        if len(media) > MOST_EACH:
            wrong.append(
                BadCell("media", _("At most %(most)d pictures and videos are possible.") % {"most": MOST_EACH})
            )
        self.kin.tell(values["sku"].lower(), row.line, values)
        data: dict[str, Any] = {
            "fields": values,
            "packs": packs,
            "prices": {code: price for code, price in prices.items() if price},
        }
        data |= {"variant": variant} if variant else {}
        data |= {"parts": parts} if parts else {}
        data |= {"media": media} if media else {}
        data |= {"variants": count} if (count := self.kin.variants[values["sku"].lower()]) else {}
        return row.new(label=values.get("name", ""), meta=values["sku"], data=data)

    def _compared(
        self, row: Row, product: Product, values: dict[str, Any], prices: dict[str, str | None], there: Known,
        wrong: Wrong,
    ) -> RowResult:  # fmt: skip
        house = self.house
        now = plain(product, units=house.units_by_id, paths=house.paths, parents=there.parents)
        values.pop("sku")
        attributes, packs = values.pop("attributes"), values.pop("packs", None)
        parts, media = values.pop("parts", None), values.pop("media", [])
        fields = {name: value for name, value in values.items() if not same(name, value, now[name])}
        changes = [change_of(name, now[name], value, row.style) for name, value in fields.items()]
        self._refuse_unlike_kind(product, fields, there, wrong)
        schema = house.schema(fields.get("category", now["category"]))
        if "axes" in fields:
            variants.refuse_axes({**now, **fields}, schema, wrong)
        if attributes:
            said = self._attributes(row, attributes, schema, product.attributes, wrong, fixed=self._fixed(product))
            if said:
                fields["attributes"] = said
            for code, value in said.items():
                attribute = schema[code].attribute
                before = say_attribute(attribute, product.attributes.get(code), row.style)
                after = say_attribute(attribute, value, row.style)
                changes.append(Change(ATTRIBUTE_PREFIX + code, attribute.name, before, after))
        wanted: Packs | None = None
        if packs is not None:
            packed = there.packs.get(product.pk, {})
            wanted = merged(packed, packs) if packs else {}
            if wanted == packed:
                wanted = None
            else:
                if why := packing.refusal(packed, wanted, there.priced_packs.get(product.pk, ())):
                    wrong.append(BadCell("packs", why))
                changes.append(
                    Change("packs", LABELS["packs"], say_packs(packed, row.style), say_packs(wanted, row.style))
                )
        self._refuse_parts(product.sku, product.kind, parts, there, wrong)
        if parts is not None:
            held = there.parts.get(product.pk, {})
            if folded(parts) == folded(held):
                parts = None
            else:
                changes.append(
                    Change("parts", LABELS["parts"], say_parts(held, row.style), say_parts(parts, row.style))
                )
        if media:
            had = there.media.get(product.pk, set())
            media = [url for url in media if url not in had and known.own_name(url) not in had]
            if len(media) + len(had) > MOST_EACH:
                sentence = _("At most %(most)d pictures and videos are possible.") % {"most": MOST_EACH}
                wrong.append(BadCell("media", sentence))
            elif media:
                changes.append(Change("media", LABELS["media"], "", " ".join(media)))
        new_prices: dict[str, str | None] = {}
        for code, price in prices.items():
            current = there.prices[code].get(product.pk)
            shown = None if current is None else plain_price(current)
            if price != shown:
                new_prices[code] = price
                label = house.price_labels[code]
                changes.append(change_of(PRICE_PREFIX + code, shown, price, row.style, label=label))
        if "unit" in fields and product.pk in there.used:
            wrong.append(BadCell("unit", _("The unit stays: stock, recipes or orders are written in it already.")))
        label = fields.get("name", product.name)
        self.kin.tell(product.sku.lower(), row.line, {**now, **fields})
        url = product.get_absolute_url()
        if not changes:
            return row.unchanged(label=label, meta=product.sku, url=url)
        data = {
            "pk": product.pk, "revision": product.revision, "fields": fields, "packs": wanted, "prices": new_prices,
        }  # fmt: skip
        data |= {"parts": parts} if parts is not None else {}
        data |= {"media": media} if media else {}
        return row.changed(changes, label=label, meta=product.sku, url=url, data=data)

    # --- what a cell cannot say ---

    def _settle_category(self, values: dict[str, Any], wrong: Wrong) -> None:
        path = values["category"]
        kept = self.house.paths_by_fold.get(fold(path))
        if path and kept is None and not self.options.get("new_categories", True):
            wrong.append(BadCell("category", _("There is no category “%(path)s”.") % {"path": path}))
        values["category"] = kept or path

    def _refuse_taken_barcodes(self, row: Row, values: Mapping[str, Any], there: Known, wrong: Wrong) -> None:
        sku = values.get("sku", "").lower()
        said = [("barcode", values.get("barcode"), "")]
        said += [("packs", barcode, fold(name)) for name, (_q, barcode, _a) in (values.get("packs") or {}).items()]
        mine: set[str] = set()
        for column, barcode, pack in said:
            if not barcode:
                continue
            holder = there.holders.get(barcode)
            is_mine = holder is not None and (holder[0], fold(holder[1])) == (sku, pack)
            line = row.line if is_mine else self.barcodes.setdefault(barcode, row.line)
            sentence = ""
            if barcode in mine:
                sentence = _("The barcode %(barcode)s is named twice.") % {"barcode": barcode}
            elif holder is not None and not is_mine:
                sentence = _("%(holder)s has this barcode already.") % {"holder": holder[0].upper()}
            elif line != row.line:
                sentence = _("Line %(line)d has this barcode already.") % {"line": line}
            mine.add(barcode)
            if sentence:
                wrong.append(BadCell(column, sentence, barcode if column == "packs" else ""))

    def _attributes(
        self, row: Row, cells: Iterable[tuple[str, str]], schema: Mapping[str, Entry], now: Mapping[str, Any],
        wrong: Wrong, *, fixed: Iterable[str] = (),
    ) -> dict[str, Any]:  # fmt: skip
        """The values that differ from those the product has, None for those that are cleared."""
        found: dict[str, Any] = {}
        for column, code in cells:
            try:
                attribute = self.house.attributes[code]
                cleared = row.text(column) == CLEAR
                value = None if cleared else read_attribute(row, column, attribute)
                if same_value(value, now.get(code)):
                    continue
                if code in fixed:
                    sentence = _("What tells variants apart is changed on the page of the product.")
                    raise BadCell(column, sentence)
                if code not in schema:
                    sentence = _("Products of this category have no attribute “%(code)s”.")
                    raise BadCell(column, sentence % {"code": code})
                if cleared and now.get(code) == CLEAR:
                    continue
                found[code] = value
            except BadCell as bad:
                wrong.append(bad)
        return found

    @cached_property
    def _axes_of(self) -> dict[int, list[str]]:
        return dict(Product.objects.filter(kind=Product.Kind.CONFIGURABLE).values_list("pk", "axes"))

    def _fixed(self, product: Product) -> list[str]:
        """Attributes that tell the product and its like apart."""
        return self._axes_of.get(product.variant_of_id, []) if product.variant_of_id else product.axes

    def _refuse_unlike_kind(self, product: Product, fields: Mapping[str, Any], there: Known, wrong: Wrong) -> None:
        """What is put together on its page, and variants, keep their kind and their place."""
        if "kind" in fields and {product.kind, fields["kind"]} & set(kinds.COMPOSED):
            sentence = _("What is there becomes no bundle and no product with variants by a file, nor the other way.")
            wrong.append(BadCell("kind", sentence))
        elif "kind" in fields and Product.Kind.VIRTUAL in (product.kind, fields["kind"]):
            wrong.append(BadCell("kind", _("Whether it is a thing or a service is changed on its page.")))
        if "category" in fields and (product.variant_of_id or product.kind == Product.Kind.CONFIGURABLE):
            sentence = _("Variants are in the category of their product; it is changed on its page.")
            wrong.append(BadCell("category", sentence))
        if "variant_of" in fields:
            wrong.append(BadCell("variant_of", _("A product that is there stays what it is a variant of, or of none.")))
        if "axes" in fields and there.combinations.get(product.pk):
            wrong.append(BadCell("axes", _("There are variants already, so what they differ by stays.")))

    def _refuse_parts(
        self, sku: str, kind: str | None, parts: Mapping[str, str] | None, there: Known, wrong: Wrong
    ) -> None:
        if not parts:
            return
        if kind != Product.Kind.BUNDLE:
            wrong.append(BadCell("parts", _("Only a bundle has parts; its kind is bundle.")))
            return
        before = len(wrong)
        try:
            self.kin.refuse_circle(sku.lower(), parts)
        except BadCell as bad:
            wrong.append(bad)
            return
        for part in parts:
            product, member = there.products.get(part.lower()), self.kin.members.get(part.lower())
            known_as = member.values if member else {"kind": product.kind} if product else None
            if known_as is None and product is None and (line := self.kin.lines.get(part.lower())):
                sentence = _("Its part %(sku)s on line %(line)d is refused.")
                wrong.append(BadCell("parts", sentence % {"sku": part, "line": line}))
            elif known_as is None and product is None:
                wrong.append(BadCell("parts", _("There is no product %(skus)s.") % {"skus": part}))
            elif known_as and known_as.get("kind") == Product.Kind.CONFIGURABLE:
                sentence = _("%(product)s is sold by variant: choose one of them.")
                wrong.append(BadCell("parts", sentence % {"product": part}))
        if len(wrong) == before:
            try:
                self.kin.refuse_depth(sku.lower())
            except BadCell as bad:
                wrong.append(bad)

    def facts(self, rows: Sequence[TransferRow]) -> Mapping[int, Sequence[Fact]]:
        """What new products will be."""
        return telling.facts(rows, self.house, self.run.style)

    # --- apply, undo, export ---
    later_in = ""
    """Code of the price list that prices of later go to, where a file has such."""

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        """Write a batch; a product that was changed since the preview, or an SKU taken since, is refused."""
        units = {code: pk for pk, code in self.house.units_by_id.items()}
        lists, now = self.house.lists, clock.now()
        return writing.Batch(now=now, units=units, lists=lists, run=self.run, later_in=self.later_in).write(rows)

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Products that are used or were changed since."""
        return undoing.obstacles(rows)

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Remove what was made, put back what was changed."""
        return undoing.undo(rows)

    @classmethod
    def export(cls) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """All products, by SKU."""
        return export.headings(), export.lines(Product.objects.order_by("sku"))
