"""Packs: in what a product comes, and how much of its own unit that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.codes import clean_barcode
from apps.catalog.errors import ChangedMeanwhile, InvalidProduct
from apps.catalog.models import Product, ProductUnit, Unit
from backoffice.kernel.locks import lock
from backoffice.kernel.quantity import format_quantity, from_fraction

from . import validation
from .locks import lock_price_lists


@transaction.atomic
def add(
    product: Product, *, name: str, quantity: Decimal, barcode: str = "", is_approximate: bool = False
) -> ProductUnit:
    """Say that one `name` holds `quantity` of the product's unit. Raises InvalidProduct."""
    pack = ProductUnit(product=product)
    return _save(pack, name=name, quantity=quantity, barcode=barcode, is_approximate=is_approximate)


def measures(product: Product) -> list[Unit]:
    """The standard units in which the product can be counted as well, exactly: grams of what is kept in kilograms."""
    rows = Unit.objects.filter(dimension=product.unit.dimension).exclude(pk=product.unit_id).order_by("code")
    return [unit for unit in rows if from_fraction(_ratio(product, unit)) == _ratio(product, unit)]


def standard(product: Product, unit: Unit) -> ProductUnit:
    """The pack that is one standard unit, made when nobody asked for it before. Needs the product's unit.

    Raises InvalidProduct for a unit that does not convert, and when a pack of its name holds something else.
    """
    if unit.dimension != product.unit.dimension:
        raise InvalidProduct(
            _("There is no conversion from %(source)s to %(target)s.")
            % {"source": unit.code, "target": product.unit.code},
            field="unit",
        )
    ratio = _ratio(product, unit)
    pack = product.packs.filter(name__iexact=unit.code).first()
    if pack is None:
        return add(product, name=unit.code, quantity=from_fraction(ratio))
    if pack.ratio != ratio:
        raise InvalidProduct(
            _("The pack “%(pack)s” of %(product)s holds something else.")
            % {"pack": pack.name, "product": product.name},
            field="unit",
        )
    return pack


def _ratio(product: Product, unit: Unit) -> Fraction:
    return unit.ratio / product.unit.ratio


@transaction.atomic
def change(
    pack: ProductUnit, *, name: str, quantity: Decimal, barcode: str = "", is_approximate: bool = False,
    seen: str = "",
) -> ProductUnit:  # fmt: skip
    """Correct a pack. What was received in it before keeps the quantity it was booked with.

    Raises InvalidProduct, also for another content when it has had prices: they would be for something else then; and
    ChangedMeanwhile when it is no longer as it was `seen`.
    """
    if other_content := Decimal(quantity) != pack.quantity:
        lock_price_lists()  # nobody gives it a price meanwhile
    pack = lock(pack)
    if seen and seen != pack.seen:
        about = "≈ " if pack.is_approximate else ""
        raise ChangedMeanwhile(f"{pack.name} = {about}{format_quantity(pack.quantity)} {pack.barcode}".strip())
    if other_content and pack.prices.exists():
        raise InvalidProduct(holds_as_much(pack.name), field="quantity")
    return _save(pack, name=name, quantity=quantity, barcode=barcode, is_approximate=is_approximate)


@transaction.atomic
def remove(pack: ProductUnit) -> None:
    """Forget a pack; stock is booked in the product's own unit and does not need it. Raises InvalidProduct when it
    has had prices, which stay known."""
    lock_price_lists()
    if pack.prices.exists():
        raise InvalidProduct(stays(pack.name))
    pack.delete()


def stays(name: str) -> str:
    """Why a pack that has had prices is not removed."""
    return _("%(pack)s has had prices, which stay known, so it stays.") % {"pack": name}


def holds_as_much(name: str) -> str:
    """Why a pack that has had prices does not change its content, and what to do instead."""
    return _(
        "%(pack)s has had prices, which are for what it holds, so that stays. For another size, give this one another "
        "name and add a new pack."
    ) % {"pack": name}


def priced(product_ids: Iterable[int]) -> dict[int, set[str]]:
    """By product, the names of the packs that have had prices, or will have. One query."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = ProductUnit.objects.filter(product__in=list(product_ids), prices__isnull=False)
    for product_id, name in rows.values_list("product_id", "name").distinct():
        found[product_id].add(name)
    return dict(found)


def _save(pack: ProductUnit, *, name: str, quantity: Decimal, barcode: str, is_approximate: bool) -> ProductUnit:
    if quantity <= 0:
        raise InvalidProduct(_("A pack holds more than nothing."), field="quantity")
    pack.name = " ".join(name.split())
    if "=" in pack.name or ";" in pack.name:
        raise InvalidProduct(_("A pack's name has neither “=” nor “;”: files part packs with them."), field="name")
    if pack.pk is None or Decimal(quantity) != pack.quantity:  # a third that nobody touched stays a third
        pack.numerator, pack.denominator = Decimal(quantity).as_integer_ratio()
    pack.barcode = clean_barcode(barcode)
    pack.is_approximate = is_approximate
    validation.check(pack)
    if pack.barcode and Product.objects.filter(barcode=pack.barcode).exists():
        raise InvalidProduct(_("A product has this barcode already."), field="barcode")
    pack.save()
    return pack
