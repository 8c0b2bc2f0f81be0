"""Minimum stock, and orders of what falls below it."""

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadPurchase, BadQuantity
from apps.inventory.models import Location, PurchaseOrder, ReorderRule, Supplier, SupplierItem
from apps.inventory.services import purchasing, stock_locks
from backoffice.kernel import state


@transaction.atomic
def drop_minimum(product: Product, *, location: Location | None = None) -> None:
    """Say that it may run out, in one place or in all together. Without a rule there is nothing to do."""
    stock_locks.lock_products([product.pk])
    for rule in ReorderRule.objects.filter(product=product, location=location):
        rule.delete()


@transaction.atomic
def set_minimum(
    product: Product,
    *,
    minimum: Decimal,
    target: Decimal | None = None,
    location: Location | None = None,
    revision: int | None = None,
) -> ReorderRule:
    """Say how little of a product may be available, in one place or in all together.

    Raises BadQuantity below zero, StaleRevision when somebody set it since `revision`.
    """
    target = minimum if target is None else target
    if minimum < 0:
        raise BadQuantity(_("A minimum is not below zero."), field="minimum")
    if target < minimum:
        raise BadQuantity(_("The target is at least the minimum."), field="target")
    stock_locks.lock_products([product.pk])
    rule = ReorderRule.objects.filter(product=product, location=location).first()
    if rule is None:
        return ReorderRule.objects.create(product=product, location=location, minimum=minimum, target=target)
    rule.minimum, rule.target = minimum, target
    return state.save_revised(rule, revision=revision, fields=["minimum", "target"])


@transaction.atomic
def order_suggested(wanted: Iterable[tuple[SupplierItem, Decimal]]) -> list[PurchaseOrder]:
    """Turn (supplier's item, packs) into drafts, one a supplier; an open draft of the supplier is filled up.

    A product that is on the draft already gets the larger of the two quantities, so that pressing twice orders once,
    and keeps its price. Raises BadPurchase for nothing, and for a supplier that is not active by now.
    """
    by_supplier: dict[int, list[tuple[SupplierItem, Decimal]]] = {}
    for item, packs in wanted:
        if packs > 0:
            by_supplier.setdefault(item.supplier_id, []).append((item, packs))
    if not by_supplier:
        raise BadPurchase(_("Nothing was chosen."))
    made = []
    for _supplier_id, rows in sorted(by_supplier.items()):
        supplier = Supplier.objects.select_for_update().get(pk=rows[0][0].supplier_id)
        purchasing.check_supplier(supplier)
        order = (
            PurchaseOrder.objects.filter(supplier=supplier, status=PurchaseOrder.Status.DRAFT).order_by("-pk").first()
        ) or purchasing.draft(supplier)
        there = {(line.product_id, line.pack_id): line for line in order.lines.all()}
        for item, packs in rows:
            line = there.get((item.product_id, item.pack_id))
            most, price = (max(packs, line.quantity), line.price) if line else (packs, item.price)
            purchasing.set_line(order, product=item.product, pack=item.pack, quantity=most, price=price)
        made.append(order)
    return made
