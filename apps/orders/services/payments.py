"""Money in, money back. What moved is a transaction with a key of its own, written once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.orders.errors import PaymentRefused, ReasonMissing
from apps.orders.models import Order, Payment, PaymentTransaction
from backoffice.kernel import audit, clock, money, rows, state
from backoffice.kernel.audit import current_actor
from backoffice.kernel.locks import lock, retry_conflict

Kind = PaymentTransaction.Kind
BY_HAND = (Payment.Method.CASH, Payment.Method.CARD)


@dataclass(frozen=True)
class Tender:
    """How (a part of) an order is paid. `tendered` is what was handed over in cash; the difference is change. `points`
    are what the customer pays this part with; see services/points.py."""

    method: str
    amount: Decimal
    tendered: Decimal | None = None
    reference: str = ""
    points: int = 0


@retry_conflict
@transaction.atomic
def capture(order: Order, *, tender: Tender, key: str) -> Payment:
    """Money was received. The same key receives it once.

    Raises PaymentRefused for more than is due, a cancelled order, or too little cash.
    """
    order = lock(order)
    if done := PaymentTransaction.objects.filter(key=key).select_related("payment").first():
        return done.payment
    if order.status == Order.Status.CANCELLED:
        raise PaymentRefused(_("%(order)s is cancelled.") % {"order": order})
    check([tender], due=order.due)
    payment = record(order, [tender], key=key)[0]
    save_paid(order)
    return payment


@retry_conflict
@transaction.atomic
def refund(payment: Payment, *, amount: Decimal | None = None, reason: str, key: str) -> PaymentTransaction:
    """Money is given back: all that is left of the payment, or `amount` of it. The same key gives it back once.

    Raises PaymentRefused for more than was received and for points, ReasonMissing without a reason.
    """
    if payment.method == Payment.Method.POINTS:
        raise PaymentRefused(_("Points go back to the customer when the order is cancelled."))
    return _refund(payment, amount=amount, reason=reason, key=key)


def _refund(payment: Payment, *, amount: Decimal | None, reason: str, key: str) -> PaymentTransaction:
    if not reason.strip():
        raise ReasonMissing
    order = lock(payment.order)
    if done := PaymentTransaction.objects.filter(key=key).first():
        return done
    payment = lock(payment)
    left = left_of(payment)
    back = left if amount is None else money.round_money(amount)
    if back <= 0 or back > left:
        raise PaymentRefused(_("%(left)s of this payment can be given back.") % {"left": money.format_money(left)})
    entry = PaymentTransaction.objects.create(
        payment=payment, kind=Kind.REFUND, amount=back, at=clock.now(), key=key, reason=reason.strip(), actor=_person()
    )
    if back == left:
        state.advance(payment, Payment.Status.REFUNDED)
    save_paid(order)
    return entry


def refund_all(order: Order, *, reason: str, key: str) -> list[PaymentTransaction]:
    """Give back everything that was received for the order. Inside the caller's transaction, the order locked."""
    received = order.payments.filter(status=Payment.Status.CAPTURED).order_by("pk")
    done = [_refund(payment, amount=None, reason=reason, key=f"{key}:{payment.pk}") for payment in received]
    for payment in order.payments.filter(status__in=(Payment.Status.PENDING, Payment.Status.AUTHORIZED)):
        state.advance(payment, Payment.Status.CANCELLED)
    return done


def record(order: Order, tenders: Sequence[Tender], *, key: str) -> list[Payment]:
    """Write payments down that were checked. For callers that hold the order's lock (or have just made the order) and
    see to `order.paid`."""
    now, person = clock.now(), _person()
    payments, entries = [], []
    for place, tender in enumerate(tenders):
        payment = audit.insert(
            Payment(
                order=order,
                method=tender.method,
                amount=tender.amount,
                status=Payment.Status.CAPTURED,
                tendered=tender.tendered if tender.method == Payment.Method.CASH else None,
                provider_ref=tender.reference.strip(),
            )
        )
        payments.append(payment)
        entries.append(
            PaymentTransaction(
                payment=payment,
                kind=Kind.CAPTURE,
                amount=tender.amount,
                at=now,
                key=key if place == 0 else f"{key}:{place}",
                provider_ref=tender.reference.strip(),
                actor=person,
            )
        )
    rows.insert(entries)
    return payments


def check(tenders: Sequence[Tender], *, due: Decimal, points: bool = False) -> None:
    """Raise PaymentRefused unless the tenders can be taken for what is due. `points`: the caller takes points too."""
    for tender in tenders:
        if tender.method not in BY_HAND and not (points and tender.method == Payment.Method.POINTS):
            raise PaymentRefused(_("Only cash and card can be taken by hand."), field="method")
        if tender.amount <= 0:
            raise PaymentRefused(_("The amount must be above zero."))
        if tender.tendered is not None and tender.tendered < tender.amount:
            raise PaymentRefused(
                _("%(tendered)s is less than the %(amount)s to be paid.")
                % {"tendered": money.format_money(tender.tendered), "amount": money.format_money(tender.amount)},
                field="tendered",
            )
    if sum((tender.amount for tender in tenders), Decimal(0)) > due:
        raise PaymentRefused(_("Only %(due)s is still to be paid.") % {"due": money.format_money(due)})


def left_of(payment: Payment) -> Decimal:
    """What was received and not given back."""
    return sum((entry.signed for entry in payment.transactions.all()), Decimal(0))


def save_paid(order: Order) -> None:
    """Bring the order's figure to the sum of its transactions. The order is locked by the caller."""
    sums = dict(
        PaymentTransaction.objects.filter(payment__order=order).values_list("kind").annotate(total=Sum("amount"))
    )
    order.paid = sums.pop(Kind.CAPTURE, Decimal(0)) - sum(sums.values(), Decimal(0))
    order.save(update_fields=["paid", "updated_at"])


def _person() -> Any:
    user = current_actor().user
    return user if getattr(user, "pk", None) else None
