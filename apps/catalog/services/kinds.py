"""What the kind of a product means for the rest of it, and when a product may become another kind."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Product

COMPOSED = (Product.Kind.CONFIGURABLE, Product.Kind.BUNDLE)


def settle(product: Product) -> set[str]:
    """Give the product what its kind dictates; the names of the fields that may have changed.

    What stands for its variants or for what it is made of, and what is no thing, has no stock of its own; what has
    variants is not traded.
    """
    if product.kind == Product.Kind.CONFIGURABLE:
        product.sell_policy = Product.SellPolicy.ON_DEMAND
        product.is_sellable = product.is_purchasable = False
        return {"sell_policy", "is_sellable", "is_purchasable"}
    if product.kind == Product.Kind.BUNDLE:
        product.sell_policy = Product.SellPolicy.ON_DEMAND
        product.is_purchasable = False
        return {"sell_policy", "is_purchasable"}
    if product.kind == Product.Kind.VIRTUAL:
        product.sell_policy = Product.SellPolicy.ON_DEMAND
        product.is_purchasable = product.lot_tracked = False
        return {"sell_policy", "is_purchasable", "lot_tracked"}
    return set()


def refuse_change(product: Product, before: str, *, used: bool) -> None:
    """InvalidProduct when the product cannot be of its new kind: what was written about it would no longer be true."""
    if before == product.kind or not {before, product.kind} & set(Product.NO_GOODS):
        return
    if product.kind == Product.Kind.CONFIGURABLE and product.variant_of_id:
        raise InvalidProduct(_("A variant has no variants of its own."), field="kind")
    if before == Product.Kind.CONFIGURABLE and product.variants.exists():
        raise InvalidProduct(_("It has variants, so its kind stays."), field="kind")
    if before == Product.Kind.BUNDLE and product.parts.exists():
        raise InvalidProduct(_("It has parts, so its kind stays."), field="kind")
    if product.kind == Product.Kind.CONFIGURABLE and product.part_of.exists():
        raise InvalidProduct(_("It is part of a bundle, so its kind stays."), field="kind")
    if used:
        raise InvalidProduct(
            _("The kind of %(product)s stays: stock, recipes or orders are written with it already.")
            % {"product": product.name},
            field="kind",
        )
