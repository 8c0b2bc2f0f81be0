"""What a tab is asked to take, and how much of a product one line may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.orders.errors import BadQuantity, NotSellable
from apps.orders.models import OrderSession, SessionLine
from backoffice.kernel import quantity as quantities

MOST = Decimal(100_000)


@dataclass(frozen=True)
class Wanted:
    """So much of a product, with the customer's own words."""

    product: Product
    quantity: Decimal = Decimal(1)
    note: str = ""


def take(session: OrderSession, lines: list[SessionLine], wanted: Sequence[Wanted]) -> list[SessionLine]:
    """Put what is wanted on the lines, in memory: each joins the line that has the same note and no price by hand, or
    is a new one at the end. Returns the lines that were there and ask for more now.

    Raises NotSellable and BadQuantity.
    """
    more: dict[int, SessionLine] = {}
    for one in wanted:
        product, note = one.product, one.note.strip()
        if not (product.is_active and product.is_sellable):
            raise NotSellable(product)
        amount = checked(product, one.quantity)
        same = next(
            (
                line
                for line in lines
                if line.product_id == product.pk and line.note == note and line.price_override is None
            ),
            None,
        )
        if same is None:
            lines.append(SessionLine(session=session, product=product, quantity=amount, note=note))
        else:
            same.quantity = checked(product, same.quantity + amount)
            if same.pk:
                more[same.pk] = same
    return list(more.values())


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
