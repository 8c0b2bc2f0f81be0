"""Products are records: these verbs clean, check and save them with history."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog import allergens
from apps.catalog.codes import clean_barcode, clean_sku
from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Category, Product, ProductUnit
from apps.catalog.selectors import prices as price_reads
from backoffice.kernel import state
from backoffice.kernel.locks import lock

from . import prices, validation

EDITABLE = (
    "sku", "name", "description", "kind", "category", "unit", "barcode", "shelf_life_days", "sell_policy",
    "lot_tracked", "is_active", "is_sellable", "is_purchasable", "allergens", "tags", "tax_rate", "icon",
)  # fmt: skip


@transaction.atomic
def create(*, price: Decimal | None = None, **fields: Any) -> Product:
    """Add a product, with its price in the default list where one is given. Raises InvalidProduct, naming the field."""
    product = Product()
    _assign(product, fields)
    _check(product)
    product.save()
    if price is not None:
        price_list = price_reads.default_list()
        if price_list is None:
            raise InvalidProduct(_("There is no price list yet that could hold a price."), field="price")
        prices.set_price(product, price_list, amount=price)
    return product


@transaction.atomic
def update(product: Product, *, revision: int | None = None, **fields: Any) -> Product:
    """Change the named fields; where nothing differs nothing is written.

    Raises InvalidProduct, and StaleRevision if somebody saved since `revision`.
    """
    product = lock(product)
    state.check_revision(product, revision)
    columns = {field.name: field.attname for field in Product._meta.concrete_fields if field.name in fields}
    before = {name: getattr(product, column) for name, column in columns.items()}
    _assign(product, fields)
    changed = [name for name, column in columns.items() if getattr(product, column) != before[name]]
    if not changed:
        return product
    _check(product)
    if "unit" in changed and is_used(product):
        raise InvalidProduct(
            _("The unit of %(product)s stays: stock, recipes or orders are written in it already.")
            % {"product": product.name},
            field="unit",
        )
    return state.save_revised(product, revision=product.revision, fields=changed)


def set_name(product: Product, name: str, *, revision: int | None = None) -> Product:
    """Rename in place; everything already printed or sold keeps the old name."""
    return update(product, revision=revision, name=name)


def retire(product: Product, *, revision: int | None = None) -> Product:
    """Take the product out of use; what is on hand or ordered stays as it is."""
    return update(product, revision=revision, is_active=False)


def restore(product: Product, *, revision: int | None = None) -> Product:
    """Bring a retired product back."""
    return update(product, revision=revision, is_active=True)


def set_category(product: Product, category: Category | None) -> Product:
    """Move one product to another category; for bulk edits."""
    return update(product, category=category)


def is_used(product: Product) -> bool:
    """Whether rows of any other app point to the product."""
    return bool(used_among([product.pk]))


def used_among(product_ids: Iterable[int]) -> set[int]:
    """Those of the products that rows of other apps point to. Asks the relations: no other app is known here."""
    asked = set(product_ids)
    used: set[int] = set()
    for relation in Product._meta.related_objects:
        model = relation.related_model
        if asked - used and model._meta.app_label != Product._meta.app_label:
            column = relation.field.attname
            rows = model._base_manager.filter(**{f"{column}__in": asked - used})
            used |= set(rows.values_list(column, flat=True).distinct())
    return used


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags as they are kept: trimmed, each once, in the order given; a comma parts two."""
    words = (" ".join(word.split()) for tag in tags for word in str(tag).split(","))
    return list(dict.fromkeys(word for word in words if word))


def _assign(product: Product, fields: dict[str, Any]) -> None:
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"A product has no editable field {', '.join(sorted(unknown))}")
    cleaners = {"sku": clean_sku, "barcode": clean_barcode, "allergens": allergens.normalise, "tags": clean_tags,
                "name": clean_sku}  # fmt: skip
    for name, value in fields.items():
        cleaner = cleaners.get(name)
        setattr(product, name, cleaner(value) if cleaner else value)


def _check(product: Product) -> None:
    validation.check(product)
    if product.barcode and ProductUnit.objects.filter(barcode=product.barcode).exists():
        raise InvalidProduct(_("A pack has this barcode already."), field="barcode")
