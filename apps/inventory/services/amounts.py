"""Amounts as they are posted, and what is said of those that cannot be."""

from decimal import Decimal

from django.utils.translation import gettext as _

from apps.catalog.models import Product, ProductUnit
from apps.inventory.errors import BadQuantity
from backoffice.company import current as current_company
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities

MOST = Decimal(1_000_000_000)
"""Below it every sum, and every unit cost that follows from it, fits; more is a code scanned into the wrong field."""


def posted(product: Product, amount: Decimal) -> Decimal:
    """The quantity as it is posted: rounded half-up to the unit's step. Raises BadQuantity for nothing and for MOST."""
    check_most(product, amount)
    rounded = quantities.round_half_up(amount, product.unit.step) if amount > 0 else Decimal(0)
    if rounded <= 0:
        raise BadQuantity(
            _("%(product)s: %(amount)s rounds to nothing; it is counted in steps of %(step)s. Enter at least that.")
            % {
                "product": product.name,
                "amount": quantities.format_quantity(amount, product.unit.code),
                "step": quantities.format_quantity(product.unit.step, product.unit.code),
            }
        )
    return rounded


def check_most(product: Product, amount: Decimal) -> None:
    """Raise BadQuantity for MOST and above."""
    if amount >= MOST:
        raise BadQuantity(
            _("%(amount)s are more than any shelf holds. Was a code scanned into the field?")
            % {"amount": quantities.format_quantity(amount, product.unit.code)}
        )


def too_much() -> str:
    """Says that a line does not cost MOST or more."""
    return _("A line costs less than %(most)s. Was a code scanned into the field?") % {
        "most": money.format_money(MOST, current_company().currency)
    }


def wrong_pack(product: Product, pack: ProductUnit | None, quantity: Decimal | None) -> str:
    """Says that a pack belongs to another product, or is gone, and what this one comes in."""
    own = ", ".join([product.unit.code, *product.packs.order_by("name").values_list("name", flat=True)[:5]])
    return _("%(quantity)s %(pack)s: that is no pack of %(product)s. It comes in %(own)s; choose one of these.") % {
        "quantity": quantities.format_quantity(quantity or Decimal(0)),
        "pack": pack.name if pack is not None else _("of a pack that is gone"),
        "product": product.name,
        "own": own,
    }
