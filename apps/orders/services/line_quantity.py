"""How much of a product one line may ask for."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.orders.errors import BadQuantity
from backoffice.kernel import quantity as quantities

MOST = Decimal(100_000)


def checked(product: Product, quantity: Decimal) -> Decimal:
    """The quantity, when it can be sold: above zero, not absurd, in steps of the unit. Raises BadQuantity."""
    if quantity <= 0:
        raise BadQuantity(_("The quantity must be above zero."))
    if quantity > MOST:
        raise BadQuantity(_("That is more than can be sold at once."))
    rounded = quantities.round_half_up(quantity, product.unit.step)
    if rounded != quantity:
        raise BadQuantity(
            _("%(product)s is sold in steps of %(step)s.")
            % {"product": product, "step": quantities.format_quantity(product.unit.step, product.unit.code)}
        )
    return quantity
