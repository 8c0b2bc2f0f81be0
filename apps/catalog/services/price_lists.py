"""Price lists: opened, renamed, made to follow another one, closed."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.catalog.errors import InvalidProduct, PriceListCycle
from apps.catalog.models import Price, PriceList
from backoffice.kernel import audit, clock, state

from . import following, validation
from .locks import lock_price_lists

RULE = ("base", "percentage", "rounding")
EDITABLE = ("code", "name", "tax_inclusive", "is_active", "is_default", *RULE, "valid_from", "valid_to")


@transaction.atomic
def create(*, name: str, code: str = "", is_default: bool | None = None, **fields: Any) -> PriceList:
    """Open a list; the first one is the one that the product list shows. With a `base` it has its prices at once.

    Raises InvalidProduct.
    """
    _known(fields)
    if is_default is None:
        is_default = not PriceList.objects.filter(is_default=True).exists()
    price_list = PriceList(
        name=" ".join(name.split()), code=code or slugify(name)[:40], is_default=is_default, **fields
    )
    lists = lock_price_lists() if price_list.base_id else {}
    _check_rule(price_list, lists)
    if is_default:
        _take_default_from_others(price_list)
    validation.check(price_list)
    price_list.save()
    if price_list.base_id:
        following.refresh(price_list, None, clock.now())
    return price_list


@transaction.atomic
def update(price_list: PriceList, *, revision: int | None = None, **fields: Any) -> PriceList:
    """Change the named fields. Another rule gives other prices from now on; what was charged before stays known.

    A list that no longer follows keeps the prices it has, as its own. Raises InvalidProduct, PriceListCycle,
    StaleRevision.
    """
    _known(fields)
    lists = lock_price_lists()
    price_list = lists[price_list.pk]
    state.check_revision(price_list, revision)
    before = [getattr(price_list, name) for name in ("base_id", "percentage", "rounding")]
    for name, value in fields.items():
        setattr(price_list, name, value)
    _check_rule(price_list, lists)
    if "is_active" in fields and not price_list.is_active:
        _refuse_closing(price_list)
    if price_list.is_default:
        _take_default_from_others(price_list)
    validation.check(price_list)
    price_list = state.save_revised(price_list, revision=price_list.revision, fields=[*fields])
    if before != [getattr(price_list, name) for name in ("base_id", "percentage", "rounding")]:
        if before[0] and price_list.base_id is None:
            _keep_as_own(price_list)
        following.refresh_all({**lists, price_list.pk: price_list}, price_list, None, clock.now())
    return price_list


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
            _("%(list)s is still used by a channel, a customer or another list, so it stays.") % {"list": price_list}
        ) from error


def _known(fields: dict[str, Any]) -> None:
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"A price list has no editable field {', '.join(sorted(unknown))}")


def _check_rule(price_list: PriceList, lists: dict[int, PriceList]) -> None:
    """A list does not follow itself by any way, and both ends of a rule speak of the same kind of price."""
    path = [price_list]
    while (above := path[-1].base_id) is not None:
        path.append(lists[above])
        if above == price_list.pk:
            raise PriceListCycle([one.name for one in path])
    kin = path[1:2] + [one for one in lists.values() if price_list.pk and one.base_id == price_list.pk]
    for other in kin:
        if other.tax_inclusive != price_list.tax_inclusive:
            raise InvalidProduct(
                _("%(list)s and %(other)s both include tax or both do not, because one follows the other.")
                % {"list": price_list, "other": other},
                field="tax_inclusive",
            )


def _refuse_closing(price_list: PriceList) -> None:
    """A closed list takes no new prices, so nobody may still sell or buy at them. Asks the relations: no other app is
    known here."""
    for relation in PriceList._meta.related_objects:
        model = relation.related_model
        if model._meta.app_label == PriceList._meta.app_label or not hasattr(model, "is_active"):
            continue
        user = model._base_manager.filter(**{relation.field.name: price_list}, is_active=True).order_by("pk").first()
        if user is not None:
            raise InvalidProduct(
                _("%(user)s has this price list. Choose another one there first.") % {"user": user}, field="is_active"
            )


def _keep_as_own(price_list: PriceList) -> None:
    rows = [
        row
        for row in Price.objects.filter(price_list=price_list, is_derived=True)
        if row.valid_to is None or row.valid_to > clock.now()
    ]
    for row in rows:
        row.is_derived = False
    audit.bulk_update(rows, ["is_derived"])


def _take_default_from_others(price_list: PriceList) -> None:
    for other in PriceList.objects.filter(is_default=True).exclude(pk=price_list.pk):
        other.is_default = False
        other.save(update_fields=["is_default"])
