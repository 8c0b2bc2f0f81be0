"""Lots: finding or making the one that a quantity belongs to, blocking and releasing it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import ExpiryMissing, LotMismatch, ReasonMissing
from apps.inventory.models import Hold, HoldAllocation, Lot
from apps.inventory.services import allocation, refusals, stock_locks
from apps.inventory.services.lot_codes import next_code
from backoffice.kernel import bulk, clock, idempotency, rows
from backoffice.kernel.audit import acting
from backoffice.kernel.compiled import Compiled

__all__ = ["block", "block_together", "for_receipt", "leave_expired", "next_code", "suggested_expiry", "unblock"]

_NAMED = Compiled(lambda product, codes: Lot.objects.filter(product_id=product, code__in=codes))


def suggested_expiry(product: Product, day: date) -> date | None:
    """The last good day of what is received or made on `day`, when the product has a shelf life."""
    return None if product.shelf_life_days is None else day + timedelta(days=product.shelf_life_days)


def for_receipt(
    product: Product,
    *,
    code: str,
    received_on: date,
    expires_on: date | None,
    unit_cost: Decimal,
    supplier_name: str = "",
    default_expiry: bool = True,
) -> Lot:
    """The lot that a received line belongs to: the one of that code, the silent one, or a new one.

    Raises ExpiryMissing for a perishable product without a date (when none may be assumed), LotMismatch when the lot is
    there with another expiry or cost, is blocked, or had expired when it came. Call under the product's lock.
    """
    code = code.strip()
    if expires_on is None and product.shelf_life_days is not None and (product.lot_tracked or code):
        suggested = received_on + timedelta(days=product.shelf_life_days)
        if not default_expiry:
            raise ExpiryMissing(product.name, days=product.shelf_life_days, suggested=suggested)
        expires_on = suggested
    if expires_on is not None and expires_on < received_on:
        raise LotMismatch(
            _("%(product)s would have expired on %(date)s, before it came. Look at the date on the box.")
            % {"product": product.name, "date": date_format(expires_on, "SHORT_DATE_FORMAT")},
            field="expires_on",
        )
    silent = not product.lot_tracked and not code
    if silent:
        code = f"~{unit_cost.normalize():f}" + (f"~{expires_on:%Y%m%d}" if expires_on else "")
    if code and (there := _NAMED(product.pk, [code, code.upper(), code.lower()])):
        # Typed in other letters it is the same lot: a scanner would find two.
        lot = next((one for one in there if one.code == code), there[0])
        _check_same(lot, product, expires_on=expires_on, unit_cost=unit_cost)
        return lot
    lot = Lot(
        product=product,
        code=code or next_code(product, received_on),
        is_silent=silent,
        received_on=received_on,
        expires_on=expires_on,
        unit_cost=unit_cost,
        supplier_name=supplier_name,
    )
    rows.insert([lot])
    bulk.remember([lot], "+")
    return lot


def _check_same(lot: Lot, product: Product, *, expires_on: date | None, unit_cost: Decimal) -> None:
    names = {"lot": lot.code, "product": product.name}
    if lot.status != Lot.Status.OK:
        since = refusals.since_when(lot, status=lot.status)
        raise LotMismatch(
            _("Lot %(lot)s of %(product)s is blocked%(since)s. Receive under another lot code, or have it released.")
            % {**names, "since": since}
        )
    if lot.expires_on != expires_on:
        there = date_format(lot.expires_on, "SHORT_DATE_FORMAT") if lot.expires_on else _("no date")
        given = date_format(expires_on, "SHORT_DATE_FORMAT") if expires_on else _("no date")
        raise LotMismatch(
            _("Lot %(lot)s of %(product)s expires %(there)s, not %(given)s. Use another lot code.")
            % {**names, "there": there, "given": given}
        )
    if lot.unit_cost != unit_cost:
        raise LotMismatch(
            _("Lot %(lot)s of %(product)s cost %(there)s a unit, not %(given)s. Use another lot code.")
            % {**names, "there": lot.unit_cost.normalize(), "given": unit_cost.normalize()}
        )


@transaction.atomic
def block(lot: Lot, *, reason: str, status: str = Lot.Status.BLOCKED, key: str | None = None) -> list[Hold]:
    """Keep a lot from being used: for good, or in quarantine until somebody has looked at it.

    Holds on it move to other stock, or wait; they are returned. Raises LotStateKept when it is in that state already:
    since when, by whom and why. The same key blocks once.
    """
    return _set_status(lot, status, reason=reason, key=key)


@transaction.atomic
def unblock(lot: Lot, *, reason: str, key: str | None = None) -> list[Hold]:
    """Let a blocked lot be used again; waiting holds are served from it. Raises LotStateKept when it is in use."""
    return _set_status(lot, Lot.Status.OK, reason=reason, key=key)


def _set_status(lot: Lot, status: str, *, reason: str, key: str | None) -> list[Hold]:
    if not reason.strip():
        raise ReasonMissing
    stock_locks.lock_products([lot.product_id])
    fingerprint = [lot.pk, status]
    if idempotency.find(scope="lots.status", key=key, fingerprint=fingerprint):
        return []
    fresh = Lot.objects.select_related("product").get(pk=lot.pk)
    if fresh.status == status:
        raise refusals.kept_state(fresh)
    idempotency.remember(scope="lots.status", key=key, fingerprint=fingerprint, result=fresh)
    lot.status = fresh.status = status
    with acting(reason=reason):
        fresh.save(update_fields=["status", "updated_at"])
    if status == Lot.Status.OK:
        return allocation.serve([lot.product_id])
    return allocation.displace([lot.pk])


def block_together(found: Sequence[Lot], *, reason: str) -> list[Hold]:
    """Block lots that are not blocked, so that no hold goes from one of them to another. Returns the holds that moved.

    The caller has read the lots under the locks of their products, which it holds.
    """
    for lot in found:
        lot.status, lot.updated_at = Lot.Status.BLOCKED, clock.now()
    with acting(reason=reason):
        bulk.update(found, ["status", "updated_at"])
    return allocation.displace([lot.pk for lot in found])


def leave_expired() -> int:
    """Move holds off lots whose last good day is over, product by product. Returns how many holds were moved.

    Such stock stopped counting at midnight; this looks for other stock to back the holds with.
    """
    due = HoldAllocation.objects.filter(hold__status=Hold.Status.ACTIVE, lot__expires_on__lt=clock.today())
    pairs: dict[int, set[int]] = {}
    for product_id, lot_id in due.values_list("hold__product_id", "lot_id"):
        pairs.setdefault(product_id, set()).add(lot_id)
    return sum(_leave(product_id, lot_ids) for product_id, lot_ids in sorted(pairs.items()))


@transaction.atomic
def _leave(product_id: int, lot_ids: set[int]) -> int:
    stock_locks.lock_products([product_id])
    return len(allocation.displace(lot_ids))
