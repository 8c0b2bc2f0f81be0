"""Products are records: these verbs clean, check and save them with history."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog import allergens, values
from apps.catalog.codes import clean_barcode, clean_sku
from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Attribute, Category, Product, ProductUnit
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors.schemas import Schemas
from backoffice.kernel import state
from backoffice.kernel.locks import lock

from . import bulk, completeness, kinds, prices, schema, validation
from .locks import lock_products

EDITABLE = (
    "sku", "name", "description", "kind", "category", "unit", "barcode", "shelf_life_days", "sell_policy",
    "lot_tracked", "is_active", "is_sellable", "is_purchasable", "allergens", "tags", "tax_rate", "icon",
    "attributes",
)  # fmt: skip


@transaction.atomic
def create(*, price: Decimal | None = None, **fields: Any) -> Product:
    """Add a product, with its price in the default list where one is given. Raises InvalidProduct, naming the field."""
    product = Product()
    _assign(product, fields)
    kinds.settle(product)
    _check(product)
    if price is not None and product.kind == Product.Kind.CONFIGURABLE:
        raise InvalidProduct(_("It has no price of its own: each variant has one."), field="price")
    completeness.judge_alone(product, priced=price is not None)
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

    `attributes` holds values by code: those named are changed, None clears one, all others stay.
    Raises InvalidProduct, and StaleRevision if somebody saved since `revision`.
    """
    product = lock(product)
    state.check_revision(product, revision)
    columns = {field.name: field.attname for field in Product._meta.concrete_fields if field.name in fields}
    if "kind" in columns:  # it may dictate others
        columns |= {name: name for name in ("sell_policy", "is_sellable", "is_purchasable", "lot_tracked")}
    before = {name: getattr(product, column) for name, column in columns.items()}
    _assign(product, fields)
    kinds.settle(product)
    changed = [name for name, column in columns.items() if getattr(product, column) != before[name]]
    if not changed:
        return product
    _check(product, changed)
    if "kind" in changed:
        kinds.refuse_change(product, before["kind"], used=is_used(product))
    if "unit" in changed and is_used(product):
        raise InvalidProduct(
            _("The unit of %(product)s stays: stock, recipes or orders are written in it already.")
            % {"product": product.name},
            field="unit",
        )
    if "category" in changed:
        _refuse_other_shelf(product)
    if relevant := completeness.RELEVANT & set(changed):
        completeness.judge_alone(product)
        changed += ["completeness", "missing"]
    state.save_locked(product, fields=changed)
    if relevant and product.kind == Product.Kind.CONFIGURABLE:
        if "category" in changed:
            _take_along(product)
        completeness.refresh([product.pk])
    return product


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
        if name != "attributes":
            cleaner = cleaners.get(name)
            setattr(product, name, cleaner(value) if cleaner else value)
    if given := fields.get("attributes"):
        product.attributes = values.merge(product.attributes, given, editable_attributes(product))


def _refuse_other_shelf(product: Product) -> None:
    """Variants lie where their product lies, and it lies where their axes are offered."""
    if product.variant_of and product.category_id != product.variant_of.category_id:
        raise InvalidProduct(
            _("A variant lies in the category of %(product)s.") % {"product": product.variant_of.name},
            field="category",
        )
    if product.axes:
        schema.refuse_lost_axes(product, Schemas())


def _take_along(product: Product) -> None:
    """Variants move with their product."""
    rows = list(lock_products(product.variants.values_list("pk", flat=True)).values())
    for row in rows:
        row.category_id, row.revision = product.category_id, row.revision + 1
    bulk.save_products(rows, ["category", "revision"])


def editable_attributes(product: Product, schemas: Schemas | None = None) -> list[Attribute]:
    """What can be said about the product: its category's schema without what tells variants apart."""
    fixed = set(product.axes) | set(product.variant_of.axes if product.variant_of else ())
    entries = (schemas or Schemas()).of(product.category_id)
    return [entry.attribute for entry in entries if entry.code not in fixed]


def _check(product: Product, changed: Collection[str] | None = None) -> None:
    validation.check(product, changed)
    if (
        product.barcode
        and (changed is None or "barcode" in changed)
        and ProductUnit.objects.filter(barcode=product.barcode).exists()
    ):
        raise InvalidProduct(_("A pack has this barcode already."), field="barcode")
