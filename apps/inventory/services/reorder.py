"""Minimum stock."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadQuantity
from apps.inventory.models import Location, ReorderRule
from apps.inventory.services import stock_locks
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
