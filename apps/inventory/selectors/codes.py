"""What a scanner reads: a plain code, a GS1 code with article and lot, or the picture on one of our own labels."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.urls import Resolver404, resolve

from apps.catalog.models import Product, ProductUnit
from apps.inventory.selectors import gs1

ADDRESS = re.compile(r"^https?://[^/]+(/[^?#]*)")
LENGTHS = (8, 12, 13, 14)
"""How long the number of an article is printed; shorter ones are filled up with noughts in front."""


@dataclass(frozen=True)
class Scan:
    """The code that was scanned; the article's, the lot's, or the key of a lot of ours, where it says which.

    A maker's box may also say the lot's last day, its weight in kilograms, how many pieces it holds, and how many of
    the article.
    """

    code: str
    article: str = ""
    lot: str = ""
    lot_id: int | None = None
    expires_on: date | None = None
    weight: Decimal | None = None
    pieces: Decimal | None = None
    count: Decimal | None = None

    @property
    def says_which(self) -> bool:
        """Whether it names one lot or one article beyond a doubt, and is no word to look for."""
        return self.lot_id is not None or bool(self.article)

    @property
    def barcodes(self) -> set[str]:
        """The code as it may be kept: one number is printed with more or fewer noughts in front."""
        if not (self.code.isascii() and self.code.isdigit() and len(self.code) in LENGTHS):
            return {self.code}
        bare = self.code.lstrip("0")
        return {self.code, *(bare.zfill(length) for length in LENGTHS), *({bare} if self.article and bare else ())}


def read(text: str) -> Scan:
    """Take apart what came from a scanner, or was chosen from a list as `CODE · name`."""
    text = text.strip()
    if address := ADDRESS.match(text):
        try:
            found = resolve(address[1])
        except Resolver404:
            return Scan(text)
        return Scan(text, lot_id=found.kwargs.get("pk") if found.view_name == "inventory:lot_detail" else None)
    parts = gs1.elements(text)
    article = parts.get("01", parts.get("02", ""))
    if article:
        return Scan(
            article,
            article=article.lstrip("0"),
            lot=parts.get("10", ""),
            expires_on=gs1.day(parts.get("17", "")) or gs1.day(parts.get("15", "")),
            weight=gs1.kilograms(parts),
            pieces=gs1.number(parts.get("30", "")),
            count=gs1.number(parts.get("37", "")),
        )
    return Scan(parts.get("10") or gs1.plain(text).partition(" · ")[0].strip())


def products(scan: Scan) -> QuerySet[Product]:
    """The product that was scanned: by its code, its barcode, or that of one of its packs."""
    same = Q(sku__iexact=scan.article or scan.code) | Q(barcode__in=scan.barcodes)
    packs = ProductUnit.objects.filter(barcode__in=scan.barcodes).values("product")
    return Product.objects.filter(same | Q(pk__in=packs))


def of_lot(scan: Scan, prefix: str = "") -> Q:
    """The lot that was scanned: by its code, the picture on our label, or what is printed on a maker's box."""
    if scan.lot_id is not None:
        return Q(**{f"{prefix}pk": scan.lot_id})
    named = Q(**{f"{prefix}code__iexact": scan.lot or scan.code})
    if scan.article and scan.lot:  # makers give one code to lots of several articles
        named &= Q(**{f"{prefix}product__in": products(scan)})
    return named
