"""Writes the checked rows of a product file: everything in bulk, with history, a few queries a batch.

What a row's `data` holds; other files of products may be read into the same, and are written and undone alike then:

    fields      of a new product, or those that change: name, unit and category in the words of the file, tax_rate as
                text, axes as codes; attributes as kept values by code, None where one is cleared
    prices      by code of the list, None takes the product off it
    packs       all packs by name, each [quantity, barcode, "~" or ""]; None leaves them, {} removes them
    pk, revision    of a product that is there
    variant     of a new one: {"of": SKU, "axes": codes, "choices": by axis}; its product comes in a row before it
    parts       of a bundle: quantities by SKU, all of them; they come in rows before it, or are there
    media       addresses of pictures to fetch, with "video:" before that of a video
    alts        what such pictures show, by address
    later       prices of later, as [moment, amount]; of new products they are written here, others the importer sets
    variants    how many variants the file has of a new product, for who reads the preview
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from apps.catalog.models import Attribute, Category, PriceList, Product, ProductUnit
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors.schemas import Demands, Lack
from apps.catalog.services import bulk, categories, completeness, kinds, prices
from apps.catalog.services.locks import lock_products
from backoffice.kernel import audit
from backoffice.kernel import bulk as kernel_bulk
from backoffice.kernel.text import fold
from backoffice.transfers.importer import Applied

from . import composing, packing
from .cells import plain_pack, plain_packs, ratio_of
from .columns import plain_price

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow, TransferRun

PACK_FIELDS = ("numerator", "denominator", "barcode", "is_approximate")


def shape(pack: ProductUnit, said: Sequence[str]) -> None:
    """Give the pack what the file says of it."""
    quantity, pack.barcode, about = said
    pack.numerator, pack.denominator = ratio_of(quantity)
    pack.is_approximate = bool(about)


@dataclass
class Batch:
    """One batch being written. The caller holds the transaction."""

    now: datetime
    units: Mapping[str, int]
    lists: Mapping[str, PriceList]
    run: TransferRun
    later_in: str = ""  # code of the list that prices of later go to
    figures: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refused: dict[int, str] = field(default_factory=dict)
    unclear: list[int] = field(default_factory=list)  # products whose completeness has to be counted anew
    written: dict[int, dict[str, Any]] = field(default_factory=dict)  # what undoing each row will need
    new_categories: list[int] = field(default_factory=list)

    def write(self, rows: Sequence[TransferRow]) -> Applied:
        """Create and change the products, then their packs and prices."""
        self.locked = lock_products(
            {row.data["pk"] for row in rows if row.data.get("pk")} | composing.concerned(rows), gone_is_fine=True
        )
        paths = self._categories(rows)
        self.demands = Demands()  # after the categories: new ones inherit
        self.choices = Attribute.choices_of()
        new = [row for row in rows if not row.data.get("pk")]
        self.taken = _taken(new)
        written: list[tuple[Product, TransferRow]] = []
        written += self._create([row for row in new if not row.data.get("variant")], paths)
        made = [product for product, _row in written]
        written += self._create([row for row in new if row.data.get("variant")], paths, made)
        written += self._change([row for row in rows if row.data.get("pk")], paths)
        self._remember(written)
        self._packs(written)
        self._parts(written)
        self._prices(written)
        self._media(written)
        if self.unclear:
            completeness.refresh(self.unclear)
        figures = {name: count for name, count in self.figures.items() if count}
        return Applied(figures=figures, refused=self.refused, written=self.written)

    def _remember(self, written: Sequence[tuple[Product, TransferRow]]) -> None:
        """What is there before packs and prices are written. What the product itself was tells its history."""
        priced: dict[str, list[int]] = defaultdict(list)
        for product, row in written:
            made = not row.data.get("pk")
            fields = {} if made else row.data["fields"]
            self.written[row.pk] = {
                "pk": product.pk, "revision": product.revision, "made": made, "fields": bool(fields),
                "prices": {code: [None, amount] for code, amount in row.data["prices"].items()},
            }  # fmt: skip
            if not made:
                for code in row.data["prices"]:
                    priced[code].append(product.pk)
            if made or row.data.get("packs") is not None:
                self.written[row.pk]["packs"] = [{}, row.data.get("packs") or {}]
        if written and self.new_categories:
            self.written[written[0][1].pk]["categories"] = self.new_categories
        by_product = {values["pk"]: values for values in self.written.values() if not values["made"]}
        for code, ids in priced.items():
            for pk, amount in price_reads.current(self.lists[code], ids).items():
                by_product[pk]["prices"][code][0] = plain_price(amount)

    def _create(
        self, rows: Sequence[TransferRow], paths: Mapping[str, int], others: Sequence[Product] = ()
    ) -> list[tuple[Product, TransferRow]]:
        """Make new products. Variants may be of products that are locked, and of others that this batch made."""
        parents = composing.Parents([row for row in rows if row.data.get("variant")], [*self.locked.values(), *others])
        blank, fresh = kernel_bulk.blanks(Product), []
        for row in rows:
            if row.data["fields"]["sku"].lower() in self.taken:
                self.refused[row.pk] = _("A product with this SKU was added since the preview.")
            else:
                product = blank()
                if row.data.get("variant") and (why := parents.fit(product, row.data["variant"])):
                    self.refused[row.pk] = why
                    continue
                self._assign(product, row.data["fields"], paths)
                priced = any(amount is not None for amount in row.data["prices"].values())
                completeness.judge(product, self.demands.of(product.category_id), priced=priced)
                fresh.append((product, row))
        created = audit.bulk_create([product for product, _row in fresh])
        self.figures["created"] += len(created)
        return [(product, row) for product, (_made, row) in zip(created, fresh, strict=True)]

    def _change(self, rows: Sequence[TransferRow], paths: Mapping[str, int]) -> list[tuple[Product, TransferRow]]:
        written, changed = [], []
        unlike = packing.of_rows(rows)
        columns = {"revision", "updated_at", "search_text", "completeness", "missing"}
        for row in rows:
            product = self.locked.get(row.data["pk"])
            if product is None or product.revision != row.data["revision"]:
                self.refused[row.pk] = _("Somebody changed this product since the preview.")
                continue
            if product.pk in unlike:
                self.refused[row.pk] = unlike[product.pk]
                continue
            written.append((product, row))
            if row.data["fields"]:
                columns |= set(row.data["fields"])
                priced = not product.missing & Lack.PRICE
                self._assign(product, row.data["fields"], paths)
                if "is_sellable" in row.data["fields"] or product.variant_of_id or product.axes:
                    self.unclear.append(product.pk)
                else:
                    completeness.judge(product, self.demands.of(product.category_id), priced=priced)
                product.revision += 1
                product.updated_at = self.now
                changed.append(product)
        bulk.save_products(changed, columns)
        self.figures["updated"] += len(changed)
        return written

    def _assign(self, product: Product, fields: Mapping[str, Any], paths: Mapping[str, int]) -> None:
        for name, value in fields.items():
            if name == "unit":
                product.unit_id = self.units[value]
            elif name == "category":
                if not product.variant_of_id:  # it lies where its product lies
                    product.category_id = paths[fold(value)] if value else None
            elif name == "attributes":
                said = {**product.attributes, **value}
                product.attributes = {code: kept for code, kept in said.items() if kept is not None}
            else:
                setattr(product, name, Decimal(value) if name == "tax_rate" else value)
        kinds.settle(product)
        product.refresh_search_text(self.choices)

    def _categories(self, rows: Sequence[TransferRow]) -> dict[str, int]:
        wanted = {row.data["fields"].get("category") for row in rows} - {None, ""}
        if not wanted:
            return {}
        paths = {fold(path): pk for pk, path in category_tree.choices()}
        for path in sorted(path for path in wanted if fold(path) not in paths):
            parent: Category | None = None
            names = path.split(category_tree.SEPARATOR)
            for depth, name in enumerate(names, start=1):
                here = fold(category_tree.SEPARATOR.join(names[:depth]))
                if here in paths:
                    parent = Category(pk=paths[here])
                    continue
                parent = categories.create(name=name, parent=Category.objects.get(pk=parent.pk) if parent else None)
                paths[here] = parent.pk
                self.new_categories.append(parent.pk)
                self.figures["categories"] += 1
        return paths

    def _packs(self, written: Sequence[tuple[Product, TransferRow]]) -> None:
        wanted = {product.pk: row.data["packs"] for product, row in written if row.data.get("packs") is not None}
        if not wanted:
            return
        there: dict[tuple[int, str], ProductUnit] = {}
        packs_before: dict[int, list[ProductUnit]] = defaultdict(list)
        old = [product.pk for product, row in written if product.pk in wanted and row.data.get("pk")]
        for pack in ProductUnit.objects.filter(product__in=old) if old else ():
            packs_before[pack.product_id].append(pack)
        for product, row in written:
            if product.pk in packs_before:
                self.written[row.pk]["packs"][0] = plain_packs(packs_before[product.pk])
        for pack in (pack for packs in packs_before.values() for pack in packs):
            if wanted[pack.product_id]:
                there[pack.product_id, pack.name] = pack
            else:
                pack.delete()
        blank = kernel_bulk.blanks(ProductUnit)
        fresh: list[ProductUnit] = []
        changed: list[ProductUnit] = []
        for product_id, packs in wanted.items():
            for name, said in packs.items():
                kept = there.get((product_id, name))
                if kept is None:
                    kept = blank()
                    kept.product_id, kept.name = product_id, name
                if kept.pk is None or plain_pack(kept) != said:
                    shape(kept, said)
                    (changed if kept.pk else fresh).append(kept)
        audit.bulk_create(fresh)
        audit.bulk_update(changed, PACK_FIELDS)
        self.figures["packs"] += len(fresh) + len(changed)

    def _parts(self, written: Sequence[tuple[Product, TransferRow]]) -> None:
        products = [*self.locked.values(), *(product for product, _row in written)]
        for pk, (before, after) in composing.write_parts(written, products).items():
            self.written[pk]["parts"] = [before, after]
            self.figures["parts"] += len(after)

    def _media(self, written: Sequence[tuple[Product, TransferRow]]) -> None:
        count, videos = composing.ask_for_media(written, self.run)
        self.figures["media"] += count
        for pk, made in videos.items():
            self.written[pk]["videos"] = made

    def _prices(self, written: Sequence[tuple[Product, TransferRow]]) -> None:
        wanted: dict[str, list[prices.Change]] = defaultdict(list)
        first: dict[str, dict[int, list[tuple[datetime | None, Decimal]]]] = defaultdict(dict)
        for product, row in written:
            for code, amount in row.data["prices"].items():
                if row.data.get("pk") or amount is None:
                    wanted[code].append(prices.Change(product.pk, None if amount is None else Decimal(amount)))
                else:
                    first[code][product.pk] = [(None, Decimal(amount)), *self._later(row, code)]
        # A list before the one that it follows: what that one would have given it is not written first.
        for code in sorted({*wanted, *first}, key=lambda code: (-self._bases(self.lists[code]), self.lists[code].pk)):
            if first[code]:
                self.figures["prices"] += prices.begin(self.lists[code], first[code], made=True)
            if wanted[code]:
                self.figures["prices"] += prices.set_many(self.lists[code], wanted[code])

    def _bases(self, price_list: PriceList) -> int:
        """How many lists the list follows, one after the other."""
        by_key = {one.pk: one for one in self.lists.values()}
        count, above = 0, by_key.get(price_list.base_id or 0)
        while above is not None and count < len(by_key):
            count, above = count + 1, by_key.get(above.base_id or 0)
        return count

    def _later(self, row: TransferRow, code: str) -> list[tuple[datetime | None, Decimal]]:
        if code != self.later_in:
            return []
        later = [(datetime.fromisoformat(moment), Decimal(amount)) for moment, amount in row.data.get("later", ())]
        self.figures["scheduled"] += len(later)
        self.figures["prices"] -= len(later)  # told as what is scheduled
        return list(later)


def _taken(rows: Iterable[TransferRow]) -> set[str]:
    """Folded SKUs of the rows that products have by now."""
    skus = {row.data["fields"]["sku"].lower() for row in rows}
    found = Product.objects.annotate(folded_sku=Lower("sku")).filter(folded_sku__in=skus)
    return set(found.values_list("folded_sku", flat=True)) if skus else set()
