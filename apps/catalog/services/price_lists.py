"""Price lists: opened, renamed, closed."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import PriceList
from backoffice.kernel import state
from backoffice.kernel.locks import lock

from . import validation

EDITABLE = ("code", "name", "tax_inclusive", "is_active", "is_default")


@transaction.atomic
def create(
    *, name: str, code: str = "", tax_inclusive: bool = True, is_active: bool = True, is_default: bool | None = None
) -> PriceList:
    """Open a list; the first one is the one that the product list shows. Raises InvalidProduct."""
    if is_default is None:
        is_default = not PriceList.objects.filter(is_default=True).exists()
    price_list = PriceList(
        name=" ".join(name.split()), code=code or slugify(name)[:40], tax_inclusive=tax_inclusive, is_active=is_active,
        is_default=is_default,
    )  # fmt: skip
    if is_default:
        _take_default_from_others(price_list)
    validation.check(price_list)
    price_list.save()
    return price_list


@transaction.atomic
def update(price_list: PriceList, *, revision: int | None = None, **fields: Any) -> PriceList:
    """Change the named fields. Raises InvalidProduct, StaleRevision."""
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"A price list has no editable field {', '.join(sorted(unknown))}")
    price_list = lock(price_list)
    state.check_revision(price_list, revision)
    for name, value in fields.items():
        setattr(price_list, name, value)
    if price_list.is_default:
        _take_default_from_others(price_list)
    validation.check(price_list)
    return state.save_revised(price_list, revision=price_list.revision, fields=[*fields])


@transaction.atomic
def delete(price_list: PriceList) -> None:
    """Remove a list that never had a price. Raises InvalidProduct when it had one: what was charged stays known."""
    if price_list.prices.exists():
        raise InvalidProduct(
            _("%(list)s has had prices, which stay known. Close it instead: make it inactive.") % {"list": price_list}
        )
    try:
        with transaction.atomic():
            price_list.delete()
    except ProtectedError as error:
        raise InvalidProduct(
            _("%(list)s is still used by a channel or a customer, so it stays.") % {"list": price_list}
        ) from error


def _take_default_from_others(price_list: PriceList) -> None:
    for other in PriceList.objects.filter(is_default=True).exclude(pk=price_list.pk):
        other.is_default = False
        other.save(update_fields=["is_default"])
