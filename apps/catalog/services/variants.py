"""Products with variants: what they differ by, the combinations there are, and many of them changed at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from itertools import product as every_combination
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from apps.catalog.codes import clean_sku
from apps.catalog.errors import InvalidProduct, PriceChanged
from apps.catalog.models import PriceList, Product
from apps.catalog.selectors.schemas import Entry, Schemas
from apps.catalog.selectors.variants import axes_of
from backoffice.kernel import state
from backoffice.kernel.errors import DomainError, StaleRevision
from backoffice.kernel.locks import lock

from . import completeness, prices, products, validation

MOST_AXES = 3
MOST_AT_ONCE = 200
PLACEHOLDER = re.compile(r"\{(\w+)(?::(\d+))?\}")

Combination = tuple[str, ...]  # the codes of the choices, in the order of the axes


@dataclass(frozen=True, slots=True)
class Cell:
    """What a person wrote about one variant. None leaves a value as it is; `shown` is the price that was seen."""

    pk: int
    revision: int
    barcode: str | None = None
    is_active: bool | None = None
    price: Decimal | None = None
    shown: Decimal | None = None


@dataclass(slots=True)
class Written:
    """What became of many cells: how many variants changed, and why others did not."""

    changed: int = 0
    refused: dict[int, tuple[str | None, str]] = field(default_factory=dict)  # pk: field, sentence


@transaction.atomic
def set_axes(product: Product, codes: Sequence[str], *, revision: int | None = None) -> Product:
    """Say what variants differ by. Raises InvalidProduct once there are variants, and StaleRevision."""
    product = lock(product)
    state.check_revision(product, revision)
    if product.kind != Product.Kind.CONFIGURABLE:
        raise InvalidProduct(_("%(product)s is no product with variants.") % {"product": product.name})
    if list(codes) == product.axes:
        return product
    if product.variants.exists():
        raise InvalidProduct(_("There are variants already, so what they differ by stays."), field="axes")
    offered = [entry.code for entry in Schemas().of(product.category_id) if entry.is_variant_axis]
    if not codes or len(codes) > MOST_AXES or any(code not in offered for code in codes):
        raise InvalidProduct(
            _("Choose one to %(most)d of what the category tells variants apart by.") % {"most": MOST_AXES},
            field="axes",
        )
    product.axes = list(codes)
    completeness.judge_alone(product)
    return state.save_revised(product, revision=product.revision, fields=["axes", "completeness", "missing"])


def missing(product: Product, axes: Sequence[Entry], there: Iterable[str]) -> list[Combination]:
    """The first combinations of all choices that no variant has, as many as can be made at once.

    `there` are the keys of those that are made. All there could be may be millions.
    """
    made = set(there)
    choices = [list(entry.attribute.option_names) for entry in axes]
    open_ones = (each for each in every_combination(*choices) if choices and key_of(product.axes, each) not in made)
    return list(islice(open_ones, MOST_AT_ONCE))


def key_of(codes: Sequence[str], combination: Combination) -> str:
    """How a combination is kept: "size=large;filling=dulce-de-leche"."""
    return ";".join(f"{code}={value}" for code, value in zip(codes, combination, strict=True))


def default_pattern(product: Product, combinations: Iterable[Combination] = ()) -> str:
    """A pattern for SKUs: that of the product, and the first letters of each choice, or all where those are too few
    to tell these combinations apart, and from what there is."""
    short, whole = ("-".join(["{sku}", *(f"{{{code}{of}}}" for code in product.axes)]) for of in (":3", ""))
    try:
        _refuse_taken({each: _sku(short, product, each) for each in combinations})
    except InvalidProduct:
        return whole
    return short


@transaction.atomic
def make(
    product: Product, combinations: Iterable[Combination], *, pattern: str = "", price: Decimal | None = None,
    price_list: PriceList | None = None, sell_policy: str = Product.SellPolicy.STOCK_ONLY,
) -> list[Product]:  # fmt: skip
    """Make variants of the combinations that are not there yet: named and numbered after the product.

    `pattern` makes their SKUs: {sku}, {size}, or {size:3} for its first three signs. Repeatable: what is there stays.
    Raises InvalidProduct when the pattern gives one SKU twice, or one that is taken.
    """
    product = lock(product)
    if product.kind != Product.Kind.CONFIGURABLE or not product.axes:
        raise InvalidProduct(_("Say first what the variants of %(product)s differ by.") % {"product": product.name})
    axes = axes_of(product, Schemas())
    there = set(product.variants.values_list("variant_key", flat=True))
    wanted = [each for each in dict.fromkeys(combinations) if key_of(product.axes, each) not in there]
    if len(wanted) > MOST_AT_ONCE:
        raise InvalidProduct(_("At most %(most)d variants at once.") % {"most": MOST_AT_ONCE})
    pattern = pattern or default_pattern(product, wanted)
    skus = {each: _sku(pattern, product, each) for each in wanted}
    _refuse_taken(skus)
    made = [_make_one(product, axes, each, skus[each], sell_policy) for each in wanted]
    if price is not None and made:
        if price_list is None:
            raise InvalidProduct(_("There is no price list yet that could hold a price."), field="price")
        prices.set_many(price_list, [prices.Change(variant.pk, price) for variant in made])
    return made


@transaction.atomic
def recombine(variant: Product, combination: Combination, *, revision: int | None = None) -> Product:
    """Give a variant other choices, and the name that goes with them; fixed once it has moved or been sold."""
    variant = lock(variant)
    state.check_revision(variant, revision)
    parent = variant.variant_of
    if parent is None:
        raise InvalidProduct(_("%(product)s is no variant.") % {"product": variant.name})
    key = key_of(parent.axes, combination)
    if key == variant.variant_key:
        return variant
    if products.is_used(variant):
        raise InvalidProduct(
            _("%(product)s was moved, used or sold already: what it is stays. Retire it and make another one.")
            % {"product": variant.name}
        )
    axes = axes_of(parent, Schemas())
    _refuse_unknown(axes, combination)
    if variant.name == _name(parent, axes, _combination(variant)):
        variant.name = _name(parent, axes, combination)
    variant.variant_key = key
    variant.attributes = {**variant.attributes, **dict(zip(parent.axes, combination, strict=True))}
    validation.check(variant)
    return state.save_revised(variant, revision=variant.revision, fields=["name", "variant_key", "attributes"])


@transaction.atomic
def write(product: Product, cells: Sequence[Cell], *, price_list: PriceList | None = None) -> Written:
    """Write what was changed of many variants, all that can be in one transaction; each refusal with its reason."""
    found = {variant.pk: variant for variant in product.variants.all()}
    result = Written()
    for cell in sorted(cells, key=lambda cell: cell.pk):
        variant = found.get(cell.pk)
        if variant is None:
            continue
        try:
            with transaction.atomic():
                result.changed += _write_one(variant, cell, price_list)
        except PriceChanged as error:  # it names both
            result.refused[cell.pk] = error.field, error.message
        except StaleRevision:
            now = Product.objects.get(pk=cell.pk)
            theirs = ", ".join([now.barcode or "–", _("Active") if now.is_active else _("Retired")])
            result.refused[cell.pk] = None, _("Somebody changed it meanwhile; now it is: %s") % theirs
        except DomainError as error:
            result.refused[cell.pk] = error.field, error.message
    return result


def _write_one(variant: Product, cell: Cell, price_list: PriceList | None) -> bool:
    changes: dict[str, Any] = {}
    if cell.barcode is not None and cell.barcode != variant.barcode:
        changes["barcode"] = cell.barcode
    if cell.is_active is not None and cell.is_active != variant.is_active:
        changes["is_active"] = cell.is_active
    if changes:
        products.update(variant, revision=cell.revision, **changes)
    if cell.price is None or cell.price == cell.shown:
        return bool(changes)
    if price_list is None:
        raise InvalidProduct(_("There is no price list yet that could hold a price."), field="price")
    prices.set_price(variant, price_list, amount=cell.price, shown=cell.shown)
    return True


def _make_one(parent: Product, axes: Sequence[Entry], combination: Combination, sku: str, sell_policy: str) -> Product:
    _refuse_unknown(axes, combination)
    variant = Product(
        sku=sku, name=_name(parent, axes, combination), kind=Product.Kind.SIMPLE, category_id=parent.category_id,
        unit_id=parent.unit_id, shelf_life_days=parent.shelf_life_days, sell_policy=sell_policy,
        lot_tracked=parent.lot_tracked, allergens=parent.allergens, tags=parent.tags, tax_rate=parent.tax_rate,
        icon=parent.icon, variant_of=parent, variant_key=key_of(parent.axes, combination),
        attributes=dict(zip(parent.axes, combination, strict=True)),
    )  # fmt: skip
    validation.check(variant)
    completeness.judge_alone(variant, priced=False)
    variant.save()
    return variant


def _name(parent: Product, axes: Sequence[Entry], combination: Combination) -> str:
    words = [entry.attribute.option_names.get(code, code) for entry, code in zip(axes, combination, strict=True)]
    return ", ".join([parent.name, *words])[: Product._meta.get_field("name").max_length]


def _combination(variant: Product) -> Combination:
    return tuple(pair.partition("=")[2] for pair in variant.variant_key.split(";"))


def _refuse_unknown(axes: Sequence[Entry], combination: Combination) -> None:
    for entry, code in zip(axes, combination, strict=True):
        if code not in entry.attribute.option_names:
            raise InvalidProduct(
                _("“%(value)s” is no choice of %(name)s.") % {"value": code, "name": entry.attribute.name}
            )


def _sku(pattern: str, parent: Product, combination: Combination) -> str:
    words: Mapping[str, str] = {"sku": parent.sku, **dict(zip(parent.axes, combination, strict=True))}

    def fill(match: re.Match[str]) -> str:
        name, length = match.groups()
        if name not in words:
            raise InvalidProduct(
                _("The pattern names {%(name)s}; known are %(known)s.")
                % {"name": name, "known": ", ".join(f"{{{word}}}" for word in words)},
                field="pattern",
            )
        word = words[name]
        return word if name == "sku" else word.replace("-", "")[: int(length) if length else None].upper()

    sku = clean_sku(PLACEHOLDER.sub(fill, pattern))
    try:
        Product._meta.get_field("sku").clean(sku, None)
    except ValidationError as error:
        raise InvalidProduct(
            _("The pattern gives the SKU “%(sku)s”: %(why)s") % {"sku": sku, "why": error.messages[0]}, field="pattern"
        ) from error
    return sku


def _refuse_taken(skus: Mapping[Combination, str]) -> None:
    folded: dict[str, str] = {}
    for sku in skus.values():
        if sku.lower() in folded:
            raise InvalidProduct(
                _("The pattern gives two variants the SKU %(sku)s. Name every choice in it, or more of its signs.")
                % {"sku": sku},
                field="pattern",
            )
        folded[sku.lower()] = sku
    rows = Product.objects.annotate(folded=Lower("sku")).filter(folded__in=folded)
    if (taken := rows.order_by("sku").values_list("sku", flat=True).first()) is not None:
        raise InvalidProduct(_("%(sku)s is taken already.") % {"sku": taken}, field="pattern")
