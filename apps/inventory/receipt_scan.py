"""What a scan means where goods come in: a product, a pack, a lot of ours, or the place that they are brought to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q, QuerySet

from apps.catalog.models import Product, ProductUnit, Unit
from apps.inventory.models import Location, Lot
from apps.inventory.selectors import codes
from apps.inventory.selectors import locations as places
from backoffice.kernel import quantity
from backoffice.kernel.text import fold

KILOGRAM = Fraction(1000)
"""In the base unit of mass."""


@dataclass(frozen=True)
class Found:
    """What a scan means. Without a quantity it is one more of the product or pack.

    A weight or a number of pieces that the code says is of the product's own unit, whatever the pack.
    """

    product: Product
    pack: ProductUnit | None = None
    lot_code: str = ""
    expires_on: date | None = None
    quantity: Decimal | None = None
    measured: bool = False


def receivable() -> QuerySet[Product]:
    """What can be received: active products that have stock."""
    return Product.objects.active().stocked().select_related("unit", "category").prefetch_related("packs")


def options() -> Iterable[str]:
    """Suggestions of the scan field: what is bought first."""
    return [
        f"{sku} · {name}"
        for sku, name in receivable().order_by("-is_purchasable", "name").values_list("sku", "name")[:300]
    ]


def find(text: str) -> Found | None:
    """The product or pack of a scanned or typed code, with all that a GS1 code or a lot of ours says of it.

    None for what nothing has, and for the code of a place: see `place`.
    """
    scan = codes.read(text)
    if not scan.code:
        return None
    same = Q(sku__iexact=scan.code) | Q(barcode__in=scan.barcodes)
    if scan.article:
        same |= Q(sku__iexact=scan.article)
    if product := receivable().filter(same).first():
        return _said(Found(product), scan)
    if pack := ProductUnit.objects.filter(barcode__in=scan.barcodes, product__in=receivable().order_by()).first():
        return _said(Found(receivable().get(pk=pack.product_id), pack), scan)
    if scan.article:
        return None
    if lot := _lot(scan):
        return Found(receivable().get(pk=lot.product_id), None, lot.code, lot.expires_on)
    if place(text):
        return None
    matching = receivable()
    for word in fold(text).split():
        matching = matching.filter(search_text__contains=word)
    several = list(matching[:2])
    return Found(several[0]) if len(several) == 1 else None


def _said(found: Found, scan: codes.Scan) -> Found:
    """With what the code says beside the article."""
    found = replace(found, lot_code=scan.lot, expires_on=scan.expires_on)
    unit = found.product.unit
    if scan.weight and unit.dimension == Unit.Dimension.MASS:
        amount = quantity.from_fraction(Fraction(scan.weight) * KILOGRAM / unit.ratio)
        return replace(found, pack=None, quantity=amount, measured=True)
    if scan.pieces and unit.dimension == Unit.Dimension.COUNT:
        return replace(found, pack=None, quantity=scan.pieces, measured=True)
    return replace(found, quantity=scan.count or scan.pieces)


def _lot(scan: codes.Scan) -> Lot | None:
    """The lot whose label was scanned, where it comes back or goes on coming; none where several have the code."""
    found = list(Lot.objects.tracked().filter(codes.of_lot(scan), product__in=receivable().order_by())[:2])
    return found[0] if len(found) == 1 else None


def place(text: str) -> Location | None:
    """The open place whose code was scanned: what comes is brought there."""
    return places.choices().filter(code__iexact=codes.read(text).code).first()
