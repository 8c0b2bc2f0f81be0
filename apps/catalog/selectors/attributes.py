"""What is said about one product, and what is still missing, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.catalog import values
from apps.catalog.models import Product
from apps.catalog.selectors.schemas import Lack, Schemas, wanting


@dataclass(frozen=True, slots=True)
class Said:
    """One attribute of a product. `inherited` values are those of the product that it is a variant of."""

    code: str
    name: str
    text: str
    required: bool
    is_axis: bool
    inherited: bool


def of_product(product: Product, schemas: Schemas) -> list[Said]:
    """The attributes of the product's category with their values. Needs `variant_of` loaded; no query."""
    parent = product.variant_of if product.variant_of_id else None
    found = []
    for entry in schemas.of(product.category_id):
        own = product.attributes.get(entry.code)
        above = parent.attributes.get(entry.code) if parent else None
        inherited = own is None and above is not None
        is_axis = entry.code in (parent.axes if parent else product.axes)
        text = values.say(entry.attribute, above if inherited else own)
        if is_axis and parent is None:
            text = _("by variant")
        found.append(Said(entry.code, entry.attribute.name, text, entry.required, is_axis, inherited))
    return found


def missing(product: Product, schemas: Schemas) -> list[str]:
    """What the product is lacking, in words. Needs `variant_of` loaded; no query."""
    lacks = Lack(product.missing)
    words = {Lack.PRICE: _("a price"), Lack.PICTURE: _("a picture"), Lack.BARCODE: _("a barcode")}
    found = [word for lack, word in words.items() if lack in lacks]
    return found + [entry.attribute.name for entry in wanting(product, schemas.of(product.category_id))]
