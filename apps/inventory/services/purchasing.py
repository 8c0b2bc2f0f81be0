"""Buying: drafts, sending them, and receiving what was ordered. What is sent stands in the book of what is coming."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadPurchase, ReasonMissing
from apps.inventory.models import (
    Location,
    Move,
    PurchaseLine,
    PurchaseOrder,
    PurchaseReceipt,
    StockOperation,
    Supplier,
)
from apps.inventory.selectors import locations as places
from apps.inventory.selectors import purchasing as reads
from apps.inventory.selectors.purchasing import MAIL
from apps.inventory.services import expected, purchase_jobs, refusals, stock, stock_locks
from apps.inventory.services.purchase_lines import drop_line, set_line
from apps.inventory.services.stock import ReceiptLine
from backoffice.company import current as current_company
from backoffice.kernel import clock, idempotency, money, numbering, state
from backoffice.kernel import quantity as quantities
from backoffice.kernel.audit import current_actor
from backoffice.kernel.locks import lock
from backoffice.outbox import directives

__all__ = [
    "ZERO", "cancel", "check_supplier", "close_short", "draft", "drop_line", "lead_days", "not_coming", "receive",
    "send", "set_line", "take_back", "update",
]  # fmt: skip

ZERO = Decimal(0)
ARRIVES_AT = 10  # the hour of the day that a delivery is reckoned with


def default_place() -> Location:
    """Where deliveries go when nobody says otherwise: the first open store. Raises BadPurchase without one."""
    found = places.usual()
    if found is None:
        raise BadPurchase(_("There is no open place for stock yet. Open one first."))
    return found


@transaction.atomic
def draft(
    supplier: Supplier, *, location: Location | None = None, expected_on: date | None = None, note: str = ""
) -> PurchaseOrder:
    """A new draft, to be filled with lines. Raises BadPurchase for a supplier that is not active."""
    check_supplier(supplier)
    actor = current_actor().user
    return PurchaseOrder.objects.create(
        number=numbering.next_number("purchase", prefix="PO-"),
        supplier=supplier,
        location=location or default_place(),
        expected_on=expected_on,
        note=note.strip(),
        created_by_id=getattr(actor, "pk", None),
    )


@transaction.atomic
def update(
    order: PurchaseOrder, *, location: Location, expected_on: date | None, note: str, revision: int | None = None
) -> PurchaseOrder:
    """Change where and when; of a sent order too, and what is expected follows. StaleRevision when it changed."""
    fresh = lock(order)
    if fresh.status not in (PurchaseOrder.Status.DRAFT, *PurchaseOrder.COMING):
        raise BadPurchase(
            _("%(order)s is %(status)s; nothing is changed any more.")
            % {"order": fresh.number, "status": fresh.get_status_display()}
        )
    if fresh.status != PurchaseOrder.Status.DRAFT and expected_on is None:
        raise BadPurchase(_("Say on which day it is expected."), field="expected_on")
    order.location, order.expected_on, order.note = location, expected_on, note.strip()
    state.save_revised(order, revision=revision, fields=["location", "expected_on", "note"])
    if order.status in PurchaseOrder.COMING:
        _announce(order)
    return order


def lead_days(order: PurchaseOrder) -> int:
    """How long the slowest line takes: what is said of the item, else the supplier's days."""
    items = reads.items_of(order)
    keys = order.lines.values_list("pk", flat=True)
    return max((items[key].days if key in items else order.supplier.lead_days for key in keys), default=0)


def check_supplier(supplier: Supplier) -> None:
    """Raise BadPurchase for a supplier that is not active: nothing is bought there."""
    if not supplier.is_active:
        raise BadPurchase(
            _("%(supplier)s is not active. Make it active again, or buy elsewhere.") % {"supplier": supplier.name},
            field="supplier",
        )


def _check_lines(order: PurchaseOrder) -> None:
    """Raise BadPurchase for an order of nothing, from nobody, or of what is out of use since it was put on it."""
    check_supplier(order.supplier)
    lines = list(order.lines.select_related("product"))
    if not lines:
        raise BadPurchase(_("%(order)s has no lines yet. Add what you want to buy.") % {"order": order.number})
    for line in lines:
        if not line.product.is_active or not line.product.is_stocked:
            raise BadPurchase(
                _("%(product)s is not in use any more. Take it off the order, or make it active again.")
                % {"product": line.product.name}
            )


def _check_worth(order: PurchaseOrder, *, seen_worth: Decimal | None, below_minimum: bool) -> None:
    """Raise BadPurchase for another worth than was seen, and for less than the supplier delivers."""
    worth, least = order.worth, order.supplier.minimum_order
    currency = current_company().currency
    if seen_worth is not None and worth != seen_worth:
        raise BadPurchase(
            _("%(order)s was changed in the meantime: it is %(worth)s now, not %(seen)s. Look at it again.")
            % {
                "order": order.number,
                "worth": money.format_money(worth, currency),
                "seen": money.format_money(seen_worth, currency),
            }
        )
    if below_minimum:
        return
    if worth < least:
        raise BadPurchase(
            _("%(supplier)s delivers from %(least)s; this order is %(worth)s. Add something, or say that they agreed.")
            % {
                "supplier": order.supplier.name,
                "least": money.format_money(least, currency),
                "worth": money.format_money(worth, currency),
            },
            field="below_minimum",
        )
    if too_little := reads.below_least(order):
        line, item = too_little[0]
        raise BadPurchase(
            _("%(supplier)s delivers %(product)s from %(least)s; %(asked)s asked. Add some, or say that they agreed.")
            % {
                "supplier": order.supplier.name,
                "product": line.product.name,
                "least": f"{quantities.format_quantity(item.minimum)} × {item.unit_name}",
                "asked": f"{quantities.format_quantity(line.quantity)} × {line.unit_name}",
            },
            field="below_minimum",
        )


@transaction.atomic
def send(
    order: PurchaseOrder,
    *,
    mail: bool = False,
    below_minimum: bool = False,
    seen_worth: Decimal | None = None,
    revision: int | None = None,
    key: str | None = None,
) -> PurchaseOrder:
    """The order is made. It is expected on its day, or after the lead time; `mail` sends it to the supplier's address.

    Raises BadPurchase for an empty order, or one below what the supplier delivers (in all, or of a line) unless
    `below_minimum` says that they agreed, or to be mailed without an address, or one that was sent before, or whose
    worth is no longer `seen_worth`, or of what is out of use by now. The same key sends once.
    """
    if done := idempotency.find(scope="purchasing.send", key=key, fingerprint=[order.pk]):
        return done
    now = lock(order)
    if now.status != PurchaseOrder.Status.DRAFT:
        since = refusals.since_when(now, status=now.status)
        raise BadPurchase(
            _("%(order)s is %(status)s%(since)s. Nothing was sent again; print it, or make another order for more.")
            % {"order": now.number, "status": now.get_status_display(), "since": since}
        )
    _check_lines(order)
    _check_worth(order, seen_worth=seen_worth, below_minimum=below_minimum)
    if mail:
        purchase_jobs.check_address(order.supplier)
    if order.expected_on is None or order.expected_on < clock.today():
        order.expected_on = clock.today() + timedelta(days=lead_days(order))
    order.sent_at = clock.now()
    state.advance(order, PurchaseOrder.Status.SENT, revision=revision, fields=["expected_on", "sent_at"])
    _announce(order)
    if mail:
        directives.issue(MAIL, payload={"order": order.pk}, origin=order, dedupe_key=str(order.pk))
    idempotency.remember(scope="purchasing.send", key=key, fingerprint=[order.pk], result=order)
    return order


def _announce(order: PurchaseOrder) -> None:
    """Write down what is still to come, in place of what was written before."""
    expected.clear(order)
    if order.expected_on is None or order.status not in PurchaseOrder.COMING:
        return
    coming: dict[int, tuple[Product, Decimal]] = {}
    for line in order.lines.select_related("product__unit", "pack"):
        before = coming.get(line.product_id, (line.product, ZERO))[1]
        coming[line.product_id] = (line.product, before + line.in_stock_unit(line.rest))
    for product, quantity in coming.values():
        if quantity > 0:
            expected.record(
                order,
                product=product,
                quantity=quantity,
                location=order.location,
                due_at=clock.at(order.expected_on, ARRIVES_AT),
            )


@transaction.atomic
def cancel(order: PurchaseOrder, *, reason: str, revision: int | None = None) -> PurchaseOrder:
    """Nothing of it comes. Raises ReasonMissing; BadPurchase once something came, NotAllowed when it is over."""
    if not reason.strip():
        raise ReasonMissing
    if lock(order).status == PurchaseOrder.Status.PART:
        raise BadPurchase(
            _("Some of %(order)s is here already, and stays. Say that the rest does not come instead.")
            % {"order": order.number}
        )
    state.advance(order, PurchaseOrder.Status.CANCELLED, revision=revision)
    expected.clear(order)
    return order


@transaction.atomic
def close_short(order: PurchaseOrder, *, reason: str, revision: int | None = None) -> PurchaseOrder:
    """The rest does not come any more. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    if lock(order).status != PurchaseOrder.Status.PART:
        raise BadPurchase(_("Nothing of %(order)s came yet. Cancel it instead.") % {"order": order.number})
    state.advance(order, PurchaseOrder.Status.RECEIVED, revision=revision)
    expected.clear(order)
    return order


@transaction.atomic
def receive(
    order: PurchaseOrder,
    *,
    location: Location,
    lines: Sequence[ReceiptLine],
    reference: str = "",
    note: str = "",
    occurred_at: datetime | None = None,
    revision: int | None = None,
    key: str | None = None,
) -> StockOperation:
    """What came of an order, now or `occurred_at`. Each line is counted on the order's line of its product; more than
    ordered is taken too.

    What was not ordered becomes a line of its own, marked so. The same key receives once. Raises BadPurchase when the
    order was not sent, StaleRevision when somebody received or changed some of it since, what `stock.receive` raises.
    """
    stock_locks.lock_products(line.product.pk for line in lines)
    fingerprint = [
        order.pk,
        location.pk,
        reference,
        *((line.product.pk, line.quantity, line.lot_code) for line in lines),
        *([occurred_at] if occurred_at else []),
    ]
    if done := idempotency.find(scope="purchasing.receive", key=key, fingerprint=fingerprint):
        return done
    fresh = lock(order)
    if fresh.status not in PurchaseOrder.COMING:
        raise not_coming(fresh)
    state.check_revision(fresh, revision)
    operation = stock.receive(
        location,
        lines,
        reference=reference,
        note=note,
        occurred_at=occurred_at,
        origin=order,
        supplier_name=order.supplier.name,
        default_expiry=False,
    )
    ordered = list(order.lines.select_related("product__unit", "pack").order_by("pk"))
    receipts = []
    for line in lines:
        found = _line_for(order, ordered, line)
        packs, price = _as_ordered(line, found)
        found.received += packs
        found.save(update_fields=["received", "updated_at"])
        receipts.append(PurchaseReceipt(line=found, operation=operation, quantity=packs, price=price))
    PurchaseReceipt.objects.bulk_create(receipts)
    complete = all(line.rest == 0 for line in ordered)
    order.status = fresh.status
    state.advance(order, PurchaseOrder.Status.RECEIVED if complete else PurchaseOrder.Status.PART)
    _announce(order)
    idempotency.remember(scope="purchasing.receive", key=key, fingerprint=fingerprint, result=operation)
    return operation


def not_coming(order: PurchaseOrder) -> BadPurchase:
    """Why nothing is received on an order that was not sent, or is over."""
    return BadPurchase(
        _("%(order)s is %(status)s; nothing is received on it. Receive without an order instead.")
        % {"order": order.number, "status": order.get_status_display()}
    )


def _line_for(order: PurchaseOrder, ordered: list[PurchaseLine], line: ReceiptLine) -> PurchaseLine:
    """The order's line that a received one is counted on; what was not ordered gets one of its own."""
    if (found := reads.counted_on(ordered, line.product, line.pack)) is not None:
        return found
    price = line.pack_cost if line.pack_cost is not None else line.cost_of_unit()
    extra = PurchaseLine.objects.create(
        order=order,
        product=line.product,
        pack=line.pack,
        quantity=line.quantity,
        price=money.round_to(price, 4),
        is_extra=True,
    )
    ordered.append(extra)
    return extra


def _as_ordered(line: ReceiptLine, found: PurchaseLine) -> tuple[Decimal, Decimal]:
    """Quantity and price of what came, in the packs of the order's line."""
    pack_id = line.pack.pk if line.pack else None
    ratio = found.pack.ratio if found.pack else Fraction(1)
    packs = (
        line.quantity if pack_id == found.pack_id else quantities.from_fraction(Fraction(line.in_stock_unit()) / ratio)
    )
    packs = max(packs, quantities.SMALLEST)  # however little of a large pack: it came
    if pack_id == found.pack_id and line.pack_cost is not None:
        return packs, money.round_to(line.pack_cost, 4)
    return packs, money.round_to(quantities.from_fraction(Fraction(line.cost_of_unit()) * ratio), 4)


@transaction.atomic
def take_back(operation: StockOperation, *, reason: str) -> StockOperation:
    """Undo one delivery of an order: the opposite is posted, and its lines are still to come again.

    Raises BadPurchase for what is no delivery of an order, AlreadyReversed, InsufficientStock when it is used by now.
    """
    receipts = list(PurchaseReceipt.objects.filter(operation=operation).select_related("line__order__supplier"))
    if not receipts:
        raise BadPurchase(_("%(number)s is no delivery of an order.") % {"number": operation.number})
    stock_locks.lock_products(Move.objects.filter(operation=operation).values_list("product_id", flat=True))
    order = lock(receipts[0].line.order)
    undone = stock.reverse(operation, reason=reason)
    for receipt in receipts:
        line = PurchaseLine.objects.get(pk=receipt.line_id)
        line.received = max(line.received - receipt.quantity, ZERO)
        line.save(update_fields=["received", "updated_at"])
    lines = list(order.lines.all())
    if not any(line.received for line in lines):
        order.status = PurchaseOrder.Status.SENT
    else:  # of more than was ordered, or of what was not, the rest may still be all of it
        complete = all(line.rest == 0 for line in lines)
        order.status = PurchaseOrder.Status.RECEIVED if complete else PurchaseOrder.Status.PART
    state.save_revised(order, revision=None, fields=["status"])
    _announce(order)
    return undone
