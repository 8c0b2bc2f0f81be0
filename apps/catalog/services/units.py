"""From any unit or pack to the unit a product is kept in."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from apps.catalog.errors import NoPack
from apps.catalog.models import Product, ProductUnit, Unit
from apps.catalog.standard_units import STANDARD_UNITS
from backoffice.kernel import quantity as quantities


def to_stock_unit(product: Product, quantity: Decimal, unit_or_pack: Unit | ProductUnit | None = None) -> Decimal:
    """The quantity in the product's own unit, rounded half-up to the six places quantities have.

    Units of one dimension convert by their exact ratios; a pack by its own; a unit of another
    dimension through a pack named after such a unit (density: pack "l" of a syrup kept in kg).
    None is the product's own unit. Raises NoPack when nothing says how much it is.
    """
    return quantities.from_fraction(Fraction(quantity) * factor(product, unit_or_pack))


def factor(product: Product, unit_or_pack: Unit | ProductUnit | None) -> Fraction:
    """How many of the product's unit one unit or pack is, exactly. Raises NoPack."""
    if unit_or_pack is None:
        return Fraction(1)
    if isinstance(unit_or_pack, ProductUnit):
        if unit_or_pack.product_id != product.pk:
            raise NoPack(product=product.name, unit=product.unit.code, asked=unit_or_pack.name)
        return unit_or_pack.ratio
    if unit_or_pack.pk == product.unit_id:
        return Fraction(1)
    if unit_or_pack.dimension == product.unit.dimension:
        return unit_or_pack.ratio / product.unit.ratio
    return _through_a_pack(product, unit_or_pack)


def ensure_standard() -> None:
    """Add the standard units that are missing; a database emptied by a test or a restore gets them back."""
    for code, name, dimension, numerator, denominator, step in STANDARD_UNITS:
        Unit.objects.get_or_create(
            code=code,
            defaults={"name": name, "dimension": dimension, "numerator": numerator, "denominator": denominator,
                      "step": Decimal(step)},
        )  # fmt: skip


def _through_a_pack(product: Product, unit: Unit) -> Fraction:
    same_dimension = {each.code: each for each in Unit.objects.filter(dimension=unit.dimension)}
    packs = sorted(product.packs.all(), key=lambda pack: pack.name != unit.code)
    for pack in packs:
        if pack.name in same_dimension:
            return unit.ratio / same_dimension[pack.name].ratio * pack.ratio
    raise NoPack(product=product.name, unit=product.unit.code, asked=unit.code)
