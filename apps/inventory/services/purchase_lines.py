"""The lines of a draft: put on it, changed, taken off."""

from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.models import Product, ProductUnit
from apps.inventory.errors import BadPurchase, BadQuantity, NotStocked
from apps.inventory.models import PurchaseLine, PurchaseOrder, SupplierItem
from apps.inventory.services import amounts
from backoffice.company import current as current_company
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities
from backoffice.kernel.locks import lock


def _draft(order: PurchaseOrder) -> PurchaseOrder:
    """The order, locked; only a draft is changed."""
    fresh = lock(order)
    if fresh.status != PurchaseOrder.Status.DRAFT:
        raise BadPurchase(
            _("%(order)s is %(status)s; only a draft is changed. Make another order for more.")
            % {"order": fresh.number, "status": fresh.get_status_display()}
        )
    return fresh


@transaction.atomic
def set_line(
    order: PurchaseOrder,
    *,
    product: Product,
    quantity: Decimal,
    pack: ProductUnit | None = None,
    price: Decimal | None = None,
    line: PurchaseLine | None = None,
    seen: str = "",
    new: bool = False,
) -> PurchaseLine:
    """Put a product on a draft, or change the line. The price defaults to what is agreed with the supplier.

    The same product and pack again replaces the line; one that must be `new` is refused then, unless it says the same.
    Raises BadQuantity for nothing and between the unit's steps, NotStocked for what has no stock, BadPurchase when no
    price is agreed, when the line is no longer as it was `seen` (`PurchaseLine.seen`), or another has product and pack.
    """
    _draft(order)
    if line is not None:
        line = _same(line, seen)
    if not product.is_stocked:
        raise NotStocked(product.sku)
    if pack is not None and pack.product_id != product.pk:
        raise BadQuantity(amounts.wrong_pack(product, pack, quantity), field="pack")
    _check_quantity(product, pack, quantity)
    if price is None:
        price = _agreed(order, product, pack)
    if price < 0:
        raise BadQuantity(_("A price is not below zero."), field="price")
    if quantity * price >= amounts.MOST:
        raise BadQuantity(amounts.too_much(), field="price")
    there = PurchaseLine.objects.filter(order=order, product=product, pack=pack).first()
    if there is not None and new and (there.quantity, there.price) == (quantity, price):
        return there  # the same form sent twice
    if there is not None and (new if line is None else there.pk != line.pk):
        raise BadPurchase(_("%(line)s is on the order already. Change that line instead.") % {"line": there})
    found = line or there or PurchaseLine(order=order)
    found.product, found.pack, found.quantity, found.price = product, pack, quantity, price
    found.save()
    return found


def _check_quantity(product: Product, pack: ProductUnit | None, quantity: Decimal) -> None:
    """Raise BadQuantity for what could never come: nothing, a code for a number, or what lies between two steps."""
    if quantity <= 0:
        raise BadQuantity(_("%(product)s: the quantity must be above zero.") % {"product": product.name})
    exact = Fraction(quantity) * (pack.ratio if pack else 1)
    if pack is None and amounts.posted(product, quantity) != quantity:
        raise BadQuantity(
            _("%(product)s is counted in steps of %(step)s; %(amount)s lies between two. Enter whole steps.")
            % {
                "product": product.name,
                "step": quantities.format_quantity(product.unit.step, product.unit.code),
                "amount": quantities.format_quantity(quantity, product.unit.code),
            }
        )
    amounts.posted(product, quantities.from_fraction(exact))


def _agreed(order: PurchaseOrder, product: Product, pack: ProductUnit | None) -> Decimal:
    """What one costs by the supplier's list: of this pack, or reckoned from another that they sell it in."""
    items = SupplierItem.objects.filter(supplier_id=order.supplier_id, product=product).select_related("pack")
    listed = list(items.order_by("-is_preferred", "pk"))
    listed.sort(key=lambda item: item.pack_id != (pack.pk if pack else None))
    if not listed:
        raise BadPurchase(
            _("No price of %(product)s is agreed with %(supplier)s. Say what one costs.")
            % {"product": product.name, "supplier": order.supplier.name},
            field="price",
        )
    ratio = pack.ratio if pack else Fraction(1)
    return money.round_to(quantities.from_fraction(listed[0].price_of_unit() * ratio), 4)


def _same(line: PurchaseLine, seen: str) -> PurchaseLine:
    """The line as it is now, under the order's lock."""
    now = PurchaseLine.objects.select_related("product__unit", "pack").filter(pk=line.pk).first()
    if now is None:
        raise BadPurchase(_("%(line)s was taken off the order in the meantime. Add it again.") % {"line": line})
    if seen and now.seen != seen:
        raise BadPurchase(
            _("%(line)s was changed in the meantime: it is %(quantity)s at %(price)s now. Look at it again.")
            % {
                "line": now,
                "quantity": quantities.format_quantity(now.quantity, now.unit_name),
                "price": money.format_money(now.price, current_company().currency),
            }
        )
    return now


@transaction.atomic
def drop_line(line: PurchaseLine) -> None:
    """Take a line off a draft. One that is off already stays off."""
    _draft(line.order)
    now = PurchaseLine.objects.filter(pk=line.pk).first()
    if now is not None:
        now.delete()
