"""Packs: in what a product comes, and how much of its own unit that is."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.codes import clean_barcode
from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Product, ProductUnit

from . import validation


@transaction.atomic
def add(
    product: Product, *, name: str, quantity: Decimal, barcode: str = "", is_approximate: bool = False
) -> ProductUnit:
    """Say that one `name` holds `quantity` of the product's unit. Raises InvalidProduct."""
    pack = ProductUnit(product=product)
    return _save(pack, name=name, quantity=quantity, barcode=barcode, is_approximate=is_approximate)


@transaction.atomic
def change(
    pack: ProductUnit, *, name: str, quantity: Decimal, barcode: str = "", is_approximate: bool = False
) -> ProductUnit:
    """Correct a pack. What was received in it before keeps the quantity it was booked with. Raises InvalidProduct."""
    return _save(pack, name=name, quantity=quantity, barcode=barcode, is_approximate=is_approximate)


@transaction.atomic
def remove(pack: ProductUnit) -> None:
    """Forget a pack; stock is booked in the product's own unit and does not need it. Raises InvalidProduct when it
    has had prices, which stay known."""
    if pack.prices.exists():
        raise InvalidProduct(_("%(pack)s has had prices, which stay known, so it stays.") % {"pack": pack})
    pack.delete()


def _save(pack: ProductUnit, *, name: str, quantity: Decimal, barcode: str, is_approximate: bool) -> ProductUnit:
    if quantity <= 0:
        raise InvalidProduct(_("A pack holds more than nothing."), field="quantity")
    pack.name = " ".join(name.split())
    if "=" in pack.name or ";" in pack.name:
        raise InvalidProduct(_("A pack's name has neither “=” nor “;”: files part packs with them."), field="name")
    pack.numerator, pack.denominator = Decimal(quantity).as_integer_ratio()
    pack.barcode = clean_barcode(barcode)
    pack.is_approximate = is_approximate
    validation.check(pack)
    if pack.barcode and Product.objects.filter(barcode=pack.barcode).exists():
        raise InvalidProduct(_("A product has this barcode already."), field="barcode")
    pack.save()
    return pack
