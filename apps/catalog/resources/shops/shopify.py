"""The product export of Shopify: a line a variant or picture, those of one product together and named by its handle.

Stock, weights and what search engines are told are left out; the page names the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from backoffice.kernel.text import fold
from backoffice.transfers.importer import BadCell, Column, Row

from . import offers
from .importer import ShopImporter
from .item import Item, Offer, barcode, flag, key, listed, no_goods, shortened
from .markup import text_of

OPTIONS = (1, 2, 3)
NO_OPTION = ("title", "default title")
HIDDEN = ("draft", "archived")


class ShopifyImporter(ShopImporter):
    """The file as Shopify exports it: Products → Export."""

    key = "shopify"
    title = gettext_lazy("Import products from Shopify")
    format_name = "Shopify"
    help = gettext_lazy(
        "The file that Shopify writes under Products → Export, as it is. Variants are found by their SKU, products "
        "with variants by their handle; pictures are fetched in the background."
    )
    columns = (
        Column("handle", gettext_lazy("Handle"), required=True, aliases=("Handle",), example="blue-shirt",
               help=gettext_lazy("The same on every line of a product")),
        Column("name", gettext_lazy("Title"), required=True, aliases=("Title",), example="Blue shirt"),
        Column("sku", gettext_lazy("SKU of the variant"), aliases=("Variant SKU",), example="SHIRT-S"),
        Column("status", gettext_lazy("State"), aliases=("Status",), example="active",
               help=gettext_lazy("active, draft or archived")),
        Column("published", gettext_lazy("Published"), aliases=("Published",), example="TRUE"),
        Column("category", gettext_lazy("Category"), aliases=("Product Category", "Standard Product Type"),
               example="Apparel > Shirts"),
        Column("type", gettext_lazy("Type"), aliases=("Type", "Custom Product Type"), example="Shirts"),
        Column("tags", gettext_lazy("Tags"), aliases=("Tags",), example="new, summer"),
        Column("vendor", gettext_lazy("Vendor"), aliases=("Vendor",), example="Acme"),
        Column("description", gettext_lazy("Description"), aliases=("Body (HTML)", "Body HTML", "Body")),
        *(
            column
            for number in OPTIONS
            for column in (
                Column(f"option{number}_name", gettext_lazy("Option name"), aliases=(f"Option{number} Name",),
                       listed=number == 1, example="Size"),
                Column(f"option{number}_value", gettext_lazy("Option value"), aliases=(f"Option{number} Value",),
                       listed=number == 1, example="S"),
            )
        ),
        Column("price", gettext_lazy("Price"), aliases=("Variant Price",), example="25"),
        Column("compare_at", gettext_lazy("Price before the sale"), aliases=("Variant Compare At Price",)),
        Column("barcode", gettext_lazy("Barcode"), aliases=("Variant Barcode",)),
        Column("requires_shipping", gettext_lazy("Is sent"), aliases=("Variant Requires Shipping",), example="TRUE"),
        Column("media", gettext_lazy("Picture"), aliases=("Image Src",), example="https://example.com/shirt.jpg"),
        Column("media_position", gettext_lazy("Place of the picture"), aliases=("Image Position",), example="1"),
        Column("media_alt", gettext_lazy("What the picture shows"), aliases=("Image Alt Text",)),
        Column("variant_media", gettext_lazy("Picture of the variant"), aliases=("Variant Image",)),
    )  # fmt: skip

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        seen: dict[str, int] = {}
        for handle, group in groupby(rows, key=lambda row: row.text("handle")):
            lines = list(group)
            before = seen.setdefault(handle, lines[0].line)
            if not handle or before != lines[0].line:
                for row in lines:
                    item = Item(row, key(row.text("sku") or handle or f"line-{row.line}"), {"name": row.text("name")})
                    sentence = _("The lines of one product stand together; %(handle)s began on line %(line)d.")
                    item.wrong.append(
                        BadCell("handle", sentence % {"handle": handle, "line": before} if handle
                                else _("This must not be blank."))
                    )  # fmt: skip
                    yield item
            else:
                yield from _product(handle, lines, looking=self.looking)


def _product(handle: str, lines: Sequence[Row], *, looking: bool) -> Iterator[Item]:
    first = lines[0]
    variants = [row for row in lines if any(row.text(f"option{n}_value") for n in OPTIONS) or row.text("sku")]
    names = [_word(first.text(f"option{n}_name"))[:60] for n in OPTIONS]
    if not variants or _is_single(first, names, variants):
        row = variants[0] if variants else first
        item = _base(handle, first, looking=looking)
        item.sku = key(row.text("sku").lstrip("'") or handle)
        item.lines, item.more = len(lines), lines[1:]
        _of_variant(item, row)
        item.pictures = _pictures(lines, row.text("variant_media"))
        yield item
        return
    whole = _base(handle, first, looking=looking)
    whole.has_variants = True
    whole.lines = len(lines) - len(variants)
    whole.more = [row for row in lines[1:] if row not in variants]
    whole.cells["kind"] = Product.Kind.CONFIGURABLE
    skus = [_variant_sku(handle, row) for row in variants]
    whole.sku = key(handle if handle.lower() not in {sku.lower() for sku in skus} else f"{handle}-all")
    whole.pictures = _pictures(lines, "")
    used = [(n, name) for n, name in zip(OPTIONS, names, strict=True) if name]
    whole.attributes |= {
        name: list(dict.fromkeys(value for row in variants if (value := _value(row, n)))) for n, name in used
    }
    yield whole
    for row, sku in zip(variants, skus, strict=True):
        item = Item(row, sku, {"is_active": whole.cells["is_active"]}, parent=whole.sku)
        item.attributes = {name: [value] if (value := _value(row, n)) else [] for n, name in used}
        if not looking:
            _of_variant(item, row)
            item.pictures = _pictures((), row.text("variant_media"))
        yield item


def _is_single(first: Row, names: Sequence[str], variants: Sequence[Row]) -> bool:
    plain = (fold(names[0]), fold(first.text("option1_value")))
    return len(variants) == 1 and (plain == NO_OPTION or not any(names))


def _base(handle: str, first: Row, *, looking: bool) -> Item:
    item = Item(first, "", {"name": text_of(first.text("name")) or handle})
    cells = item.cells
    if not looking:
        cells["description"] = shortened(text_of(first.text("description")))
    path = [" ".join(part.split())[:80] for part in first.text("category").split(">")]
    item.category = " > ".join([part for part in path if part][:8]) or " ".join(first.text("type").split())[:80]
    tags = first.text("tags").split(",")
    kind = " ".join(first.text("type").split())
    if kind and kind != item.category:
        tags.append(kind)
    status = fold(first.text("status"))
    if not status:
        status = "draft" if fold(first.text("published")) == "false" else "active"
    if status in HIDDEN:
        tags.append(status)
    cells["is_active"] = flag(status not in HIDDEN)
    cells["tags"] = listed(tags)
    if vendor := " ".join(first.text("vendor").split()):
        item.attributes["Vendor"] = [vendor]
    return item


def _of_variant(item: Item, row: Row) -> None:
    """What the line says about the one thing that is sold."""
    barcode(item, row.text("barcode"))
    if fold(row.text("requires_shipping")) == "false":
        no_goods(item)
    try:
        price, before = offers.read_amount(row, "price"), offers.read_amount(row, "compare_at")
    except BadCell as bad:
        item.wrong.append(bad)
        return
    on_sale = price is not None and before is not None and before > price
    item.offer = Offer(regular=before, sale=price) if on_sale else Offer(regular=price)


def _pictures(lines: Sequence[Row], last: str) -> list[tuple[str, str]]:
    """The product's pictures in the order of their places, then the one of the variant."""
    found = [(_place(row), row.text("media"), row.text("media_alt")) for row in lines if row.text("media")]
    found.sort(key=lambda one: one[0])
    pictures = {url: alt for _position, url, alt in reversed(found)}
    ordered = [(url, pictures[url]) for url in dict.fromkeys(url for _position, url, _alt in found)]
    return ordered if not last or last in pictures else [*ordered, (last, "")]


@lru_cache(maxsize=1024)
def _word(text: str) -> str:
    return " ".join(text_of(text).split())


def _place(row: Row) -> int:
    text = row.text("media_position")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 10**6


def _value(row: Row, number: int) -> str:
    return _word(row.text(f"option{number}_value"))


def _variant_sku(handle: str, row: Row) -> str:
    if sku := row.text("sku").lstrip("'"):
        return key(sku)
    return key("-".join([handle, *(value for n in OPTIONS if (value := _value(row, n)))]))
