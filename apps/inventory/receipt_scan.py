"""What a scan means where goods come in: a product, a pack, a lot of ours, or the place that they are brought to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from apps.catalog.models import Product, ProductUnit
from apps.inventory.models import Location, Lot
from apps.inventory.selectors import codes
from apps.inventory.selectors import locations as places
from backoffice.kernel.text import fold

GS1 = re.compile(r"\((\d{2,4})\)([^(]*)")


@dataclass(frozen=True)
class Found:
    """What a scan means."""

    product: Product
    pack: ProductUnit | None = None
    lot_code: str = ""
    expires_on: date | None = None


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
    """The product or pack of a scanned or typed code; with a GS1 code also its lot and last day, as with a lot of ours.

    None for what nothing has, and for the code of a place: see `place`.
    """
    text = text.strip()
    parts: dict[str, str] = dict(GS1.findall(text))
    code = parts.get("01", parts.get("02", text.partition(" · ")[0])).strip()
    if not code:
        return None
    more: dict[str, Any] = {
        "lot_code": parts.get("10", "").strip(),
        "expires_on": _gs1_day(parts.get("17", parts.get("15", ""))),
    }
    codes = {code, code.lstrip("0")} - {""}
    same = Q()
    for one in codes:
        same |= Q(sku__iexact=one) | Q(barcode=one)
    if product := receivable().filter(same).first():
        return Found(product, **more)
    if pack := ProductUnit.objects.filter(barcode__in=codes, product__in=receivable().order_by()).first():
        return Found(receivable().get(pk=pack.product_id), pack, **more)
    if lot := _lot(text, code):
        return Found(receivable().get(pk=lot.product_id), None, lot.code, lot.expires_on)
    if place(text):
        return None
    matching = receivable()
    for word in fold(text).split():
        matching = matching.filter(search_text__contains=word)
    several = list(matching[:2])
    return Found(several[0], **more) if len(several) == 1 else None


def _lot(text: str, code: str) -> Lot | None:
    """The lot whose label was scanned, where it comes back or goes on coming; none where several have the code."""
    key = codes.read(text).lot_id
    named = Q(pk=key) if key is not None else Q(code__iexact=code)
    found = list(Lot.objects.tracked().filter(named, product__in=receivable().order_by())[:2])
    return found[0] if len(found) == 1 else None


def place(text: str) -> Location | None:
    """The open place whose code was scanned: what comes is brought there."""
    return places.choices().filter(code__iexact=text.partition(" · ")[0].strip()).first()


def _gs1_day(text: str) -> date | None:
    """YYMMDD; day 00 is the last of the month."""
    if not re.fullmatch(r"\d{6}", text.strip()):
        return None
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:6])
    try:
        if day:
            return date(year, month, day)
        following = date(year + month // 12, month % 12 + 1, 1)
        return date.fromordinal(following.toordinal() - 1)
    except ValueError:
        return None
