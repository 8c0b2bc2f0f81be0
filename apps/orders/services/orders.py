"""What happens to an order after it was sealed: one table of steps, each with its stock, money and points."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.services import promotions
from apps.inventory.services import holds, reallocation
from apps.orders.errors import ReasonMissing, StillDue, WrongWay
from apps.orders.models import Channel, Order
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import expiry
from apps.orders.services import completion, payments, points
from apps.orders.services.commit import promotion_reference
from backoffice.kernel import clock, state
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import DomainError
from backoffice.kernel.locks import retry_conflict

Status = Order.Status


@retry_conflict
@transaction.atomic
def advance(order: Order, to: str, *, revision: int, reason: str = "") -> Order:
    """Take the order's next step, with everything that belongs to it.

    Stock leaves when the order goes out or is handed over; the purchase, the demand and the points are written when it
    is complete; a cancelled order gives stock and money back and needs a reason.
    Raises NotAllowed, StaleRevision, InsufficientStock, StillDue, WrongWay, ReasonMissing.
    """
    if to == Status.CANCELLED:
        return cancel(order, revision=revision, reason=reason)
    with acting(reason=reason or None):
        order = _locked(order)
        state.check_revision(order, revision)
        check(order, to)
        leaves = not order.is_fulfilled and to in (Status.DISPATCHED, Status.COMPLETED)
        order.status_since = clock.now()
        fields = ["status_since"]
        if leaves:
            order.is_fulfilled = True
            fields.append("is_fulfilled")
        # The state first: a step that the table does not have is refused before any stock is looked at.
        state.advance(order, to, revision=revision, fields=fields)
        lines = list(order.lines.order_by("position")) if leaves or to == Status.COMPLETED else []
        if leaves:
            completion.hand_over(order, lines)
        if to == Status.COMPLETED:
            completion.complete(order, lines)
        if to in (Status.READY, Status.DISPATCHED):
            completion.notify(order, to)
    return order


@retry_conflict
@transaction.atomic
def cancel(order: Order, *, revision: int, reason: str) -> Order:
    """Call the order off: what is held is free again, what was paid is given back.

    Raises ReasonMissing, NotAllowed once the goods have left, StaleRevision.
    """
    if not reason.strip():
        raise ReasonMissing
    with acting(reason=reason.strip()):
        order = _locked(order)
        order.status_since = clock.now()
        state.advance(order, Status.CANCELLED, revision=revision, fields=["status_since"])
        holds.release_for(order, reason=reason.strip())
        promotions.release(promotion_reference(order))
        if payments.refund_all(order, reason=reason.strip(), key=f"cancel:{order.pk}"):
            order.refresh_from_db(fields=["paid"])
            points.give_back(order, reason=reason.strip())
        completion.notify(order, "cancelled")
    return order


@retry_conflict
@transaction.atomic
def reschedule(order: Order, *, needed_at: datetime | None, revision: int, reason: str = "") -> Order:
    """Another promised time, and what is kept for it is kept for that day: what will be too old by then is not.

    Raises NotAllowed for an order that is closed, DomainError for the past, StaleRevision.
    """
    with acting(reason=reason or None):
        order = _locked(order)
        if not order.is_open:
            raise DomainError(_("%(order)s is closed.") % {"order": order})
        if needed_at is not None and needed_at <= clock.now():
            raise DomainError(_("That time is over."), field="needed_at")
        order.needed_at = needed_at
        state.save_revised(order, revision=revision, fields=["needed_at"])
        if not order.is_fulfilled:
            reallocation.reschedule(order, expiry.good_until(order))
        return order


def check(order: Order, to: str) -> None:
    """Raise what stands in the way of the step beyond the table: the way the goods go, and the money."""
    if to == Status.DISPATCHED and order.fulfilment != Fulfilment.DELIVERY:
        raise WrongWay(_("%(order)s is not a delivery; hand it over.") % {"order": order})
    if to == Status.COMPLETED and order.status == Status.READY and order.fulfilment == Fulfilment.DELIVERY:
        raise WrongWay(_("%(order)s is a delivery; send it out first.") % {"order": order})
    if to == Status.COMPLETED and order.due and order.channel.payment_terms != Channel.Terms.ACCOUNT:
        raise StillDue(order.due)


def _locked(order: Order) -> Order:
    return Order.objects.select_for_update(of=("self",)).select_related("channel", "customer").get(pk=order.pk)
