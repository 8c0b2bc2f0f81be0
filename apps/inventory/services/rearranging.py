"""What is done with lots by hand: sent back, split, merged, marked down. Value is kept: what leaves one lot enters the
other."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.inventory.errors import BadMove, BadQuantity, InsufficientStock, LotMismatch, LotRegraded, ReasonMissing
from apps.inventory.models import Location, Lot, StockBalance, StockOperation
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.services import allocation, layers, locations, lots, refusals, shortages, stock_locks
from apps.inventory.services.amounts import posted
from apps.inventory.services.posting import PostLine, post
from backoffice.kernel import clock, idempotency, money
from backoffice.kernel import quantity as quantities
from backoffice.kernel.audit import acting

ZERO = Decimal(0)


@transaction.atomic
def return_to_supplier(
    *,
    lot: Lot,
    location: Location,
    quantity: Decimal,
    reason: str,
    reference: str = "",
    key: str | None = None,
    alike: bool = False,
) -> StockOperation:
    """Stock goes back to who sent it, at what it cost; blocked and expired stock too. `alike` as in `stock`.

    Raises ReasonMissing, BadMove for what was made here, InsufficientStock for more than is free there. The same key
    sends once.
    """
    if not reason.strip():
        raise ReasonMissing
    if lot.produced_on is not None:
        raise BadMove(
            _("%(amount)s, lot %(lot)s at %(place)s: it was made here, and nobody sent it. Write it off as waste.")
            % {
                "amount": refusals.amount_of(lot.product, quantity),
                "lot": lot.label,
                "place": location.name,
            },
            field="stock",
        )
    product = stock_locks.lock_products([lot.product_id])[lot.product_id]
    fingerprint = [lot.pk, location.pk, quantity]
    if done := idempotency.find(scope="stock.return", key=key, fingerprint=fingerprint):
        return done
    other = locations.virtual(Location.Kind.SUPPLIER)
    whole = PostLine(product, lot, location, other, posted(product, quantity))
    lines = layers.lines(whole) if alike else [whole]
    operation = post(StockOperation.Kind.RETURN, lines, reason=reason.strip(), reference=reference.strip())
    idempotency.remember(scope="stock.return", key=key, fingerprint=fingerprint, result=operation)
    return operation


@transaction.atomic
def split(
    *, lot: Lot, location: Location, quantity: Decimal, reason: str, code: str = "", key: str | None = None
) -> Lot:
    """Part of a lot becomes a lot of its own: same expiry and cost, made from the old one. The same key splits once.

    Raises ReasonMissing, LotMismatch when the code is taken, InsufficientStock for more than is free there.
    """
    if not reason.strip():
        raise ReasonMissing
    product = stock_locks.lock_products([lot.product_id])[lot.product_id]
    fingerprint = [lot.pk, location.pk, quantity, code]
    if done := idempotency.find(scope="lots.split", key=key, fingerprint=fingerprint):
        return done
    lot = Lot.objects.get(pk=lot.pk)  # it may have been blocked or marked down while we waited
    amount, code = posted(product, quantity), code.strip()
    if code and Lot.objects.filter(product=product, code__iexact=code).exists():
        raise LotMismatch(
            _("Lot %(lot)s of %(product)s is there already. Use another lot code.")
            % {"lot": code, "product": product.name},
            field="code",
        )
    part = Lot.objects.create(
        product=product,
        code=code or lots.next_code(product, clock.today()),
        produced_on=lot.produced_on,
        received_on=lot.received_on,
        expires_on=lot.expires_on,
        unit_cost=lot.unit_cost,
        status=lot.status,
        grade=lot.grade,
        markdown_percent=lot.markdown_percent,
        supplier_name=lot.supplier_name,
    )
    part.parents.add(lot)
    _pour(lot, part, location, amount, reason=reason.strip())
    idempotency.remember(scope="lots.split", key=key, fingerprint=fingerprint, result=part)
    return part


@transaction.atomic
def merge(*, lot: Lot, into: Lot, location: Location, reason: str, key: str | None = None) -> Lot:
    """All of a lot in a place joins another lot of the same product, which must not last longer.

    Both must be in one state, of one grade and marked down alike: what buyers were told of the one is then true of all.
    The other lot's cost becomes the average of both. Raises BadMove for lots that do not belong together,
    ReasonMissing, InsufficientStock when some of it is held. The same key merges once.
    """
    if not reason.strip():
        raise ReasonMissing
    fingerprint = [lot.pk, into.pk, location.pk]
    product = stock_locks.lock_products([lot.product_id])[lot.product_id]
    if done := idempotency.find(scope="lots.merge", key=key, fingerprint=fingerprint):
        return done
    lots_of = Lot.objects.select_related("product")
    lot, into = lots_of.get(pk=lot.pk), lots_of.get(pk=into.pk)
    _check_merge(lot, into)
    there = StockBalance.objects.filter(lot=lot, location=location).first()
    if there is None:
        raise BadMove(
            _("There is nothing of lot %(lot)s at %(place)s.") % {"lot": lot.label, "place": location.name},
            field="stock",
        )
    into.parents.add(lot)
    try:
        _pour(lot, into, location, there.quantity, reason=reason.strip())
    except InsufficientStock as error:
        error.message = error.beside = " ".join(
            [error.message, _("Split off what is free and merge that, or back the holds with other stock first.")]
        )
        raise
    rows = StockBalance.objects.filter(lot=into)
    quantity = sum((row.quantity for row in rows), ZERO)
    value = sum((row.value for row in rows), ZERO)
    into.unit_cost = (value / quantity).quantize(quantities.SMALLEST) if quantity else into.unit_cost
    with acting(reason=reason.strip()):
        into.save(update_fields=["unit_cost", "updated_at"])
    allocation.serve([product.pk])
    idempotency.remember(scope="lots.merge", key=key, fingerprint=fingerprint, result=into)
    return into


def _check_merge(lot: Lot, into: Lot) -> None:
    names = {"lot": lot.label, "into": into.label}
    if lot.product_id != into.product_id:
        raise BadMove(
            _(
                "%(lot)s is %(product)s, %(into)s is %(other)s: only lots of one product are merged. "
                "Choose another lot of %(product)s."
            )
            % {**names, "product": lot.product.name, "other": into.product.name},
            field="into",
        )
    if lot.pk == into.pk:
        raise BadMove(
            _("%(lot)s is the lot itself. Choose another lot of %(product)s.") % {**names, "product": lot.product.name},
            field="into",
        )
    if lot.status != into.status:
        states = {"state": lot.get_status_display(), "other": into.get_status_display()}
        raise BadMove(
            _(
                "%(lot)s is in the state “%(state)s”, %(into)s in “%(other)s”. Release or block one of them first, "
                "or keep them apart."
            )
            % {**names, **states},
            field="into",
        )
    if lot.grade != into.grade:
        grades = {"grade": lot.get_grade_display(), "other": into.get_grade_display()}
        raise BadMove(
            _(
                "%(lot)s is of %(grade)s grade, %(into)s of %(other)s grade. Give both the same grade first, "
                "or keep them apart."
            )
            % {**names, **grades},
            field="into",
        )
    if lot.markdown_percent != into.markdown_percent:
        percents = {"percent": lot.markdown_percent, "other": into.markdown_percent}
        raise BadMove(
            _(
                "%(lot)s is marked down by %(percent)s %%, %(into)s by %(other)s %%. Give both the same markdown "
                "first, or keep them apart."
            )
            % {**names, **percents},
            field="into",
        )
    if lot.expires_on is not None and (into.expires_on is None or into.expires_on > lot.expires_on):
        raise BadMove(
            _("%(into)s lasts longer than %(lot)s. Merge into the one that expires first.") % names, field="into"
        )


def _pour(lot: Lot, into: Lot, location: Location, amount: Decimal, *, reason: str) -> None:
    """Move quantity and value from one lot to another, in the same place."""
    other = locations.virtual(Location.Kind.ADJUSTMENT)
    there = StockBalance.objects.filter(lot=lot, location=location).first()
    if there is None or there.quantity < amount:
        now = clock.now()
        cells = stock_cells.load([lot.product_id], now=now)
        raise InsufficientStock(
            [
                shortages.shortage(
                    lot.product,
                    cells.get(lot.product_id, []),
                    asked=amount,
                    on=clock.today(),
                    now=now,
                    scope=[location.pk],
                    lot=lot,
                    any_state=True,
                )
            ]
        )
    value = there.value if there.quantity == amount else money.round_money(there.value * amount / there.quantity)
    post(
        StockOperation.Kind.ADJUSTMENT,
        [
            PostLine(lot.product, lot, location, other, amount, value=value),
            PostLine(lot.product, into, other, location, amount, value=value),
        ],
        reason=reason,
        origin=into,
    )


@transaction.atomic
def mark_down(lot: Lot, *, percent: int, reason: str, grade: str | None = None, seen: str | None = None) -> Lot:
    """Say that a lot is worth less to who buys it, and of which grade it is: its labels and its page tell.

    What the till charges is decided by promotions. `seen` is what the lot said (`Lot.marked`) when the person looked.
    Said twice it changes nothing more. Raises BadQuantity outside 0 to 100, ReasonMissing, LotRegraded when it says
    something else by now.
    """
    if not reason.strip():
        raise ReasonMissing
    if not 0 <= percent <= 100:
        raise BadQuantity(_("A markdown is between 0 and 100 per cent."), field="percent")
    stock_locks.lock_products([lot.product_id])
    fresh = Lot.objects.select_related("product").get(pk=lot.pk)
    grade = grade or fresh.grade
    if (fresh.grade, fresh.markdown_percent) == (grade, percent):
        return fresh
    if seen is not None and seen != fresh.marked:
        raise LotRegraded(fresh)
    fresh.grade, fresh.markdown_percent = grade, percent
    with acting(reason=reason.strip()):
        fresh.save(update_fields=["grade", "markdown_percent", "updated_at"])
    return fresh
