"""The product export of WooCommerce: one line a product or variation, attributes in numbered columns.

What has no place here (stock levels, weights, downloads, cross-selling) is left out; the page names the columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from backoffice.kernel import clock
from backoffice.kernel.text import fold
from backoffice.transfers.importer import BadCell, Column, Row

from . import offers
from .importer import ShopImporter
from .item import Item, Offer, barcode, flag, key, listed, no_goods, shortened
from .markup import text_of

MOST_ATTRIBUTES = 12
ATTRIBUTES = [(f"attribute_{number}_name", f"attribute_{number}_values") for number in range(1, MOST_ATTRIBUTES + 1)]
PARTED = re.compile(r"(?<!\\),")
SOLD_ELSEWHERE, GROUP = "external", "grouped"


def _attribute_columns() -> Iterator[Column]:
    for number in range(1, MOST_ATTRIBUTES + 1):
        yield Column(
            f"attribute_{number}_name", gettext_lazy("Attribute name"), listed=number == 1,
            aliases=(f"Attribute {number} name", f"Nome do atributo {number}"), example="Color",
        )  # fmt: skip
        yield Column(
            f"attribute_{number}_values", gettext_lazy("Attribute values"), listed=number == 1,
            aliases=(f"Attribute {number} value(s)", f"Valores do atributo {number}"), example="Blue, Green",
        )  # fmt: skip


class WooCommerceImporter(ShopImporter):
    """The file as WooCommerce exports it: Products → Export."""

    key = "woocommerce"
    title = gettext_lazy("Import products from WooCommerce")
    format_name = "WooCommerce"
    help = gettext_lazy(
        "The file that WooCommerce writes under Products → Export, as it is. Products are found by their SKU; "
        "variations go to their product, pictures are fetched in the background."
    )
    columns = (
        Column("type", gettext_lazy("Type"), aliases=("Type", "Tipo"), example="simple",
               help=gettext_lazy("simple, variable, variation, grouped, external, virtual")),
        Column("name", gettext_lazy("Name"), required=True, aliases=("Name", "Nome"), example="T-Shirt"),
        Column("sku", gettext_lazy("SKU"), aliases=("SKU", "REF"), example="tee-blue"),
        Column("id", gettext_lazy("ID"), aliases=("ID",), example="741"),
        Column("parent", gettext_lazy("Parent"), aliases=("Parent", "Ascendente", "Pai"), example="tee"),
        Column("published", gettext_lazy("Published"), aliases=("Published", "Publicado"), example="1"),
        Column("category", gettext_lazy("Categories"), aliases=("Categories", "Categorias"),
               example="Clothing > T-Shirts"),
        Column("tags", gettext_lazy("Tags"), aliases=("Tags", "Etiquetas"), example="new, summer"),
        Column("regular_price", gettext_lazy("Regular price"), example="20",
               aliases=("Regular price", "Preço normal", "Preço")),
        Column("sale_price", gettext_lazy("Sale price"), aliases=("Sale price", "Preço promocional"), example="18"),
        Column("sale_from", gettext_lazy("Sale begins"), example="2026-12-01",
               aliases=("Date sale price starts", "Data de início do preço promocional")),
        Column("sale_to", gettext_lazy("Sale ends"), example="2026-12-24",
               aliases=("Date sale price ends", "Data de término do preço promocional")),
        Column("short_description", gettext_lazy("Short description"),
               aliases=("Short description", "Descrição curta")),
        Column("description", gettext_lazy("Description"), aliases=("Description", "Descrição")),
        Column("barcode", gettext_lazy("Barcode"), aliases=("GTIN, UPC, EAN, or ISBN", "GTIN, UPC, EAN ou ISBN")),
        Column("media", gettext_lazy("Images"), aliases=("Images", "Imagens"), example="https://example.com/tee.jpg"),
        Column("parts", gettext_lazy("Grouped products"), example="tee, cap",
               aliases=("Grouped products", "Produtos agrupados")),
        *_attribute_columns(),
    )  # fmt: skip

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        if not hasattr(self, "_skus"):
            self._skus: dict[str, str] = {}  # by WooCommerce's own numbers, for lines that name their product by it
        late = []
        for row in rows:
            if row.text("id"):
                self._skus.setdefault(row.text("id"), _sku(row))
            if _refers(row, self._skus):
                late.append(row)
            else:
                yield self._item(row)
        yield from map(self._item, late)

    def _item(self, row: Row) -> Item:
        kinds = {fold(part) for part in row.text("type").split(",")}
        item = Item(row, _sku(row), {"name": text_of(row.text("name"))})
        item.has_variants = "variable" in kinds
        if "variation" in kinds:
            item.parent = self._referred(row.text("parent"))
            if not item.parent:
                item.wrong.append(BadCell("parent", _("A variation names its product.")))
        tags = _parted(row.text("tags"))
        item.category = "" if item.parent else _category(row.text("category"), tags)
        for name, values in ATTRIBUTES:
            if text := row.text(name):
                item.attributes[_word(text)[:60]] = _parted(row.text(values))
        if not self.looking:
            self._describe(item, tags)
            item.pictures = [(url, "") for url in _addresses(row.text("media"))]
            barcode(item, row.text("barcode"))
        cells = item.cells
        if item.has_variants:
            cells["kind"] = Product.Kind.CONFIGURABLE
        elif GROUP in kinds:
            cells["kind"] = Product.Kind.BUNDLE
            cells["parts"] = "; ".join(f"{self._referred(part)} = 1" for part in _parted(row.text("parts")))
            cells["is_sellable"] = flag(False)
        else:
            if kinds & {"virtual", "downloadable"}:
                no_goods(item)
            if SOLD_ELSEWHERE in kinds:
                cells |= {"is_sellable": flag(False), "sell_policy": Product.SellPolicy.ON_DEMAND}
            if not self.looking:
                self._price(item)
        return item

    def _describe(self, item: Item, tags: list[str]) -> None:
        row, cells = item.row, item.cells
        texts = [text_of(row.text(name).replace("\\n", "\n")) for name in ("short_description", "description")]
        cells["description"] = shortened("\n\n".join(dict.fromkeys(text for text in texts if text)))
        published = row.text("published")
        if published:
            cells["is_active"] = flag(published == "1")
        if published == "-1":
            tags.append("draft")
        cells["tags"] = listed(tags)

    def _price(self, item: Item) -> None:
        row = item.row
        offer = Offer()
        try:
            offer.regular = offers.read_amount(row, "regular_price")
            offer.sale = offers.read_amount(row, "sale_price")
            offer.start = _moment(row, "sale_from")
            offer.end = _moment(row, "sale_to", after=True)
        except BadCell as bad:
            item.wrong.append(bad)
            return
        item.offer = offer

    def _referred(self, text: str) -> str:
        """The SKU that a line means by "tee" or "id:741"."""
        text = text.strip()
        number = text[3:].strip() if text.lower().startswith("id:") else ""
        return self._skus.get(number, key(f"id-{number}")) if number else key(text) if text else ""


def _sku(row: Row) -> str:
    text = row.text("sku")
    return key(text) if text else key(f"id-{row.text('id') or row.line}")


def _refers(row: Row, skus: dict[str, str]) -> bool:
    """Whether the line names another one by a number that was not seen yet."""
    for column in ("parent", "parts"):
        for part in row.text(column).split(",") if "id:" in row.text(column).lower() else ():
            text = part.strip()
            if text.lower().startswith("id:") and text[3:].strip() not in skus:
                return True
    return False


def _category(text: str, tags: list[str]) -> str:
    """The deepest path that is named first; others, unless they lie above it, become tags."""
    paths = [" > ".join(_steps(path)) for path in _parted(text)]
    paths = [path for path in paths if path]
    if len(paths) < 2:
        return paths[0] if paths else ""
    chosen = max(paths, key=lambda path: path.count(" > "))
    above = {" > ".join(_steps(chosen)[:depth]) for depth in range(1, 9)}
    tags += [_steps(path)[-1] for path in paths if path not in above]
    return chosen


@lru_cache(maxsize=1024)
def _word(text: str) -> str:
    return " ".join(text_of(text).split())


def _parted(text: str) -> list[str]:
    """A list as WooCommerce writes it: commas inside a value have a stroke before them."""
    if not text:
        return []
    found = [_word(part.replace("\\,", ",")) for part in PARTED.split(text)]
    return list(dict.fromkeys(part for part in found if part))


def _addresses(text: str) -> list[str]:
    """A comma ends an address only where another one begins."""
    return [part.strip() for part in re.split(r",\s*(?=https?://|$)", text) if part.strip()] if text else []


def _steps(path: str) -> list[str]:
    return [words for part in path.split(">") if (words := " ".join(part.split())[:80])][:8]


def _moment(row: Row, column: str, *, after: bool = False) -> datetime | None:
    """The first instant of the day, or the one after it."""
    day = row.date(column)
    return None if day is None else clock.day_bounds(day)[1 if after else 0]
